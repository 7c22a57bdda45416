// Adam in one pass.
import { bytes, madd } from './lanes';

/**
 * The moments after a gradient, and the update: `factor mean / (sqrt(square) + epsilon) - decay parameter`.
 * `beta1` and `beta2` are the shares of the moments that stay.
 */
export function adam(
  gradient: usize,
  parameter: usize,
  mean: usize,
  square: usize,
  toUpdate: usize,
  toMean: usize,
  toSquare: usize,
  numbers: i32,
  beta1: f32,
  beta2: f32,
  fresh1: f32,
  fresh2: f32,
  epsilon: f32,
  factor: f32,
  decay: f32,
): void {
  let i = 0;
  for (; i + 4 <= numbers; i += 4) {
    const slope = v128.load(gradient + bytes(i));
    const first = madd(v128.load(mean + bytes(i)), f32x4.splat(beta1), f32x4.mul(slope, f32x4.splat(fresh1)));
    const squared = f32x4.mul(f32x4.mul(slope, slope), f32x4.splat(fresh2));
    const second = madd(v128.load(square + bytes(i)), f32x4.splat(beta2), squared);
    const divisor = f32x4.add(f32x4.sqrt(second), f32x4.splat(epsilon));
    v128.store(toMean + bytes(i), first);
    v128.store(toSquare + bytes(i), second);
    const decayed = f32x4.mul(v128.load(parameter + bytes(i)), f32x4.splat(decay));
    v128.store(toUpdate + bytes(i), f32x4.sub(f32x4.mul(f32x4.div(first, divisor), f32x4.splat(factor)), decayed));
  }
  for (; i < numbers; i++) {
    const slope = load<f32>(gradient + bytes(i));
    const first = load<f32>(mean + bytes(i)) * beta1 + slope * fresh1;
    const second = load<f32>(square + bytes(i)) * beta2 + slope * slope * fresh2;
    store<f32>(toMean + bytes(i), first);
    store<f32>(toSquare + bytes(i), second);
    const decayed = load<f32>(parameter + bytes(i)) * decay;
    store<f32>(toUpdate + bytes(i), (first / (sqrt<f32>(second) + epsilon)) * factor - decayed);
  }
}
