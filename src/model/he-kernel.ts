import * as tf from '@tensorflow/tfjs-core';
import type { WeightInfo } from '../core/handle.ts';
import { normal, type Random } from '../core/random.ts';

/**
 * Draws a kernel: normal numbers with a variance of 2 over the number of inputs of each output (He et al., 2015, equation
 * 10). Each output of a depthwise kernel has the inputs of one channel.
 *
 * @param weight The kernel.
 * @param random The stream to draw from.
 */
export function heKernel({ key, shape }: WeightInfo, random: Random): Float32Array {
  const isDepthwise = /depthwise_kernel(_\d+)?$/.test(key);
  const outputs = isDepthwise ? (shape.at(-1) as number) * (shape.at(-2) as number) : (shape.at(-1) as number);
  const size = tf.util.sizeFromShape([...shape]);
  const deviation = Math.sqrt((2 * outputs) / size);
  return Float32Array.from({ length: size }, () => normal(random) * deviation);
}
