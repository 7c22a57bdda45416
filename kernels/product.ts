// The matrix product: C = clamp(A B + bias). B is packed in panels of 8 columns, so that the innermost loop reads it in
// order whatever its layout was, and A in groups of rows, whose numbers then lie at constant distances from one address.
// Packing transposes for nothing. Blocks of K keep a panel of B in the first-level cache.
import { bytes, clamp, copy, madd } from './lanes';

/** Rows of accumulators: 6 by 8 needs fused multiply-adds to pay. */
const ROWS: i32 = ASC_FEATURE_RELAXED_SIMD ? 6 : 4;
/** Terms of the sum at a time. */
const DEPTH: i32 = 384;
/** Numbers of A at a time: 32 KiB. */
const BLOCK: i32 = 8192;

@inline
function depthOf(k0: i32, k: i32): i32 {
  return min(DEPTH, k - k0);
}

/** Columns of packed panels. */
@inline
function padded(n: i32): i32 {
  return (n + 7) & ~7;
}

/**
 * Packs B, `k` by `n`, of which number (i, j) lies at `i * row + j * column`. The result has `k` times `n` rounded up to
 * 8 numbers, with zeros in the columns that B lacks.
 */
export function pack(from: usize, to: usize, k: i32, n: i32, row: i32, column: i32): void {
  for (let k0 = 0; k0 < k; k0 += DEPTH) {
    const k1 = k0 + depthOf(k0, k);
    for (let j = 0; j < n; j += 8) {
      const width = min(8, n - j);
      let at = from + bytes(k0 * row + j * column);
      for (let i = k0; i < k1; i++, at += bytes(row), to += 32) {
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
const GROUP: usize = (<usize>ROWS) << 2;

/** Four numbers of a column of a group, out of four numbers of each of four rows. */
@inline
function transpose4(from: usize, row: usize, to: usize): void {
  const x0 = v128.load(from);
  const x1 = v128.load(from + row);
  const x2 = v128.load(from + 2 * row);
  const x3 = v128.load(from + 3 * row);
  const low01 = i32x4.shuffle(x0, x1, 0, 4, 1, 5);
  const low23 = i32x4.shuffle(x2, x3, 0, 4, 1, 5);
  const high01 = i32x4.shuffle(x0, x1, 2, 6, 3, 7);
  const high23 = i32x4.shuffle(x2, x3, 2, 6, 3, 7);
  v128.store(to, i64x2.shuffle(low01, low23, 0, 2));
  v128.store(to + GROUP, i64x2.shuffle(low01, low23, 1, 3));
  v128.store(to + 2 * GROUP, i64x2.shuffle(high01, high23, 0, 2));
  v128.store(to + 3 * GROUP, i64x2.shuffle(high01, high23, 1, 3));
}

/** Packs rows of A in groups of ROWS, column by column: so their numbers lie at constant distances. */
function packRows(from: usize, to: usize, m: i32, k: i32, row: i32, column: i32): void {
  for (let i = 0; i < m; i += ROWS, to += GROUP * k) {
    const height = min(ROWS, m - i);
    const at = from + bytes(i * row);
    let r = 0;
    let done = 0;
    if (column == 1 && height >= 4) {
      for (; done + 4 <= k; done += 4) transpose4(at + bytes(done), bytes(row), to + GROUP * done);
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
  a: usize,
  b: usize,
  c: usize,
  ldc: usize,
  start: usize,
  next: usize,
  k: i32,
  low: v128,
  high: v128,
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
  a: usize,
  b: usize,
  c: usize,
  ldc: usize,
  start: usize,
  next: usize,
  k: i32,
  low: v128,
  high: v128,
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
  m: i32,
  a: usize,
  b: usize,
  c: usize,
  ldc: usize,
  start: usize,
  next: usize,
  k: i32,
  low: v128,
  high: v128,
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
