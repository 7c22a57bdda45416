// A convolution of single pixels, the depthwise convolution after it and maybe another of single pixels (an inverted
// residual), band by band: what lies between, the largest thing that such a network computes, stays in the cache and is
// never whole.
import { depthwise } from './depthwise';
import { bytes } from './lanes';
import { product } from './product';

/** Numbers of a band: 256 KiB, or a single window's rows where they take more. */
const BAND: i32 = 65536;

/** The fewest pixels of a product, where that takes several pictures: the last rows of each are not a whole group of rows. */
const FEWEST: i32 = 196;

/** Pictures at once. */
@inline
function together(pixels: i32): i32 {
  return max(1, FEWEST / pixels);
}

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

/** Numbers that a band needs: of what the expansion makes, and (`after`) of what the depthwise convolution makes of it. */
export function bandOf(
  after: bool, height: i32, width: i32, channels: i32, outHeight: i32, outWidth: i32, kernelHeight: i32, strideY: i32,
  dilationY: i32,
): i32 {
  const row = width * channels, pictures = together(height * width);
  if (pictures > 1) return pictures * (after ? outHeight * outWidth * channels : height * row);
  const rows = bandRows(row, kernelHeight, strideY, dilationY);
  return after ? min(rows, outHeight) * outWidth * channels : rowsSeen(rows, kernelHeight, strideY, dilationY) * row;
}

/**
 * The depthwise convolution of `clamp(x expansion + bias)`, and what a projection makes of it.
 *
 * @param expansion The filter of the first, packed: `inChannels` by `channels`; 0 where x is what it would make.
 * @param projection That of the last, packed: `channels` by `outChannels`; 0 for none.
 * @param band, held Room for what the first and the second make.
 */
export function widened(
  x: usize, expansion: usize, filter: usize, projection: usize, y: usize, bias: usize, low: f32, high: f32, added: usize,
  least: f32, most: f32, last: usize, floor: f32, ceiling: f32, band: usize, held: usize, scratch: usize, inChannels: i32,
  outChannels: i32, batch: i32, height: i32, width: i32, channels: i32, outHeight: i32, outWidth: i32, kernelHeight: i32,
  kernelWidth: i32, strideY: i32, strideX: i32, dilationY: i32, dilationX: i32, top: i32, left: i32,
): void {
  const row = width * channels, several = together(height * width);
  const rows = several > 1 ? outHeight : bandRows(row, kernelHeight, strideY, dilationY);
  for (let picture = 0; picture < batch; picture += several) {
    const pictures = min(several, batch - picture);
    // The rows of the picture that the band holds.
    let start = 0, end = 0;
    for (let oy = 0; oy < outHeight; oy += rows) {
      const some = min(rows, outHeight - oy), y0 = oy * strideY - top;
      let from = min(height, max(0, y0)), to = min(height, max(0, y0 + rowsSeen(some, kernelHeight, strideY, dilationY)));
      // Several pictures are whole, so that they lie one after the other.
      if (pictures > 1) from = 0, to = height;
      const pixel = (picture * outHeight + oy) * outWidth, filtered = projection ? held : y + bytes(pixel * channels);
      if (!expansion) {
        depthwise(x + bytes(picture * height * row), filter, filtered, added, least, most, 0, pictures, 1, height, width, channels, some,
          outWidth, kernelHeight, kernelWidth, strideY, strideX, dilationY, dilationX, -y0, left);
      } else {
        if (from < end) memory.copy(band, band + bytes((from - start) * row), bytes((end - from) * row));
        else end = from;
        product(x + bytes((picture * height + end) * width * inChannels), inChannels, 1, expansion, band + bytes((end - from) * row),
          pictures * (to - end) * width, inChannels, channels, bias, false, low, high, scratch);
        start = from, end = to;
        depthwise(band, filter, filtered, added, least, most, 0, pictures, 1, to - from, width,
          channels, some, outWidth, kernelHeight, kernelWidth, strideY, strideX, dilationY, dilationX, from - y0, left);
      }
      if (projection) {
        product(held, channels, 1, projection, y + bytes(pixel * outChannels), pictures * some * outWidth, channels, outChannels, last,
          false, floor, ceiling, scratch);
      }
    }
  }
}
