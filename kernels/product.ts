// The matrix product: C = clamp(A B + bias). B is packed in panels of 8 columns, so that the innermost loop reads it in
// order whatever its layout was, and A in groups of rows, whose numbers then lie at constant distances from one address.
// Packing transposes for nothing. Blocks of K keep a panel of B in the first-level cache.
import { bytes, clamp, copy, madd } from './lanes';
import { DEPTH, depthOf, GROUP, packRows, padded, ROWS } from './pack';

/** Numbers of A at a time: 32 KiB. */
const BLOCK: i32 = 8192;

/** Stores 8 numbers of the result. */
@inline
function keep(c: usize, x0: v128, x1: v128, low: v128, high: v128): void {
  v128.store(c, clamp(x0, low, high));
  v128.store(c, clamp(x1, low, high), 16);
}

/** One row by 8 columns. */
function rows1(a: usize, b: usize, c: usize, start: usize, k: i32, low: v128, high: v128): void {
  let c00 = v128.load(start);
  let c01 = v128.load(start, 16);
  for (let q = 0; q < k; q++, a += GROUP, b += 32) {
    const x = v128.load32_splat(a);
    c00 = madd(x, v128.load(b), c00);
    c01 = madd(x, v128.load(b, 16), c01);
  }
  keep(c, c00, c01, low, high);
}

/** Four rows by 8 columns. `next` is the distance of the rows that the sums start from: 0 for the bias. */
function rows4(
  a: usize, b: usize, c: usize, ldc: usize, start: usize, next: usize, k: i32, low: v128, high: v128,
): void {
  let c00 = v128.load(start);
  let c01 = v128.load(start, 16);
  start += next;
  let c10 = v128.load(start);
  let c11 = v128.load(start, 16);
  start += next;
  let c20 = v128.load(start);
  let c21 = v128.load(start, 16);
  start += next;
  let c30 = v128.load(start);
  let c31 = v128.load(start, 16);
  for (let q = 0; q < k; q++, a += GROUP, b += 32) {
    const b0 = v128.load(b);
    const b1 = v128.load(b, 16);
    let x = v128.load32_splat(a);
    c00 = madd(x, b0, c00);
    c01 = madd(x, b1, c01);
    x = v128.load32_splat(a, 4);
    c10 = madd(x, b0, c10);
    c11 = madd(x, b1, c11);
    x = v128.load32_splat(a, 8);
    c20 = madd(x, b0, c20);
    c21 = madd(x, b1, c21);
    x = v128.load32_splat(a, 12);
    c30 = madd(x, b0, c30);
    c31 = madd(x, b1, c31);
  }
  keep(c, c00, c01, low, high);
  c += ldc;
  keep(c, c10, c11, low, high);
  c += ldc;
  keep(c, c20, c21, low, high);
  c += ldc;
  keep(c, c30, c31, low, high);
}

/** Six rows by 8 columns. `next` is the distance of the rows that the sums start from: 0 for the bias. */
function rows6(
  a: usize, b: usize, c: usize, ldc: usize, start: usize, next: usize, k: i32, low: v128, high: v128,
): void {
  let c00 = v128.load(start);
  let c01 = v128.load(start, 16);
  start += next;
  let c10 = v128.load(start);
  let c11 = v128.load(start, 16);
  start += next;
  let c20 = v128.load(start);
  let c21 = v128.load(start, 16);
  start += next;
  let c30 = v128.load(start);
  let c31 = v128.load(start, 16);
  start += next;
  let c40 = v128.load(start);
  let c41 = v128.load(start, 16);
  start += next;
  let c50 = v128.load(start);
  let c51 = v128.load(start, 16);
  for (let q = 0; q < k; q++, a += GROUP, b += 32) {
    const b0 = v128.load(b);
    const b1 = v128.load(b, 16);
    let x = v128.load32_splat(a);
    c00 = madd(x, b0, c00);
    c01 = madd(x, b1, c01);
    x = v128.load32_splat(a, 4);
    c10 = madd(x, b0, c10);
    c11 = madd(x, b1, c11);
    x = v128.load32_splat(a, 8);
    c20 = madd(x, b0, c20);
    c21 = madd(x, b1, c21);
    x = v128.load32_splat(a, 12);
    c30 = madd(x, b0, c30);
    c31 = madd(x, b1, c31);
    x = v128.load32_splat(a, 16);
    c40 = madd(x, b0, c40);
    c41 = madd(x, b1, c41);
    x = v128.load32_splat(a, 20);
    c50 = madd(x, b0, c50);
    c51 = madd(x, b1, c51);
  }
  keep(c, c00, c01, low, high);
  c += ldc;
  keep(c, c10, c11, low, high);
  c += ldc;
  keep(c, c20, c21, low, high);
  c += ldc;
  keep(c, c30, c31, low, high);
  c += ldc;
  keep(c, c40, c41, low, high);
  c += ldc;
  keep(c, c50, c51, low, high);
}

