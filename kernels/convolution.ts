// Convolutions and their gradients as matrix products: what the windows of some output pixels see is gathered in a tile
// that fits the cache, and multiplied (im2col).
import { boundsGradient } from './activation';
import { add, bytes, copy } from './lanes';
import { pack } from './pack';
import { product } from './product';

/** Numbers of a tile: 256 KiB. */
const TILE: i32 = 65536;

/** Output pixels of a tile; a multiple of 12, as the product takes rows by 4 or by 6. */
export function tileOf(taps: i32): i32 {
  return max(12, (TILE / taps / 12) * 12);
}

/** Output pixels of a tile for the filter's gradient, which is read and written once for each of them. */
export function filterTileOf(taps: i32): i32 {
  return max(384, tileOf(taps));
}

/** Whether windows are single pixels, one after another: then there is nothing to gather. */
@inline
function arePixels(
  height: i32, width: i32, outHeight: i32, outWidth: i32, kernelHeight: i32, kernelWidth: i32, strideY: i32, strideX: i32,
  top: i32, left: i32,
): bool {
  return (
    kernelHeight == 1 && kernelWidth == 1 && strideY == 1 && strideX == 1 && top == 0 && left == 0 && height == outHeight &&
    width == outWidth
  );
}

/** Gathers what the windows of output pixels see, or adds what is there to what they see. */
function visit(
  gathers: bool, x: usize, tile: usize, first: i32, end: i32, height: i32, width: i32, channels: i32, outHeight: i32,
  outWidth: i32, kernelHeight: i32, kernelWidth: i32, strideY: i32, strideX: i32, dilationY: i32, dilationX: i32, top: i32,
  left: i32,
): void {
  const run = kernelWidth * channels;
  const line = first / outWidth;
  let column = first - line * outWidth, picture = line / outHeight, row = line - picture * outHeight;
  for (let p = first; p < end; p++) {
    const x0 = column * strideX - left, y0 = row * strideY - top, seenIn = picture;
    if (++column == outWidth) {
      column = 0;
      if (++row == outHeight) row = 0, picture++;
    }
    const inside = dilationX == 1 && x0 >= 0 && x0 + kernelWidth <= width;
    for (let ky = 0; ky < kernelHeight; ky++, tile += bytes(run)) {
      const y = y0 + ky * dilationY;
      if (y < 0 || y >= height) {
        if (gathers) memory.fill(tile, 0, bytes(run));
        continue;
      }
      const at = x + bytes(((seenIn * height + y) * width + x0) * channels);
      if (inside) {
        if (gathers) copy(tile, at, run);
        else add(at, tile, run);
        continue;
      }
      for (let kx = 0; kx < kernelWidth; kx++) {
        const seen = x0 + kx * dilationX, to = tile + bytes(kx * channels), from = at + bytes(kx * dilationX * channels);
        if (seen < 0 || seen >= width) {
          if (gathers) memory.fill(to, 0, bytes(channels));
        } else if (gathers) copy(to, from, channels);
        else add(from, to, channels);
      }
    }
  }
}

/** The convolution: x and a packed filter to y. */
export function convolve(
  x: usize, filter: usize, y: usize, bias: usize, low: f32, high: f32, tile: usize, scratch: usize, pixels: i32,
  outChannels: i32, height: i32, width: i32, channels: i32, outHeight: i32, outWidth: i32, kernelHeight: i32,
  kernelWidth: i32, strideY: i32, strideX: i32, dilationY: i32, dilationX: i32, top: i32, left: i32,
): void {
  if (arePixels(height, width, outHeight, outWidth, kernelHeight, kernelWidth, strideY, strideX, top, left)) {
    product(x, channels, 1, filter, y, pixels, channels, outChannels, bias, false, low, high, scratch);
    return;
  }
  const taps = kernelHeight * kernelWidth * channels, rows = tileOf(taps);
  for (let p = 0; p < pixels; p += rows) {
    const end = min(p + rows, pixels);
    visit(true, x, tile, p, end, height, width, channels, outHeight, outWidth, kernelHeight, kernelWidth, strideY, strideX,
      dilationY, dilationX, top, left);
    product(tile, taps, 1, filter, y + bytes(p * outChannels), end - p, taps, outChannels, bias, false, low, high, scratch);
  }
}

/**
 * The gradient of the filter: what the windows see, transposed, times the gradient of the output.
 *
 * @param adds Whether it is added to what is there.
 */
export function filterGradient(
  x: usize, dy: usize, gradient: usize, packed: usize, adds: bool, tile: usize, scratch: usize, pixels: i32, outChannels: i32,
  height: i32, width: i32, channels: i32, outHeight: i32, outWidth: i32, kernelHeight: i32, kernelWidth: i32, strideY: i32,
  strideX: i32, dilationY: i32, dilationX: i32, top: i32, left: i32,
): void {
  const direct = arePixels(height, width, outHeight, outWidth, kernelHeight, kernelWidth, strideY, strideX, top, left);
  const taps = kernelHeight * kernelWidth * channels, rows = filterTileOf(taps);
  for (let p = 0; p < pixels; p += rows) {
    const end = min(p + rows, pixels);
    const seen = direct ? x + bytes(p * channels) : tile;
    if (!direct) {
      visit(true, x, tile, p, end, height, width, channels, outHeight, outWidth, kernelHeight, kernelWidth, strideY, strideX,
        dilationY, dilationX, top, left);
    }
    pack(dy + bytes(p * outChannels), packed, end - p, outChannels, outChannels, 1);
    product(seen, 1, taps, packed, gradient, taps, end - p, outChannels, 0, adds || p > 0, -Infinity, Infinity, scratch);
  }
}

/**
 * The gradient of the input: that of the output times the packed transpose of the filter.
 *
 * @param seen The input, where the gradient goes through the activation that made it, with its bounds; 0 else.
 */
export function inputGradient(
  dy: usize, filter: usize, gradient: usize, seen: usize, low: f32, high: f32, tile: usize, scratch: usize, pixels: i32,
  outChannels: i32, height: i32, width: i32, channels: i32, outHeight: i32, outWidth: i32, kernelHeight: i32,
  kernelWidth: i32, strideY: i32, strideX: i32, dilationY: i32, dilationX: i32, top: i32, left: i32,
): void {
  const taps = kernelHeight * kernelWidth * channels, rows = tileOf(taps);
  const direct = arePixels(height, width, outHeight, outWidth, kernelHeight, kernelWidth, strideY, strideX, top, left);
  const size = (pixels / (outHeight * outWidth)) * height * width * channels;
  if (!direct) memory.fill(gradient, 0, bytes(size));
  for (let p = 0; p < pixels; p += rows) {
    const end = min(p + rows, pixels), to = direct ? gradient + bytes(p * channels) : tile;
    product(dy + bytes(p * outChannels), outChannels, 1, filter, to, end - p, outChannels, taps, 0, false, -Infinity, Infinity,
      scratch);
    if (!direct) {
      visit(false, gradient, tile, p, end, height, width, channels, outHeight, outWidth, kernelHeight, kernelWidth, strideY,
        strideX, dilationY, dilationX, top, left);
    } else if (seen) {
      // While it is in the cache.
      boundsGradient(to, seen + bytes(p * channels), to, (end - p) * channels, low, high);
    }
  }
  if (seen && !direct) boundsGradient(gradient, seen, gradient, size, low, high);
}
