import * as tf from '@tensorflow/tfjs-core';
import { TransferError } from '../core/errors.ts';
import { type UntilFailure, untilFailure } from '../core/until-failure.ts';
import { type DeviceBackend, residenceOf } from './tfjs-internals.ts';

/** What is known of the device behind a backend. */
interface Device {
  lost: boolean;
  /** What the device refused to do since somebody looked: what came of it is no result. */
  refused?: Error | undefined;
  readonly loss: UntilFailure;
}

const devices = new WeakMap<tf.KernelBackend, Device>();

/** Copies in main memory of tensors on a device, by the identity of their data. They go when the tensors go. */
const copies = new WeakMap<object, tf.TypedArray>();

/** The device that a backend computes on, where it has one that can be lost: a WebGL context, a GPUDevice. */
function deviceOf(backend: tf.KernelBackend): Device | undefined {
  const { gpgpu, device } = backend as DeviceBackend;
  let known = devices.get(backend);
  if (!known) {
    const whenLost = gpgpu
      ? // A context that comes back counts as lost: what it held is gone.
        new Promise((resolve) => gpgpu.gl.canvas.addEventListener('webglcontextlost', resolve, { once: true }))
      : device?.lost;
    if (!whenLost) return undefined;
    const fresh: Device = { lost: false, loss: untilFailure() };
    whenLost.then(() => {
      fresh.lost = true;
      // Whoever waits makes an error of its own of it: runs hang their models on them.
      fresh.loss.fail(new Error('The device was lost.'));
    });
    device?.addEventListener('uncapturederror', ({ error }) => {
      fresh.refused = error;
    });
    devices.set(backend, fresh);
    known = fresh;
  }
  known.lost ||= gpgpu?.gl.isContextLost() ?? false;
  return known;
}

/**
 * Whether the device of a backend was lost. Asking for the first time also begins to watch it.
 *
 * @param backend The backend. Default: the current one.
 */
export function isLost(backend: tf.KernelBackend = tf.backend()): boolean {
  return deviceOf(backend)?.lost ?? false;
}

/** Whether the current backend computes on a device that can be lost. */
export function canBeLost(): boolean {
  return deviceOf(tf.backend()) !== undefined;
}

/**
 * The error of a lost device.
 *
 * @param cause What failed because of it, where something did.
 */
export function deviceLost(cause?: unknown): TransferError {
  return new TransferError(
    'DEVICE_LOST',
    `The device of the backend "${tf.getBackend()}" was lost (a driver's reset, a sleeping machine, too little memory). ` +
      'Call await useBackend(...) again, with the same backend or with wasm(), then go on from error.model where there ' +
      'is one. What was never trained here has to be loaded again.',
    { cause },
  );
}

/**
 * Reads a tensor. Every number that leaves a device comes through here, so that a lost one cannot answer with zeros.
 *
 * @param tensor The tensor.
 * @throws TransferError `DEVICE_LOST`; `RUN_FAILED` where the device refused a computation, which tfjs does not notice.
 */
export async function download(tensor: tf.Tensor): Promise<tf.TypedArray> {
  const device = deviceOf(tf.backend());
  if (!device) return await tensor.data();
  if (device.lost) throw deviceLost();
  // On a lost context tfjs waits for ever, or fails before the device says that it is lost.
  const values = await device.loss.wait(tensor.data()).catch(async (error: unknown) => {
    throw await lostOr(error);
  });
  if (isLost()) throw deviceLost();
  if (device.refused) throw refused(device);
  return values;
}

function refused(device: Device): TransferError {
  const cause = device.refused;
  device.refused = undefined;
  return new TransferError(
    'RUN_FAILED',
    `The backend "${tf.getBackend()}" could not do a computation: ${cause?.message} Choose another backend: wasm() of tfjs-transfer/backends/wasm does all that training needs.`,
    { cause },
  );
}

/**
 * The error to pass on: that of the lost device, where one was lost meanwhile. A device says so a moment after the
 * operations that fail because of it.
 *
 * @param error What was caught.
 */
export async function lostOr(error: unknown): Promise<unknown> {
  const device = deviceOf(tf.backend());
  if (!device || error instanceof TransferError) return error;
  await device.loss.wait(new Promise((resolve) => setTimeout(resolve, 1000))).catch(() => {});
  return isLost() ? deviceLost(error) : error;
}

/**
 * Keeps copies of tensors in main memory, so that they outlive the device. Nothing is copied twice.
 *
 * @param tensors The tensors.
 */
export async function remember(tensors: Iterable<tf.Tensor>): Promise<void> {
  for (const tensor of tensors) if (!copies.has(tensor.dataId)) copies.set(tensor.dataId, await download(tensor));
}

/**
 * Reads numbers, and keeps copies of tensors with them, in a single transfer.
 *
 * @param numbers Scalars.
 * @param tensors The tensors to remember: float32.
 * @returns The scalars' values.
 */
export async function downloadRemembering(
  numbers: readonly tf.Scalar[],
  tensors: readonly tf.Tensor[],
): Promise<readonly number[]> {
  const kept = canBeLost() ? tensors : [];
  const packed = tf.tidy(() => tf.concat([...numbers, ...kept].map((tensor) => tf.reshape(tensor, [-1]))));
  try {
    const values = await download(packed);
    let end = numbers.length;
    for (const tensor of kept) {
      const start = end;
      end += tensor.size;
      copies.set(tensor.dataId, values.subarray(start, end));
    }
    return Array.from(values.subarray(0, numbers.length));
  } finally {
    packed.dispose();
  }
}

/**
 * Puts the copies of tensors in the place of what their lost device held. tfjs moves them on from there.
 *
 * @param tensors The tensors.
 * @returns Those that had a copy; the others stay lost.
 */
export function rescue(tensors: readonly tf.Tensor[]): readonly tf.Tensor[] {
  return tensors.filter(({ dataId }) => {
    const residence = residenceOf(dataId);
    const copy = copies.get(dataId);
    if (!residence || !copy || !isLost(residence.backend)) return false;
    const { backend, shape, dtype } = residence;
    backend.move(dataId, copy, shape, dtype, backend.refCount(dataId));
    return true;
  });
}
