// A convolution of single pixels and the depthwise convolution after it, band by band: what lies between the two, the
// largest thing that such a network computes, stays in the cache and is never whole.
import { depthwise } from './depthwise';
import { bytes } from './lanes';
import { product } from './product';

/** Numbers of a band: 256 KiB, or a single window's rows where they take more. */
const BAND: i32 = 65536;

/** Input rows that so many output rows see. */
@inline
function rowsSeen(rows: i32, kernelHeight: i32, strideY: i32, dilationY: i32): i32 {
  return (rows - 1) * strideY + (kernelHeight - 1) * dilationY + 1;
}

/** Output rows of a band. */
function bandRows(row: i32, kernelHeight: i32, strideY: i32, dilationY: i32): i32 {
  const least = rowsSeen(1, kernelHeight, strideY, dilationY);
  return max(0, BAND / row - least) / strideY + 1;
}

/** Numbers that a band needs, of pictures that are `width` wide. */
export function bandOf(width: i32, channels: i32, kernelHeight: i32, strideY: i32, dilationY: i32): i32 {
  const row = width * channels;
  return rowsSeen(bandRows(row, kernelHeight, strideY, dilationY), kernelHeight, strideY, dilationY) * row;
}

/**
 * The depthwise convolution of `clamp(x expansion + bias)`.
 *
 * @param expansion The filter of the first, packed: `inChannels` by `channels`.
 */
export function widened(
  x: usize, expansion: usize, filter: usize, y: usize, bias: usize, low: f32, high: f32, added: usize, least: f32, most: f32,
  band: usize, scratch: usize, inChannels: i32, batch: i32, height: i32, width: i32, channels: i32, outHeight: i32,
  outWidth: i32, kernelHeight: i32, kernelWidth: i32, strideY: i32, strideX: i32, dilationY: i32, dilationX: i32, top: i32,
  left: i32,
): void {
  const row = width * channels, rows = bandRows(row, kernelHeight, strideY, dilationY);
  for (let picture = 0; picture < batch; picture++) {
    // The rows of the picture that the band holds.
    let start = 0, end = 0;
    for (let oy = 0; oy < outHeight; oy += rows) {
      const some = min(rows, outHeight - oy), y0 = oy * strideY - top;
      const from = min(height, max(0, y0)), to = min(height, max(0, y0 + rowsSeen(some, kernelHeight, strideY, dilationY)));
      if (from < end) memory.copy(band, band + bytes((from - start) * row), bytes((end - from) * row));
      else end = from;
      product(x + bytes((picture * height + end) * width * inChannels), inChannels, 1, expansion, band + bytes((end - from) * row),
        (to - end) * width, inChannels, channels, bias, false, low, high, scratch);
      start = from, end = to;
      depthwise(band, filter, y + bytes((picture * outHeight + oy) * outWidth * channels), added, least, most, 0, 1, 1, to - from,
        width, channels, some, outWidth, kernelHeight, kernelWidth, strideY, strideX, dilationY, dilationX, from - y0, left);
    }
  }
}
