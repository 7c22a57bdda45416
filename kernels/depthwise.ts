// Depthwise convolutions and the gradient of their filter, channels last: a lane is a channel.
import { boundsGradient } from './activation';
import { bytes, clamp, madd } from './lanes';
import { gradientBlock, hasBlocks, PIXELS, sumBlock } from './windows';

/** The first tap of a window that lies inside: `from + tap * dilation >= 0`. */
@inline
function firstTap(from: i32, dilation: i32): i32 {
  return from >= 0 ? 0 : (dilation - 1 - from) / dilation;
}

/** The end of the taps that lie inside: `from + tap * dilation < size`. */
@inline
function endTap(from: i32, dilation: i32, size: i32, taps: i32): i32 {
  return from >= size ? 0 : min(taps, (size - 1 - from) / dilation + 1);
}

/** Takes a line of a gradient through an activation, while it is in the cache. */
@inline
export function through(seen: usize, gradient: usize, line: i32, numbers: i32, low: f32, high: f32): void {
  const at = bytes(line * numbers);
  boundsGradient(gradient + at, seen + at, gradient + at, numbers, low, high);
}

/**
 * The convolution. Number of channels of the output: `channels * multiplier`.
 *
 * @param seen Where the convolution is a gradient that goes through an activation: what that had made, of which the bounds are;
 * else 0, and the bounds are those of the result.
 */
export function depthwise(
  x: usize, filter: usize, y: usize, bias: usize, low: f32, high: f32, seen: usize, batch: i32, multiplier: i32, height: i32,
  width: i32, channels: i32, outHeight: i32, outWidth: i32, kernelHeight: i32, kernelWidth: i32, strideY: i32, strideX: i32,
  dilationY: i32, dilationX: i32, top: i32, left: i32,
): void {
  const lower: f32 = seen ? -Infinity : low, upper: f32 = seen ? Infinity : high, out = channels * multiplier;
  const least = f32x4.splat(lower), most = f32x4.splat(upper);
  const tap = bytes(dilationX * channels), hop = bytes(strideX * channels), next = bytes(out);
  const inBlocks = multiplier == 1 && hasBlocks(kernelWidth, strideX, dilationX, channels);
  for (let line = 0; line < batch * outHeight; line++) {
    const picture = line / outHeight, y0 = (line - picture * outHeight) * strideY - top;
    const ky0 = firstTap(y0, dilationY), ky1 = endTap(y0, dilationY, height, kernelHeight);
    for (let ox = 0; inBlocks && ox < outWidth; ox += PIXELS) {
      const x0 = ox * strideX - left, at = x + bytes(((picture * height + y0 + ky0 * dilationY) * width + x0) * channels);
      sumBlock(kernelWidth, strideX, x0, width, at, filter + bytes(ky0 * kernelWidth * channels),
        y + bytes((line * outWidth + ox) * out), next, bias, lower, upper, channels, ky1 - ky0, bytes(dilationY * width * channels),
        min(PIXELS, outWidth - ox));
    }
    for (let ox = inBlocks ? outWidth : 0; ox < outWidth; ) {
      const x0 = ox * strideX - left;
      const kx0 = firstTap(x0, dilationX), kx1 = endTap(x0, dilationX, width, kernelWidth);
      // Four pixels at once where all of their taps lie inside: each weight is read once for the four.
      const four = x0 >= 0 && ox + 4 <= outWidth && x0 + 3 * strideX + (kernelWidth - 1) * dilationX < width;
      const to = y + bytes((line * outWidth + ox) * out);
      let c = 0;
      if (multiplier == 1) {
        for (; c + 8 <= channels; c += 8) {
          const s0 = bias ? v128.load(bias + bytes(c)) : f32x4.splat(0);
          const s1 = bias ? v128.load(bias + bytes(c), 16) : f32x4.splat(0);
          let a0 = s0, a1 = s1;
          if (four) {
            let b0 = s0, b1 = s1, c0 = s0, c1 = s1, d0 = s0, d1 = s1;
            for (let ky = ky0; ky < ky1; ky++) {
              let at = x + bytes(((picture * height + y0 + ky * dilationY) * width + x0) * channels + c);
              let w = filter + bytes(ky * kernelWidth * channels + c);
              for (let kx = 0; kx < kernelWidth; kx++, at += tap, w += bytes(channels)) {
                const w0 = v128.load(w), w1 = v128.load(w, 16);
                a0 = madd(v128.load(at), w0, a0), a1 = madd(v128.load(at, 16), w1, a1);
                let other = at + hop;
                b0 = madd(v128.load(other), w0, b0), b1 = madd(v128.load(other, 16), w1, b1);
                other += hop;
                c0 = madd(v128.load(other), w0, c0), c1 = madd(v128.load(other, 16), w1, c1);
                other += hop;
                d0 = madd(v128.load(other), w0, d0), d1 = madd(v128.load(other, 16), w1, d1);
              }
            }
            let at = to + bytes(c) + next;
            v128.store(at, clamp(b0, least, most)), v128.store(at, clamp(b1, least, most), 16);
            at += next;
            v128.store(at, clamp(c0, least, most)), v128.store(at, clamp(c1, least, most), 16);
            at += next;
            v128.store(at, clamp(d0, least, most)), v128.store(at, clamp(d1, least, most), 16);
          } else {
            for (let ky = ky0; ky < ky1; ky++) {
              let at = x + bytes(((picture * height + y0 + ky * dilationY) * width + x0 + kx0 * dilationX) * channels + c);
              let w = filter + bytes((ky * kernelWidth + kx0) * channels + c);
              for (let kx = kx0; kx < kx1; kx++, at += tap, w += bytes(channels)) {
                a0 = madd(v128.load(at), v128.load(w), a0), a1 = madd(v128.load(at, 16), v128.load(w, 16), a1);
              }
            }
          }
          v128.store(to + bytes(c), clamp(a0, least, most)), v128.store(to + bytes(c), clamp(a1, least, most), 16);
        }
      }
      const pixels = four ? 4 : 1;
      for (let i = 0; i < pixels; i++) {
        const from = x0 + i * strideX;
        for (let q = c * multiplier; q < out; q++) {
          let sum: f32 = bias ? load<f32>(bias + bytes(q)) : 0;
          for (let ky = ky0; ky < ky1; ky++) {
            for (let kx = kx0; kx < kx1; kx++) {
              const at = ((picture * height + y0 + ky * dilationY) * width + from + kx * dilationX) * channels + q / multiplier;
              sum += load<f32>(x + bytes(at)) * load<f32>(filter + bytes((ky * kernelWidth + kx) * out + q));
            }
          }
          store<f32>(to + bytes(i * out + q), seen ? sum : min(high, max(low, sum)));
        }
      }
      ox += pixels;
    }
    if (seen) through(seen, y, line, outWidth * out, low, high);
  }
}

