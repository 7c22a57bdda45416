import * as tf from '@tensorflow/tfjs-core';
import { download, isLost, rescue } from './device.ts';
import { leasedTensors } from './network.ts';
import { countData, type DeviceBackend, residenceOf } from './tfjs-internals.ts';

/**
 * The weights that live on a backend, made ready to leave it: read into main memory, or, where its device was lost, put
 * back from their copies. tfjs moves a tensor when it is used, but reads it without waiting, which WebGPU cannot do.
 *
 * @param backend The backend.
 * @returns The tensors: all variables of tfjs, and the weights of models that are not among them.
 */
export async function residentsOf(backend: tf.KernelBackend): Promise<readonly tf.Tensor[]> {
  const variables = Object.values(tf.engine().registeredVariables);
  const residents = [...variables, ...leasedTensors()].filter(
    (tensor) => !tensor.isDisposed && residenceOf(tensor.dataId)?.backend === backend,
  );
  if (isLost(backend)) return rescue(residents);
  for (const tensor of residents) await download(tensor);
  return residents;
}

/**
 * Takes weights along to the current backend, and frees the one they come from if nothing is left on it.
 *
 * @param name The name of the backend that was left.
 * @param backend That backend.
 * @param residents The weights, from {@link residentsOf}.
 */
export function leave(name: string, backend: tf.KernelBackend, residents: readonly tf.Tensor[]): void {
  for (const { dataId } of residents) {
    // Handles share data: it moves once.
    if (residenceOf(dataId)?.backend === backend) tf.engine().moveData(tf.backend(), dataId);
  }
  if (tf.findBackend(name) === backend && countData(backend) === 0) renew(name);
}

/**
 * Frees a backend, and leaves it as it was before its first use.
 *
 * @param name The name that it is registered under.
 */
export function renew(name: string): void {
  const engine = tf.engine();
  const { factory, priority } = engine.registryFactory[name] as { factory: () => tf.KernelBackend; priority: number };
  const { device } = tf.findBackend(name) as DeviceBackend;
  engine.removeBackend(name);
  device?.destroy();
  engine.registerBackend(name, factory, priority);
}
