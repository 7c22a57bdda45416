import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { expect } from 'vitest';
import type { Base, Examples, TransferModel } from '../../src/index.ts';
import { networkBehind } from '../../src/model/network.ts';
import { tensorOf as currentValue } from '../../src/model/weights.ts';
import { examplesOf } from '../support/examples.ts';

/** The root of the repository. */
export const root = join(import.meta.dirname, '../..');

/** Normal random numbers, the same for the same seed. */
export const random = (seed: number, ...shape: number[]) => tf.randomNormal(shape, 0, 1, 'float32', seed);

/** Examples for a regressor of one output whose inputs are normal and whose targets are `target` of the row's number. */
export const rows = (seed: number, size: number, width: number, target = (row: number) => Math.sin(row)): Examples =>
  examplesOf(
    [random(seed, size, width)],
    Array.from({ length: size }, (_, row) => [target(row)]),
  );

/** Copies of all weights of a handle, by key. */
export function weightsOf(handle: Base | TransferModel): Record<string, Float32Array> {
  const { variables } = networkBehind(handle);
  const keys = handle.layers.flatMap(({ weights }) => weights.map(({ key }) => key));
  return Object.fromEntries(
    keys.map((key) => [key, currentValue(variables, handle.lease.values, key).dataSync().slice() as Float32Array]),
  );
}

/** The entries of a record whose keys match. */
export const matching = <T>(record: Readonly<Record<string, T>>, pattern: RegExp): Record<string, T> =>
  Object.fromEntries(Object.entries(record).filter(([key]) => pattern.test(key)));

/** The values of a tensor, which is disposed. */
export function taken(tensor: tf.Tensor | tf.Tensor[]): number[] {
  const [first] = [tensor].flat();
  const values = [...(first as tf.Tensor).dataSync()];
  tf.dispose(tensor);
  return values;
}

/** Runs what allocates, and expects every tensor that it made to be gone. */
export async function leavingNothing(run: () => Promise<void>): Promise<void> {
  const before = tf.memory().numTensors;
  await run();
  expect(tf.memory().numTensors - before, 'tensors left behind').toBe(0);
}

/** Applies a layer to symbolic tensors. */
export const on = (layer: tfl.layers.Layer, ...inputs: tfl.SymbolicTensor[]) =>
  layer.apply(inputs.length === 1 ? (inputs[0] as tfl.SymbolicTensor) : inputs) as tfl.SymbolicTensor;

/** A layer that passes its input on and shows each one to a callback. */
export class Witness extends tfl.layers.Layer {
  static className = 'Witness';
  readonly see: (input: tf.Tensor) => void;

  constructor(see: (input: tf.Tensor) => void) {
    super({ name: 'witness' });
    this.see = see;
  }

  override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
    const [input] = [inputs].flat();
    this.see(input as tf.Tensor);
    return input as tf.Tensor;
  }

  override computeOutputShape(shape: tfl.Shape): tfl.Shape {
    return shape;
  }
}

/**
 * Runs a module in a Node of its own, which resolves and loads packages without the test runner's help.
 *
 * @returns Whether it ended well, and what it wrote: the output where it did, else the error.
 */
export function inPlainNode(code: string): { readonly ok: boolean; readonly text: string } {
  const { NODE_OPTIONS: _, ...env } = process.env;
  const { status, stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '--eval', code], {
    cwd: root,
    env,
    encoding: 'utf8',
  });
  return status === 0 ? { ok: true, text: stdout.trim() } : { ok: false, text: stderr };
}
