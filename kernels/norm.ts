// Norms, in one pass.
import { bytes } from './lanes';

/**
 * The sum of the squares of numbers, by rows of 4096 that are summed in double precision: a single sum of millions loses
 * digits.
 */
export function squareSum(from: usize, to: usize, numbers: i32): void {
  let total: f64 = 0;
  let i = 0;
  while (i + 8 <= numbers) {
    const end = min(i + 4096, numbers - 7);
    let even = f32x4.splat(0);
    let odd = f32x4.splat(0);
    for (; i < end; i += 8) {
      const one = v128.load(from + bytes(i));
      const other = v128.load(from + bytes(i), 16);
      even = f32x4.add(even, f32x4.mul(one, one));
      odd = f32x4.add(odd, f32x4.mul(other, other));
    }
    const sums = f32x4.add(even, odd);
    total += f32x4.extract_lane(sums, 0);
    total += f32x4.extract_lane(sums, 1);
    total += f32x4.extract_lane(sums, 2);
    total += f32x4.extract_lane(sums, 3);
  }
  for (; i < numbers; i++) {
    const value: f64 = load<f32>(from + bytes(i));
    total += value * value;
  }
  store<f32>(to, <f32>total);
}
