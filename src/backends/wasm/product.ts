import * as tf from '@tensorflow/tfjs-core';
import { broadcastProduct } from '../shared/broadcasting-mat-mul.ts';
import { type Kernel, type KernelCall, kernel } from '../shared/kernel.ts';
import { boundsOf } from './activation.ts';
import { addressOf, allocate, type WasmBackend } from './heap.ts';
import { kernelsOn } from './native.ts';

interface FusedProduct extends tf.BatchMatMulAttrs {
  readonly activation?: string;
}

/**
 * Packs the right side of a product, in tensors that the kernel's own scope frees.
 *
 * @param backend The backend.
 * @param address Where it lies.
 * @param k Its rows.
 * @param n Its columns.
 * @param transposed Whether it lies transposed.
 * @returns Where the packed one lies.
 */
export function packed(backend: WasmBackend, address: number, k: number, n: number, transposed: boolean): number {
  const to = addressOf(backend, allocate(backend, [k * Math.ceil(n / 8) * 8]));
  kernelsOn(backend).pack(address, to, k, n, transposed ? 1 : n, transposed ? k : 1);
  return to;
}

function multiply({ inputs, attrs, backend }: KernelCall<'a' | 'b' | 'bias', FusedProduct, WasmBackend>) {
  const { a, b, bias } = inputs;
  const { transposeA, transposeB, activation } = attrs;
  const bounds = boundsOf(activation);
  const [m, k] = transposeA ? [a.shape.at(-1), a.shape.at(-2)] : [a.shape.at(-2), a.shape.at(-1)];
  const [inner, n] = transposeB ? [b.shape.at(-1), b.shape.at(-2)] : [b.shape.at(-2), b.shape.at(-1)];
  if (!bounds || m === undefined || k === undefined || n === undefined) return undefined;
  // tfjs' own kernel says what is wrong with the shapes.
  if (inner !== k) return undefined;
  if ([a, b].some(({ dtype }) => dtype !== 'float32') || (bias && bias.size !== n) || k * m * n === 0) return undefined;
  const outer = [a, b].map(({ shape }) => shape.slice(0, -2));
  const [countA, countB] = outer.map(tf.util.sizeFromShape) as [number, number];
  const [first, second] = outer as [number[], number[]];
  const batch = tf.broadcast_util.assertAndGetBroadcastShape(first, second);
  const count = tf.util.sizeFromShape(batch);
  if ([countA, countB].some((size) => size !== 1 && size !== count)) return undefined;
  const result = allocate(backend, [...batch, m, n]);
  for (const tensor of [a, b, ...(bias ? [bias] : [])]) backend.dataIdMap.get(tensor.dataId);
  const kernels = kernelsOn(backend);
  const scratch = addressOf(backend, allocate(backend, [kernels.scratchOf(n)]));
  const right = addressOf(backend, allocate(backend, [k * Math.ceil(n / 8) * 8]));
  const from = (tensor: tf.Tensor, size: number, index: number) => addressOf(backend, tensor) + 4 * size * index;
  const [row, column] = transposeA ? [1, m] : [k, 1];
  const added = bias ? addressOf(backend, bias) : 0;
  for (let i = 0; i < count; i++) {
    if (i === 0 || countB > 1) {
      kernels.pack(from(b, k * n, countB > 1 ? i : 0), right, k, n, transposeB ? 1 : n, transposeB ? k : 1);
    }
    const left = from(a, m * k, countA > 1 ? i : 0);
    kernels.product(left, row, column, right, from(result, m * n, i), m, k, n, added, 0, ...bounds, scratch);
  }
  return result;
}

/** The product of batches of matrices, either side transposed or not: tfjs' own is ten times slower there (trap T17). */
export const batchMatMul: Kernel = kernel<'a' | 'b' | 'bias', FusedProduct, WasmBackend>(
  tf.BatchMatMul,
  (call) => multiply(call) ?? broadcastProduct(call.inputs, call.attrs),
);

/** The same with a bias and an activation. */
export const fusedMatMul: Kernel = kernel<'a' | 'b' | 'bias', FusedProduct, WasmBackend>(tf._FusedMatMul, (call) =>
  'preluActivationWeights' in call.inputs && call.inputs.preluActivationWeights ? undefined : multiply(call),
);
