// Gradients of activations that are bounds, in one pass.
import { bytes } from './lanes';

/** The gradient where the output lies within the bounds, zero where it lies on them. */
export function boundsGradient(dy: usize, y: usize, to: usize, numbers: i32, low: f32, high: f32): void {
  const least = f32x4.splat(low);
  const most = f32x4.splat(high);
  let i = 0;
  for (; i + 4 <= numbers; i += 4) {
    const value = v128.load(y + bytes(i));
    const within = v128.and(f32x4.gt(value, least), f32x4.lt(value, most));
    v128.store(to + bytes(i), v128.and(v128.load(dy + bytes(i)), within));
  }
  for (; i < numbers; i++) {
    const value = load<f32>(y + bytes(i));
    store<f32>(to + bytes(i), value > low && value < high ? load<f32>(dy + bytes(i)) : 0);
  }
}