/** Some packed rows by 8 columns. */
function rowsOf(
  m: i32, a: usize, b: usize, c: usize, ldc: usize, start: usize, next: usize, k: i32, low: v128, high: v128,
): void {
  let i = 0;
  for (; i + ROWS <= m; i += ROWS, a += GROUP * k, c += <usize>ROWS * ldc, start += <usize>ROWS * next) {
    if (ASC_FEATURE_RELAXED_SIMD) rows6(a, b, c, ldc, start, next, k, low, high);
    else rows4(a, b, c, ldc, start, next, k, low, high);
  }
  if (ASC_FEATURE_RELAXED_SIMD && i + 4 <= m) {
    rows4(a, b, c, ldc, start, next, k, low, high);
    i += 4;
    a += 16;
    c += 4 * ldc;
    start += 4 * next;
  }
  for (; i < m; i++, a += 4, c += ldc, start += next) rows1(a, b, c, start, k, low, high);
}

/** Numbers of scratch that a product needs, B aside: the bias, a tile of the last columns, a block of A. */
export function scratchOf(n: i32): i32 {
  return padded(n) + BLOCK + ROWS * DEPTH + 8 * (BLOCK + ROWS);
}

/**
 * The product of A, `m` by `k`, of which number (i, q) lies at `i * row + q * column`, with a packed B.
 *
 * @param bias The address of `n` numbers to add to each row; 0 for none.
 * @param adds Whether the result is added to what is in C.
 * @param low The least result, -Infinity where there is none.
 */
export function product(
  a: usize, row: i32, column: i32, b: usize, c: usize, m: i32, k: i32, n: i32, bias: usize, adds: bool, low: f32, high: f32,
  scratch: usize,
): void {
  const width = padded(n), ldc = bytes(n), tile = scratch + bytes(width), packed = tile + bytes(8 * (BLOCK + ROWS));
  memory.fill(scratch, 0, bytes(width));
  if (bias) copy(scratch, bias, n);
  const none = f32x4.splat(-Infinity), all = f32x4.splat(Infinity);
  for (let k0 = 0; k0 < k; k0 += DEPTH) {
    const depth = depthOf(k0, k), last = k0 + depth == k, fresh = k0 == 0 && !adds;
    const least = last ? f32x4.splat(low) : none, most = last ? f32x4.splat(high) : all;
    const height = max(ROWS, (BLOCK / depth / ROWS) * ROWS);
    for (let m0 = 0; m0 < m; m0 += height) {
      const rows = min(height, m - m0);
      packRows(a + bytes(m0 * row + k0 * column), packed, rows, depth, row, column);
      let panel = b + bytes(k0 * width);
      for (let j = 0; j < n; j += 8, panel += bytes(8 * depth)) {
        const to = c + bytes(m0 * n + j), cut = n - j;
        const start = fresh ? scratch + bytes(j) : to;
        if (cut >= 8) {
          rowsOf(rows, packed, panel, to, ldc, start, fresh ? 0 : ldc, depth, least, most);
          continue;
        }
        // The last columns, fewer than 8: by way of a tile that has all 8.
        if (!fresh) for (let i = 0; i < rows; i++) copy(tile + bytes(8 * i), to + <usize>i * ldc, cut);
        const begin = fresh ? start : tile;
        rowsOf(rows, packed, panel, tile, 32, begin, fresh ? 0 : 32, depth, least, most);
        for (let i = 0; i < rows; i++) copy(to + <usize>i * ldc, tile + bytes(8 * i), cut);
      }
    }
  }
}
