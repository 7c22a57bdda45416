// The gradient of the input of depthwise convolutions, channels last: a lane is a channel.
import { depthwise, through } from './depthwise';
import { bytes, copy, madd } from './lanes';
import { hasBlocks, PIXELS, sumBlock } from './windows';

/** Taps of a window that a place of the input is seen through: each `stride`-th, from `phase` on. */
@inline
function tapsOf(taps: i32, stride: i32, phase: i32): i32 {
  return phase < taps ? (taps - 1 - phase) / stride + 1 : 0;
}

/**
 * Turns a filter around, for the gradient of the input: where the convolution moves by one, the gradient is the convolution
 * of that of the output with it. Where it moves by more, so it is for each phase of the places, with every so many-th tap.
 */
export function turned(from: usize, to: usize, kernelHeight: i32, kernelWidth: i32, strideY: i32, strideX: i32, channels: i32): void {
  for (let py = 0; py < strideY; py++) {
    for (let px = 0; px < strideX; px++) {
      for (let i = tapsOf(kernelHeight, strideY, py) - 1; i >= 0; i--) {
        for (let j = tapsOf(kernelWidth, strideX, px) - 1; j >= 0; j--, to += bytes(channels)) {
          copy(to, from + bytes(((py + i * strideY) * kernelWidth + px + j * strideX) * channels), channels);
        }
      }
    }
  }
}

/**
 * The gradient of the input.
 *
 * @param around The filter, turned around; read where there is one filter a channel.
 * @param seen The input, as above.
 */
export function depthwiseInputGradient(
  dy: usize, filter: usize, around: usize, gradient: usize, seen: usize, low: f32, high: f32, batch: i32, multiplier: i32,
  height: i32, width: i32, channels: i32, outHeight: i32, outWidth: i32, kernelHeight: i32, kernelWidth: i32, strideY: i32,
  strideX: i32, dilationY: i32, dilationX: i32, top: i32, left: i32,
): void {
  if (multiplier == 1 && strideY == 1 && strideX == 1) {
    depthwise(dy, around, gradient, 0, low, high, seen, batch, 1, outHeight, outWidth, channels, height, width, kernelHeight,
      kernelWidth, 1, 1, dilationY, dilationX, (kernelHeight - 1) * dilationY - top, (kernelWidth - 1) * dilationX - left);
  } else if (multiplier == 1 && dilationY == 1 && strideX <= kernelWidth &&
      hasBlocks(tapsOf(kernelWidth, strideX, 0), 1, dilationX, channels) &&
      hasBlocks(tapsOf(kernelWidth, strideX, strideX - 1), 1, dilationX, channels)) {
    phases(dy, around, gradient, seen, low, high, batch, height, width, channels, outHeight, outWidth, kernelHeight, kernelWidth,
      strideY, strideX, top, left);
  } else {
    scatter(dy, filter, gradient, seen, low, high, batch, multiplier, height, width, channels, outHeight, outWidth, kernelHeight,
      kernelWidth, strideY, strideX, dilationY, dilationX, top, left);
  }
}

/** The gradient of the input, phase by phase of its columns. */
function phases(
  dy: usize, around: usize, gradient: usize, seen: usize, low: f32, high: f32, batch: i32, height: i32, width: i32, channels: i32,
  outHeight: i32, outWidth: i32, kernelHeight: i32, kernelWidth: i32, strideY: i32, strideX: i32, top: i32, left: i32,
): void {
  for (let line = 0; line < batch * height; line++) {
    const picture = line / height, y = line - picture * height + top, py = y % strideY, taps = tapsOf(kernelHeight, strideY, py);
    // The rows of the output that see this one, of which some may lie outside.
    const oy = y / strideY - taps + 1, first = max(0, -oy), rows = max(0, min(taps, outHeight - oy) - first);
    let filter = around;
    for (let before = 0; before < py; before++) filter += bytes(tapsOf(kernelHeight, strideY, before) * kernelWidth * channels);
    for (let px = 0; px < strideX; px++) {
      const across = tapsOf(kernelWidth, strideX, px), p0 = (((px - left) % strideX) + strideX) % strideX;
      const ox = (p0 + left) / strideX - across + 1, pixels = (width - p0 + strideX - 1) / strideX;
      const from = dy + bytes(((picture * outHeight + oy + first) * outWidth + ox) * channels);
      for (let p = 0; p < pixels; p += PIXELS) {
        sumBlock(across, 1, ox + p, outWidth, from + bytes(p * channels), filter + bytes(first * across * channels),
          gradient + bytes((line * width + p0 + p * strideX) * channels), bytes(strideX * channels), 0, -Infinity, Infinity,
          channels, rows, bytes(outWidth * channels), min(PIXELS, pixels - p));
      }
      filter += bytes(taps * across * channels);
    }
    if (seen) through(seen, gradient, line, width * channels, low, high);
  }
}

/** The gradient of the input, for any window: each output adds to the places that it sees. */
function scatter(
  dy: usize, filter: usize, gradient: usize, seen: usize, low: f32, high: f32, batch: i32, multiplier: i32, height: i32,
  width: i32, channels: i32, outHeight: i32, outWidth: i32, kernelHeight: i32, kernelWidth: i32, strideY: i32, strideX: i32,
  dilationY: i32, dilationX: i32, top: i32, left: i32,
): void {
  const out = channels * multiplier;
  for (let line = 0; line < batch * height; line++) {
    memory.fill(gradient + bytes(line * width * channels), 0, bytes(width * channels));
    const picture = line / height, y = line - picture * height;
    for (let p = 0; p < width; p++) {
      const to = gradient + bytes((line * width + p) * channels);
      for (let ky = 0; ky < kernelHeight; ky++) {
        const below = y + top - ky * dilationY, oy = below / strideY;
        if (below < 0 || oy >= outHeight || oy * strideY != below) continue;
        for (let kx = 0; kx < kernelWidth; kx++) {
          const right = p + left - kx * dilationX, ox = right / strideX;
          if (right < 0 || ox >= outWidth || ox * strideX != right) continue;
          const d = dy + bytes(((picture * outHeight + oy) * outWidth + ox) * out);
          const w = filter + bytes((ky * kernelWidth + kx) * out);
          let c = 0;
          if (multiplier == 1) {
            for (; c + 8 <= channels; c += 8) {
              const at = to + bytes(c), i = d + bytes(c), j = w + bytes(c);
              v128.store(at, madd(v128.load(i), v128.load(j), v128.load(at)));
              v128.store(at, madd(v128.load(i, 16), v128.load(j, 16), v128.load(at, 16)), 16);
            }
          }
          for (let q = c * multiplier; q < out; q++) {
            const at = to + bytes(q / multiplier);
            store<f32>(at, load<f32>(at) + load<f32>(d + bytes(q)) * load<f32>(w + bytes(q)));
          }
        }
      }
    }
    if (seen) through(seen, gradient, line, width * channels, low, high);
  }
}
