import * as tf from '@tensorflow/tfjs-core';
import { areTheInput, gatherTaps, placesIn, scatterTaps, type Windows } from '../shared/windows.ts';
import { allocate, allocateZeros, type WasmBackend } from './heap.ts';

/** How many numbers the taps of all windows may take at a time: 32 MiB. A single tap is taken whatever its size. */
const budget = 2 ** 23;

/** The taps of a window in runs that keep to the budget. */
function* runsOfTaps({ batch, channels, output, window }: Windows): Generator<readonly [first: number, end: number]> {
  const taps = placesIn(window);
  const step = Math.max(1, Math.floor(budget / (batch * placesIn(output) * channels)));
  for (let first = 0; first < taps; first += step) yield [first, Math.min(first + step, taps)];
}

/**
 * Multiplies the transpose of a tall matrix with another.
 *
 * Operands are transposed first: `matMul` on WASM does it in a naive loop, ten times slower than the product (trap T17).
 * It also packs its right operand, column by column, so the narrower one goes there: 1.4 times faster for 192 by 1152.
 */
function transposedProduct(a: tf.Tensor2D, b: tf.Tensor2D): tf.Tensor2D {
  if (a.shape[1] < b.shape[1]) return tf.transpose(tf.matMul(tf.transpose(b), a));
  return tf.matMul(tf.transpose(a), b);
}

/**
 * Computes the gradient of a convolution's filter: what the taps see, times the gradient of the output.
 *
 * @param backend The backend.
 * @param x The input, channels last.
 * @param dy The gradient of the output, channels last.
 * @param windows The windows of the convolution.
 * @param filterShape The shape of the filter.
 * @returns The gradient. Call it inside `tf.tidy`.
 */
export function filterGradient(
  backend: WasmBackend,
  x: tf.Tensor,
  dy: tf.Tensor,
  windows: Windows,
  filterShape: readonly number[],
): tf.Tensor {
  // matMul on WASM leaves a sum of no terms as whatever was on the heap.
  if (dy.size === 0) return allocateZeros(backend, filterShape);
  const [inChannels, outChannels] = filterShape.slice(-2) as [number, number];
  const pixels = tf.reshape(x, [-1, inChannels]) as tf.Tensor2D;
  const gradient = tf.reshape(dy, [-1, outChannels]) as tf.Tensor2D;
  if (areTheInput(windows)) return tf.reshape(transposedProduct(pixels, gradient), [...filterShape]);
  const channelsFirst = tf.transpose(pixels);
  const parts: tf.Tensor2D[] = [];
  for (const [first, end] of runsOfTaps(windows)) {
    const seen = allocate(backend, [(end - first) * inChannels, gradient.shape[0]]) as tf.Tensor2D;
    const views = [channelsFirst, seen].map((tensor) => backend.typedArrayFromHeap(tensor));
    gatherTaps(...(views as [Float32Array, Float32Array]), windows, first, end);
    parts.push(tf.matMul(seen, gradient));
    seen.dispose();
  }
  return tf.reshape(tf.concat(parts, 0), [...filterShape]);
}

/**
 * Computes the gradient of a convolution's input: that of the output times the filter says what the taps hold.
 *
 * @param backend The backend.
 * @param dy The gradient of the output, channels last.
 * @param filter The filter.
 * @param windows The windows of the convolution.
 * @param inputShape The shape of the input.
 * @returns The gradient. Call it inside `tf.tidy`.
 */
export function inputGradient(
  backend: WasmBackend,
  dy: tf.Tensor,
  filter: tf.Tensor,
  windows: Windows,
  inputShape: readonly number[],
): tf.Tensor {
  const [inChannels, outChannels] = filter.shape.slice(-2) as [number, number];
  const gradient = tf.reshape(dy, [-1, outChannels]) as tf.Tensor2D;
  const weights = tf.reshape(filter, [-1, outChannels]) as tf.Tensor2D;
  if (areTheInput(windows)) return tf.reshape(tf.matMul(gradient, tf.transpose(weights)), [...inputShape]);
  const result = allocateZeros(backend, inputShape);
  for (const [first, end] of runsOfTaps(windows)) {
    const held = tf.tidy(() => {
      const some = tf.slice(weights, [first * inChannels, 0], [(end - first) * inChannels, outChannels]);
      return tf.matMul(gradient, tf.transpose(some));
    });
    const views = [held, result].map((tensor) => backend.typedArrayFromHeap(tensor));
    scatterTaps(...(views as [Float32Array, Float32Array]), windows, first, end);
    held.dispose();
  }
  return result;
}
