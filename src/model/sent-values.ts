import * as tf from '@tensorflow/tfjs-core';
import type { SentTensor, SentValue } from '../core/feature-workers.ts';
import { download } from './device.ts';
import type { Value } from './execute.ts';

/** Memory that threads share. A page has it only where it is isolated; else what is sent is copied. */
export function sharedMemory(bytes: number): ArrayBuffer | SharedArrayBuffer {
  const shares = typeof SharedArrayBuffer === 'function' && globalThis.crossOriginIsolated !== false;
  return shares ? new SharedArrayBuffer(bytes) : new ArrayBuffer(bytes);
}

/** Memory that is moved to who receives it. */
export const ownMemory = (bytes: number) => new ArrayBuffer(bytes);

/**
 * Copies values to memory that can be sent to another thread.
 *
 * @param values The values; they stay the caller's.
 * @param memory Allocates it.
 */
export async function sentValues(
  values: readonly Value[],
  memory: (bytes: number) => ArrayBuffer | SharedArrayBuffer,
): Promise<SentValue[]> {
  const sent = async (tensor: tf.Tensor): Promise<SentTensor> => {
    // A backend in JavaScript gives the numbers that it works on, which must not move away.
    const numbers = (await download(tensor)) as SentTensor['data'];
    const data = new (numbers.constructor as Uint8ArrayConstructor)(memory(numbers.byteLength) as ArrayBuffer);
    data.set(numbers);
    return { shape: tensor.shape, dtype: tensor.dtype as SentTensor['dtype'], data };
  };
  const result: SentValue[] = [];
  for (const { tensor, mask } of values) result.push({ tensor: await sent(tensor), mask: mask && (await sent(mask)) });
  return result;
}

/** The memory of values, to be moved. */
export const buffersOf = (values: readonly SentValue[]): ArrayBuffer[] =>
  values
    .flatMap(({ tensor, mask }) => (mask ? [tensor, mask] : [tensor]))
    .map(({ data }) => data.buffer as ArrayBuffer);

/**
 * Makes tensors of what was sent.
 *
 * @param values The values.
 * @returns Tensors, owned by the caller.
 */
export function receivedValues(values: readonly SentValue[]): Value[] {
  const received = ({ data, shape, dtype }: SentTensor) => tf.tensor(data, [...shape], dtype);
  return values.map(({ tensor, mask }) => ({ tensor: received(tensor), mask: mask && received(mask) }));
}
