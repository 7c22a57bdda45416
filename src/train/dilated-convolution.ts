import * as tf from '@tensorflow/tfjs-core';
import type { Layer, Variable } from '../model/tfjs-internals.ts';

/** What a convolution over pictures keeps to itself. */
interface Convolution {
  readonly kernel: Variable;
  readonly bias: Variable | null;
  readonly padding: 'same' | 'valid';
  readonly dataFormat: 'channelsFirst' | 'channelsLast';
  readonly dilationRate: [number, number];
}

/**
 * Whether a layer is a dilated convolution without an activation. tfjs computes it, bias included, by one operation with
 * a gradient of its own, which refuses dilation.
 *
 * @param layer The layer.
 */
export function isDilatedConvolution(layer: Layer): boolean {
  if (layer.getClassName() !== 'Conv2D') return false;
  const { activation, dilationRate } = layer.getConfig() as { activation?: unknown; dilationRate?: number[] };
  return (activation ?? 'linear') === 'linear' && (dilationRate ?? []).some((rate) => rate !== 1);
}

/**
 * Computes a dilated convolution by operations whose gradients know dilation.
 *
 * @param layer The layer.
 * @param input The pictures.
 */
export function convolveDilated(layer: Layer, input: tf.Tensor): tf.Tensor {
  const { kernel, bias, padding, dataFormat, dilationRate } = layer as unknown as Convolution;
  const isLast = dataFormat === 'channelsLast';
  const pictures = isLast ? input : tf.transpose(input, [0, 2, 3, 1]);
  const output = tf.conv2d(
    pictures as tf.Tensor4D,
    kernel.val as tf.Tensor4D,
    1,
    padding,
    'NHWC',
    dilationRate as [number, number],
  );
  const shifted = bias ? tf.add(output, bias.val) : output;
  return isLast ? shifted : tf.transpose(shifted, [0, 3, 1, 2]);
}
