// `x / 2 (1 + erf(x / sqrt 2))` and its gradient, in one pass.
import { bytes, madd } from './lanes';
import { erf, exp } from './smooth';

/** How much of a normal distribution lies below x. */
@inline
function below(x: v128): v128 {
  const half = f32x4.splat(0.5);
  return madd(half, erf(f32x4.mul(x, f32x4.splat(0.70710678118654752))), half);
}

/** The slope: what lies below x, and x times the density there. */
@inline
function slope(x: v128): v128 {
  const density = f32x4.mul(f32x4.splat(0.3989422804014327), exp(f32x4.mul(f32x4.mul(x, x), f32x4.splat(-0.5))));
  return madd(x, density, below(x));
}

export function gelu(from: usize, to: usize, numbers: i32): void {
  let i = 0;
  for (; i + 4 <= numbers; i += 4) {
    const x = v128.load(from + bytes(i));
    v128.store(to + bytes(i), f32x4.mul(x, below(x)));
  }
  for (; i < numbers; i++) {
    const x = v128.load32_splat(from + bytes(i));
    v128.store_lane<f32>(to + bytes(i), f32x4.mul(x, below(x)), 0);
  }
}

export function geluGradient(dy: usize, from: usize, to: usize, numbers: i32): void {
  let i = 0;
  for (; i + 4 <= numbers; i += 4) {
    v128.store(to + bytes(i), f32x4.mul(v128.load(dy + bytes(i)), slope(v128.load(from + bytes(i)))));
  }
  for (; i < numbers; i++) {
    const product = f32x4.mul(v128.load32_splat(dy + bytes(i)), slope(v128.load32_splat(from + bytes(i))));
    v128.store_lane<f32>(to + bytes(i), product, 0);
  }
}