/** The gradient of the filter, added to zeros. */
export function depthwiseFilterGradient(
  x: usize, dy: usize, gradient: usize, batch: i32, multiplier: i32, height: i32, width: i32, channels: i32, outHeight: i32,
  outWidth: i32, kernelHeight: i32, kernelWidth: i32, strideY: i32, strideX: i32, dilationY: i32, dilationX: i32, top: i32,
  left: i32,
): void {
  const out = channels * multiplier, hop = bytes(strideX * channels), next = bytes(out);
  const inBlocks = multiplier == 1 && hasBlocks(kernelWidth, strideX, dilationX, channels);
  for (let line = 0; line < batch * outHeight; line++) {
    const picture = line / outHeight, y0 = (line - picture * outHeight) * strideY - top;
    const ky0 = firstTap(y0, dilationY), ky1 = endTap(y0, dilationY, height, kernelHeight);
    for (let ox = 0; inBlocks && ox < outWidth; ox += PIXELS) {
      const x0 = ox * strideX - left, at = x + bytes(((picture * height + y0 + ky0 * dilationY) * width + x0) * channels);
      gradientBlock(kernelWidth, strideX, x0, width, at, dy + bytes((line * outWidth + ox) * out),
        gradient + bytes(ky0 * kernelWidth * channels), channels, ky1 - ky0, bytes(dilationY * width * channels),
        min(PIXELS, outWidth - ox));
    }
    for (let ky = inBlocks ? ky1 : ky0; ky < ky1; ky++) {
      const row = (picture * height + y0 + ky * dilationY) * width;
      for (let kx = 0; kx < kernelWidth; kx++) {
        // The output pixels of which this tap lies inside.
        const from = kx * dilationX - left;
        const first = firstTap(from, strideX), end = endTap(from, strideX, width, outWidth);
        const to = gradient + bytes((ky * kernelWidth + kx) * out);
        let c = 0;
        if (multiplier == 1) {
          for (; c + 16 <= channels; c += 16) {
            const sums = to + bytes(c);
            let s0 = v128.load(sums), s1 = v128.load(sums, 16), s2 = v128.load(sums, 32), s3 = v128.load(sums, 48);
            let at = x + bytes((row + from + first * strideX) * channels + c), d = dy + bytes((line * outWidth + first) * out + c);
            for (let ox = first; ox < end; ox++, at += hop, d += next) {
              s0 = madd(v128.load(at), v128.load(d), s0), s1 = madd(v128.load(at, 16), v128.load(d, 16), s1);
              s2 = madd(v128.load(at, 32), v128.load(d, 32), s2), s3 = madd(v128.load(at, 48), v128.load(d, 48), s3);
            }
            v128.store(sums, s0), v128.store(sums, s1, 16), v128.store(sums, s2, 32), v128.store(sums, s3, 48);
          }
        }
        for (let q = c * multiplier; q < out; q++) {
          let sum = load<f32>(to + bytes(q));
          for (let ox = first; ox < end; ox++) {
            const seen = load<f32>(x + bytes((row + from + ox * strideX) * channels + q / multiplier));
            sum += seen * load<f32>(dy + bytes((line * outWidth + ox) * out + q));
          }
          store<f32>(to + bytes(q), sum);
        }
      }
    }
  }
}
