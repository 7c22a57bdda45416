import type { backend_util } from '@tensorflow/tfjs-core';
import type { Shape4, Shape5 } from './shapes.ts';

/** A size or a place in a volume: depth, height, width. */
type Volume = readonly [depth: number, height: number, width: number];

/** The windows of a convolution or a pooling over volumes. Pictures are volumes of depth 1. */
export interface Windows {
  readonly batch: number;
  readonly channels: number;
  readonly input: Volume;
  readonly output: Volume;
  readonly window: Volume;
  readonly stride: Volume;
  /** The padding in front of, above and left of the input; negative where the first window begins inside. */
  readonly padding: Volume;
}

/**
 * Describes windows over pictures.
 *
 * @param info The convolution or pooling, not dilated.
 * @param shape The shape of the output. It counts, not the one in `info`: tfjs' gradients forget how to round.
 */
export function windowsOfPictures(info: backend_util.Conv2DInfo, [, height, width]: Shape4): Windows {
  return {
    batch: info.batchSize,
    channels: info.inChannels,
    input: [1, info.inHeight, info.inWidth],
    output: [1, height, width],
    window: [1, info.filterHeight, info.filterWidth],
    stride: [1, info.strideHeight, info.strideWidth],
    padding: [0, info.padInfo.top, info.padInfo.left],
  };
}

/**
 * Describes windows over volumes.
 *
 * @param info The convolution or pooling, not dilated.
 * @param shape The shape of the output.
 */
export function windowsOfVolumes(info: backend_util.Conv3DInfo, [, depth, height, width]: Shape5): Windows {
  return {
    batch: info.batchSize,
    channels: info.inChannels,
    input: [info.inDepth, info.inHeight, info.inWidth],
    output: [depth, height, width],
    window: [info.filterDepth, info.filterHeight, info.filterWidth],
    stride: [info.strideDepth, info.strideHeight, info.strideWidth],
    padding: [info.padInfo.front, info.padInfo.top, info.padInfo.left],
  };
}

/** @returns The number of places in a volume. */
export function placesIn([depth, height, width]: Volume): number {
  return depth * height * width;
}

/** @returns Whether each window is one place of the input, and each place has its window: the input as it is. */
export function areTheInput({ input, output, window, stride, padding }: Windows): boolean {
  const isInPlace = padding.every((size) => size === 0) && [...window, ...stride].every((size) => size === 1);
  return isInPlace && input.every((size, axis) => size === output[axis]);
}

/**
 * Writes what some taps of the windows see, one row for a tap and a channel, zeros in the padding (im2col, transposed).
 *
 * @param source The input, `[channels, batch * places]`: so a row of windows reads a row of the input.
 * @param target The rows, `[taps * channels, batch * windows]`.
 * @param windows The windows.
 * @param first The first tap, counted through depth, height and width of the window.
 * @param end The tap after the last.
 */
export function gatherTaps(
  source: Float32Array,
  target: Float32Array,
  { batch, channels, input, output, window, stride, padding }: Windows,
  first: number,
  end: number,
): void {
  const [depth, height, width] = input;
  const [, windowHeight, windowWidth] = window;
  let at = 0;
  for (let tap = first; tap < end; tap++) {
    const front = Math.floor(tap / (windowHeight * windowWidth)) - padding[0];
    const top = (Math.floor(tap / windowWidth) % windowHeight) - padding[1];
    const left = (tap % windowWidth) - padding[2];
    const inside = Math.min(output[2], Math.max(0, Math.ceil(-left / stride[2])));
    const outside = Math.max(inside, Math.min(output[2], Math.ceil((width - left) / stride[2])));
    for (let picture = 0; picture < channels * batch; picture++) {
      for (let z = 0; z < output[0]; z++) {
        const inZ = z * stride[0] + front;
        for (let y = 0; y < output[1]; y++) {
          const inY = y * stride[1] + top;
          const isInside = inZ >= 0 && inZ < depth && inY >= 0 && inY < height;
          const [from, to] = isInside ? [inside, outside] : [0, 0];
          const row = ((picture * depth + inZ) * height + inY) * width + left;
          for (let x = 0; x < from; x++) target[at++] = 0;
          for (let x = from; x < to; x++) target[at++] = source[row + x * stride[2]] as number;
          for (let x = to; x < output[2]; x++) target[at++] = 0;
        }
      }
    }
  }
}

/**
 * Adds to each place of the input what some taps of the windows hold for it (col2im); what lies in the padding is lost.
 *
 * @param source What the taps hold, `[batch * windows, taps * channels]`.
 * @param target The input, `[batch, places, channels]`.
 * @param windows The windows.
 * @param first The first tap, counted through depth, height and width of the window.
 * @param end The tap after the last.
 */
export function scatterTaps(
  source: Float32Array,
  target: Float32Array,
  { batch, channels, input, output, window, stride, padding }: Windows,
  first: number,
  end: number,
): void {
  const [depth, height, width] = input;
  const [, windowHeight, windowWidth] = window;
  let at = 0;
  for (let place = 0; place < batch * placesIn(output); place++) {
    const x = (place % output[2]) * stride[2] - padding[2];
    const y = (Math.floor(place / output[2]) % output[1]) * stride[1] - padding[1];
    const plane = Math.floor(place / (output[2] * output[1]));
    const z = (plane % output[0]) * stride[0] - padding[0];
    const picture = Math.floor(plane / output[0]);
    for (let tap = first; tap < end; tap++, at += channels) {
      const inX = x + (tap % windowWidth);
      const inY = y + (Math.floor(tap / windowWidth) % windowHeight);
      const inZ = z + Math.floor(tap / (windowWidth * windowHeight));
      if (inX < 0 || inX >= width || inY < 0 || inY >= height || inZ < 0 || inZ >= depth) continue;
      const to = (((picture * depth + inZ) * height + inY) * width + inX) * channels;
      for (let channel = 0; channel < channels; channel++) {
        (target[to + channel] as number) += source[at + channel] as number;
      }
    }
  }
}
