// Both sides of a product, in the order in which its innermost loop reads them.
import { bytes } from './lanes';

/** Rows of accumulators: 6 by 8 needs fused multiply-adds to pay. */
export const ROWS: i32 = ASC_FEATURE_RELAXED_SIMD ? 6 : 4;
/** Terms of the sum at a time. */
export const DEPTH: i32 = 384;
@inline
export function depthOf(k0: i32, k: i32): i32 {
  return min(DEPTH, k - k0);
}

/** Columns of packed panels. */
@inline
export function padded(n: i32): i32 {
  return (n + 7) & ~7;
}

/** Four numbers of each of four rows become four rows, `step` apart. */
@inline
function transpose4(from: usize, row: usize, to: usize, step: usize): void {
  const x0 = v128.load(from);
  const x1 = v128.load(from + row);
  const x2 = v128.load(from + 2 * row);
  const x3 = v128.load(from + 3 * row);
  const low01 = i32x4.shuffle(x0, x1, 0, 4, 1, 5);
  const low23 = i32x4.shuffle(x2, x3, 0, 4, 1, 5);
  const high01 = i32x4.shuffle(x0, x1, 2, 6, 3, 7);
  const high23 = i32x4.shuffle(x2, x3, 2, 6, 3, 7);
  v128.store(to, i64x2.shuffle(low01, low23, 0, 2));
  v128.store(to + step, i64x2.shuffle(low01, low23, 1, 3));
  v128.store(to + 2 * step, i64x2.shuffle(high01, high23, 0, 2));
  v128.store(to + 3 * step, i64x2.shuffle(high01, high23, 1, 3));
}

/** Some panels at once: rows of B are far apart, so that what the cache brings of each is best used up. */
const PANELS: i32 = 8;

function packPanels(from: usize, to: usize, depth: i32, row: i32): void {
  for (let i = 0; i < depth; i++, from += bytes(row), to += 32) {
    for (let p = 0; p < PANELS; p++) {
      v128.store(to + bytes(p * 8 * depth), v128.load(from + bytes(8 * p)));
      v128.store(to + bytes(p * 8 * depth), v128.load(from + bytes(8 * p), 16), 16);
    }
  }
}

/**
 * Packs B, `k` by `n`, of which number (i, j) lies at `i * row + j * column`. The result has `k` times `n` rounded up to
 * 8 numbers, with zeros in the columns that B lacks.
 */
export function pack(from: usize, to: usize, k: i32, n: i32, row: i32, column: i32): void {
  for (let k0 = 0; k0 < k; k0 += DEPTH) {
    const depth = depthOf(k0, k);
    let j = 0;
    for (; column == 1 && j + 8 * PANELS <= n; j += 8 * PANELS, to += bytes(8 * PANELS * depth)) {
      packPanels(from + bytes(k0 * row + j), to, depth, row);
    }
    for (; j < n; j += 8) {
      const width = min(8, n - j);
      let at = from + bytes(k0 * row + j * column);
      let i = 0;
      for (; row == 1 && width == 8 && i + 4 <= depth; i += 4, at += 16, to += 128) {
        transpose4(at, bytes(column), to, 32);
        transpose4(at + bytes(4 * column), bytes(column), to + 16, 32);
      }
      for (; i < depth; i++, at += bytes(row), to += 32) {
        if (column == 1 && width == 8) {
          v128.store(to, v128.load(at));
          v128.store(to, v128.load(at, 16), 16);
          continue;
        }
        for (let c = 0; c < width; c++) store<f32>(to + bytes(c), load<f32>(at + bytes(c * column)));
        for (let c = width; c < 8; c++) store<f32>(to + bytes(c), 0);
      }
    }
  }
}

/** The distance of two columns in a group of packed rows of A. */
export const GROUP: usize = (<usize>ROWS) << 2;

/** Packs rows of A in groups of ROWS, column by column: so their numbers lie at constant distances. */
export function packRows(from: usize, to: usize, m: i32, k: i32, row: i32, column: i32): void {
  for (let i = 0; i < m; i += ROWS, to += GROUP * k) {
    const height = min(ROWS, m - i);
    const at = from + bytes(i * row);
    let r = 0;
    let done = 0;
    if (column == 1 && height >= 4) {
      for (; done + 4 <= k; done += 4) transpose4(at + bytes(done), bytes(row), to + GROUP * done, GROUP);
      r = 4;
    } else if (row == 1 && height >= 4) {
      for (; done < k; done++) v128.store(to + GROUP * done, v128.load(at + bytes(done * column)));
      r = 4;
    }
    for (let q = done; q < k; q++) {
      for (let s = 0; s < r; s++) store<f32>(to + GROUP * q + bytes(s), load<f32>(at + bytes(s * row + q * column)));
    }
    for (; r < height; r++) {
      for (let q = 0; q < k; q++) store<f32>(to + GROUP * q + bytes(r), load<f32>(at + bytes(r * row + q * column)));
    }
  }
}
