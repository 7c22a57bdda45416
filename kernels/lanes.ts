// Four numbers at a time.

/** `a * b + c`; rounded once in the relaxed build. */
@inline
export function madd(a: v128, b: v128, c: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return f32x4.relaxed_madd(a, b, c);
  return f32x4.add(c, f32x4.mul(a, b));
}

/** Brings numbers to `[low, high]`; NaN stays NaN. The pseudo-minimum is one instruction, f32x4.min several. */
@inline
export function clamp(x: v128, low: v128, high: v128): v128 {
  return f32x4.pmin(f32x4.pmax(x, low), high);
}

/** The bytes of so many numbers. */
@inline
export function bytes(numbers: i32): usize {
  return (<usize>numbers) << 2;
}

/** Copies numbers. Runs are short: a call of memory.copy would cost more than the copying. */
@inline
export function copy(to: usize, from: usize, numbers: i32): void {
  let i = 0;
  for (; i + 4 <= numbers; i += 4) v128.store(to + bytes(i), v128.load(from + bytes(i)));
  if (i == numbers) return;
  if (numbers >= 4) {
    // The last four once more: those that are there twice are the same.
    v128.store(to + bytes(numbers - 4), v128.load(from + bytes(numbers - 4)));
    return;
  }
  for (; i < numbers; i++) store<f32>(to + bytes(i), load<f32>(from + bytes(i)));
}

/** Adds numbers to others. */
@inline
export function add(to: usize, from: usize, numbers: i32): void {
  let i = 0;
  for (; i + 4 <= numbers; i += 4) {
    const at = to + bytes(i);
    v128.store(at, f32x4.add(v128.load(at), v128.load(from + bytes(i))));
  }
  for (; i < numbers; i++) store<f32>(to + bytes(i), load<f32>(to + bytes(i)) + load<f32>(from + bytes(i)));
}
