// Made by scripts/unroll-windows.mjs: the innermost loops of depthwise convolutions, seven output pixels of four channels at
// once. Each column of the input is read once for all of its taps; a block at the border leaves out the columns that are not there.
import { bytes, clamp, madd } from './lanes';

/** Output pixels of a block. */
export const PIXELS: i32 = 7;

/** Whether there is a loop for such windows. */
export function hasBlocks(taps: i32, stride: i32, dilation: i32, channels: i32): bool {
  return ((taps == 3 || taps == 5) && stride <= 2 || taps <= 2 && stride == 1) && dilation == 1 && channels % 4 == 0;
}

/** Whether a column lies inside the picture: all do where the block is not cut. */
@inline
function within(cut: bool, column: i32, first: i32, count: i32): bool {
  return !cut || <u32>(column - first) < <u32>count;
}

@inline
function sum1by1(
  cut: bool, x: usize, filter: usize, y: usize, next: usize, bias: usize, low: f32, high: f32, channels: i32, rows: i32, row: usize, first: i32, count: i32, pixels: i32,
): void {
  const step = bytes(channels), least = f32x4.splat(low), most = f32x4.splat(high);
  for (let c = 0; c + 4 <= channels; c += 4, x += 16, filter += 16, y += 16) {
    let a0 = bias ? v128.load(bias + bytes(c)) : f32x4.splat(0);
    let a1 = a0, a2 = a0, a3 = a0, a4 = a0, a5 = a0, a6 = a0;
    let line = x, w = filter;
    for (let ky = 0; ky < rows; ky++, line += row, w += 1 * step) {
      const w0 = v128.load(w);
      let at = line, s: v128;
      if (within(cut, 0, first, count)) s = v128.load(at), a0 = madd(s, w0, a0);
      at += step;
      if (within(cut, 1, first, count)) s = v128.load(at), a1 = madd(s, w0, a1);
      at += step;
      if (within(cut, 2, first, count)) s = v128.load(at), a2 = madd(s, w0, a2);
      at += step;
      if (within(cut, 3, first, count)) s = v128.load(at), a3 = madd(s, w0, a3);
      at += step;
      if (within(cut, 4, first, count)) s = v128.load(at), a4 = madd(s, w0, a4);
      at += step;
      if (within(cut, 5, first, count)) s = v128.load(at), a5 = madd(s, w0, a5);
      at += step;
      if (within(cut, 6, first, count)) s = v128.load(at), a6 = madd(s, w0, a6);
    }
    if (!cut || pixels > 0) v128.store(y, clamp(a0, least, most));
    if (!cut || pixels > 1) v128.store(y + 1 * next, clamp(a1, least, most));
    if (!cut || pixels > 2) v128.store(y + 2 * next, clamp(a2, least, most));
    if (!cut || pixels > 3) v128.store(y + 3 * next, clamp(a3, least, most));
    if (!cut || pixels > 4) v128.store(y + 4 * next, clamp(a4, least, most));
    if (!cut || pixels > 5) v128.store(y + 5 * next, clamp(a5, least, most));
    if (!cut || pixels > 6) v128.store(y + 6 * next, clamp(a6, least, most));
  }
}

@inline
function sum2by1(
  cut: bool, x: usize, filter: usize, y: usize, next: usize, bias: usize, low: f32, high: f32, channels: i32, rows: i32, row: usize, first: i32, count: i32, pixels: i32,
): void {
  const step = bytes(channels), least = f32x4.splat(low), most = f32x4.splat(high);
  for (let c = 0; c + 4 <= channels; c += 4, x += 16, filter += 16, y += 16) {
    let a0 = bias ? v128.load(bias + bytes(c)) : f32x4.splat(0);
    let a1 = a0, a2 = a0, a3 = a0, a4 = a0, a5 = a0, a6 = a0;
    let line = x, w = filter;
    for (let ky = 0; ky < rows; ky++, line += row, w += 2 * step) {
      const w0 = v128.load(w), w1 = v128.load(w + 1 * step);
      let at = line, s: v128;
      if (within(cut, 0, first, count)) s = v128.load(at), a0 = madd(s, w0, a0);
      at += step;
      if (within(cut, 1, first, count)) s = v128.load(at), a1 = madd(s, w0, a1), a0 = madd(s, w1, a0);
      at += step;
      if (within(cut, 2, first, count)) s = v128.load(at), a2 = madd(s, w0, a2), a1 = madd(s, w1, a1);
      at += step;
      if (within(cut, 3, first, count)) s = v128.load(at), a3 = madd(s, w0, a3), a2 = madd(s, w1, a2);
      at += step;
      if (within(cut, 4, first, count)) s = v128.load(at), a4 = madd(s, w0, a4), a3 = madd(s, w1, a3);
      at += step;
      if (within(cut, 5, first, count)) s = v128.load(at), a5 = madd(s, w0, a5), a4 = madd(s, w1, a4);
      at += step;
      if (within(cut, 6, first, count)) s = v128.load(at), a6 = madd(s, w0, a6), a5 = madd(s, w1, a5);
      at += step;
      if (within(cut, 7, first, count)) s = v128.load(at), a6 = madd(s, w1, a6);
    }
    if (!cut || pixels > 0) v128.store(y, clamp(a0, least, most));
    if (!cut || pixels > 1) v128.store(y + 1 * next, clamp(a1, least, most));
    if (!cut || pixels > 2) v128.store(y + 2 * next, clamp(a2, least, most));
    if (!cut || pixels > 3) v128.store(y + 3 * next, clamp(a3, least, most));
    if (!cut || pixels > 4) v128.store(y + 4 * next, clamp(a4, least, most));
    if (!cut || pixels > 5) v128.store(y + 5 * next, clamp(a5, least, most));
    if (!cut || pixels > 6) v128.store(y + 6 * next, clamp(a6, least, most));
  }
}

@inline
function sum3by1(
  cut: bool, x: usize, filter: usize, y: usize, next: usize, bias: usize, low: f32, high: f32, channels: i32, rows: i32, row: usize, first: i32, count: i32, pixels: i32,
): void {
  const step = bytes(channels), least = f32x4.splat(low), most = f32x4.splat(high);
  for (let c = 0; c + 4 <= channels; c += 4, x += 16, filter += 16, y += 16) {
    let a0 = bias ? v128.load(bias + bytes(c)) : f32x4.splat(0);
    let a1 = a0, a2 = a0, a3 = a0, a4 = a0, a5 = a0, a6 = a0;
    let line = x, w = filter;
    for (let ky = 0; ky < rows; ky++, line += row, w += 3 * step) {
      const w0 = v128.load(w), w1 = v128.load(w + 1 * step), w2 = v128.load(w + 2 * step);
      let at = line, s: v128;
      if (within(cut, 0, first, count)) s = v128.load(at), a0 = madd(s, w0, a0);
      at += step;
      if (within(cut, 1, first, count)) s = v128.load(at), a1 = madd(s, w0, a1), a0 = madd(s, w1, a0);
      at += step;
      if (within(cut, 2, first, count)) s = v128.load(at), a2 = madd(s, w0, a2), a1 = madd(s, w1, a1), a0 = madd(s, w2, a0);
      at += step;
      if (within(cut, 3, first, count)) s = v128.load(at), a3 = madd(s, w0, a3), a2 = madd(s, w1, a2), a1 = madd(s, w2, a1);
      at += step;
      if (within(cut, 4, first, count)) s = v128.load(at), a4 = madd(s, w0, a4), a3 = madd(s, w1, a3), a2 = madd(s, w2, a2);
      at += step;
      if (within(cut, 5, first, count)) s = v128.load(at), a5 = madd(s, w0, a5), a4 = madd(s, w1, a4), a3 = madd(s, w2, a3);
      at += step;
      if (within(cut, 6, first, count)) s = v128.load(at), a6 = madd(s, w0, a6), a5 = madd(s, w1, a5), a4 = madd(s, w2, a4);
      at += step;
      if (within(cut, 7, first, count)) s = v128.load(at), a6 = madd(s, w1, a6), a5 = madd(s, w2, a5);
      at += step;
      if (within(cut, 8, first, count)) s = v128.load(at), a6 = madd(s, w2, a6);
    }
    if (!cut || pixels > 0) v128.store(y, clamp(a0, least, most));
    if (!cut || pixels > 1) v128.store(y + 1 * next, clamp(a1, least, most));
    if (!cut || pixels > 2) v128.store(y + 2 * next, clamp(a2, least, most));
    if (!cut || pixels > 3) v128.store(y + 3 * next, clamp(a3, least, most));
    if (!cut || pixels > 4) v128.store(y + 4 * next, clamp(a4, least, most));
    if (!cut || pixels > 5) v128.store(y + 5 * next, clamp(a5, least, most));
    if (!cut || pixels > 6) v128.store(y + 6 * next, clamp(a6, least, most));
  }
}

@inline
function sum5by1(
  cut: bool, x: usize, filter: usize, y: usize, next: usize, bias: usize, low: f32, high: f32, channels: i32, rows: i32, row: usize, first: i32, count: i32, pixels: i32,
): void {
  const step = bytes(channels), least = f32x4.splat(low), most = f32x4.splat(high);
  for (let c = 0; c + 4 <= channels; c += 4, x += 16, filter += 16, y += 16) {
    let a0 = bias ? v128.load(bias + bytes(c)) : f32x4.splat(0);
    let a1 = a0, a2 = a0, a3 = a0, a4 = a0, a5 = a0, a6 = a0;
    let line = x, w = filter;
    for (let ky = 0; ky < rows; ky++, line += row, w += 5 * step) {
      const w0 = v128.load(w), w1 = v128.load(w + 1 * step), w2 = v128.load(w + 2 * step), w3 = v128.load(w + 3 * step), w4 = v128.load(w + 4 * step);
      let at = line, s: v128;
      if (within(cut, 0, first, count)) s = v128.load(at), a0 = madd(s, w0, a0);
      at += step;
      if (within(cut, 1, first, count)) s = v128.load(at), a1 = madd(s, w0, a1), a0 = madd(s, w1, a0);
      at += step;
      if (within(cut, 2, first, count)) s = v128.load(at), a2 = madd(s, w0, a2), a1 = madd(s, w1, a1), a0 = madd(s, w2, a0);
      at += step;
      if (within(cut, 3, first, count)) s = v128.load(at), a3 = madd(s, w0, a3), a2 = madd(s, w1, a2), a1 = madd(s, w2, a1), a0 = madd(s, w3, a0);
      at += step;
      if (within(cut, 4, first, count)) s = v128.load(at), a4 = madd(s, w0, a4), a3 = madd(s, w1, a3), a2 = madd(s, w2, a2), a1 = madd(s, w3, a1), a0 = madd(s, w4, a0);
      at += step;
      if (within(cut, 5, first, count)) s = v128.load(at), a5 = madd(s, w0, a5), a4 = madd(s, w1, a4), a3 = madd(s, w2, a3), a2 = madd(s, w3, a2), a1 = madd(s, w4, a1);
      at += step;
      if (within(cut, 6, first, count)) s = v128.load(at), a6 = madd(s, w0, a6), a5 = madd(s, w1, a5), a4 = madd(s, w2, a4), a3 = madd(s, w3, a3), a2 = madd(s, w4, a2);
      at += step;
      if (within(cut, 7, first, count)) s = v128.load(at), a6 = madd(s, w1, a6), a5 = madd(s, w2, a5), a4 = madd(s, w3, a4), a3 = madd(s, w4, a3);
      at += step;
      if (within(cut, 8, first, count)) s = v128.load(at), a6 = madd(s, w2, a6), a5 = madd(s, w3, a5), a4 = madd(s, w4, a4);
      at += step;
      if (within(cut, 9, first, count)) s = v128.load(at), a6 = madd(s, w3, a6), a5 = madd(s, w4, a5);
      at += step;
      if (within(cut, 10, first, count)) s = v128.load(at), a6 = madd(s, w4, a6);
    }
    if (!cut || pixels > 0) v128.store(y, clamp(a0, least, most));
    if (!cut || pixels > 1) v128.store(y + 1 * next, clamp(a1, least, most));
    if (!cut || pixels > 2) v128.store(y + 2 * next, clamp(a2, least, most));
    if (!cut || pixels > 3) v128.store(y + 3 * next, clamp(a3, least, most));
    if (!cut || pixels > 4) v128.store(y + 4 * next, clamp(a4, least, most));
    if (!cut || pixels > 5) v128.store(y + 5 * next, clamp(a5, least, most));
    if (!cut || pixels > 6) v128.store(y + 6 * next, clamp(a6, least, most));
  }
}

@inline
function sum3by2(
  cut: bool, x: usize, filter: usize, y: usize, next: usize, bias: usize, low: f32, high: f32, channels: i32, rows: i32, row: usize, first: i32, count: i32, pixels: i32,
): void {
  const step = bytes(channels), least = f32x4.splat(low), most = f32x4.splat(high);
  for (let c = 0; c + 4 <= channels; c += 4, x += 16, filter += 16, y += 16) {
    let a0 = bias ? v128.load(bias + bytes(c)) : f32x4.splat(0);
    let a1 = a0, a2 = a0, a3 = a0, a4 = a0, a5 = a0, a6 = a0;
    let line = x, w = filter;
    for (let ky = 0; ky < rows; ky++, line += row, w += 3 * step) {
      const w0 = v128.load(w), w1 = v128.load(w + 1 * step), w2 = v128.load(w + 2 * step);
      let at = line, s: v128;
      if (within(cut, 0, first, count)) s = v128.load(at), a0 = madd(s, w0, a0);
      at += step;
      if (within(cut, 1, first, count)) s = v128.load(at), a0 = madd(s, w1, a0);
      at += step;
      if (within(cut, 2, first, count)) s = v128.load(at), a1 = madd(s, w0, a1), a0 = madd(s, w2, a0);
      at += step;
      if (within(cut, 3, first, count)) s = v128.load(at), a1 = madd(s, w1, a1);
      at += step;
      if (within(cut, 4, first, count)) s = v128.load(at), a2 = madd(s, w0, a2), a1 = madd(s, w2, a1);
      at += step;
      if (within(cut, 5, first, count)) s = v128.load(at), a2 = madd(s, w1, a2);
      at += step;
      if (within(cut, 6, first, count)) s = v128.load(at), a3 = madd(s, w0, a3), a2 = madd(s, w2, a2);
      at += step;
      if (within(cut, 7, first, count)) s = v128.load(at), a3 = madd(s, w1, a3);
      at += step;
      if (within(cut, 8, first, count)) s = v128.load(at), a4 = madd(s, w0, a4), a3 = madd(s, w2, a3);
      at += step;
      if (within(cut, 9, first, count)) s = v128.load(at), a4 = madd(s, w1, a4);
      at += step;
      if (within(cut, 10, first, count)) s = v128.load(at), a5 = madd(s, w0, a5), a4 = madd(s, w2, a4);
      at += step;
      if (within(cut, 11, first, count)) s = v128.load(at), a5 = madd(s, w1, a5);
      at += step;
      if (within(cut, 12, first, count)) s = v128.load(at), a6 = madd(s, w0, a6), a5 = madd(s, w2, a5);
      at += step;
      if (within(cut, 13, first, count)) s = v128.load(at), a6 = madd(s, w1, a6);
      at += step;
      if (within(cut, 14, first, count)) s = v128.load(at), a6 = madd(s, w2, a6);
    }
    if (!cut || pixels > 0) v128.store(y, clamp(a0, least, most));
    if (!cut || pixels > 1) v128.store(y + 1 * next, clamp(a1, least, most));
    if (!cut || pixels > 2) v128.store(y + 2 * next, clamp(a2, least, most));
    if (!cut || pixels > 3) v128.store(y + 3 * next, clamp(a3, least, most));
    if (!cut || pixels > 4) v128.store(y + 4 * next, clamp(a4, least, most));
    if (!cut || pixels > 5) v128.store(y + 5 * next, clamp(a5, least, most));
    if (!cut || pixels > 6) v128.store(y + 6 * next, clamp(a6, least, most));
  }
}

@inline
function sum5by2(
  cut: bool, x: usize, filter: usize, y: usize, next: usize, bias: usize, low: f32, high: f32, channels: i32, rows: i32, row: usize, first: i32, count: i32, pixels: i32,
): void {
  const step = bytes(channels), least = f32x4.splat(low), most = f32x4.splat(high);
  for (let c = 0; c + 4 <= channels; c += 4, x += 16, filter += 16, y += 16) {
    let a0 = bias ? v128.load(bias + bytes(c)) : f32x4.splat(0);
    let a1 = a0, a2 = a0, a3 = a0, a4 = a0, a5 = a0, a6 = a0;
    let line = x, w = filter;
    for (let ky = 0; ky < rows; ky++, line += row, w += 5 * step) {
      const w0 = v128.load(w), w1 = v128.load(w + 1 * step), w2 = v128.load(w + 2 * step), w3 = v128.load(w + 3 * step), w4 = v128.load(w + 4 * step);
      let at = line, s: v128;
      if (within(cut, 0, first, count)) s = v128.load(at), a0 = madd(s, w0, a0);
      at += step;
      if (within(cut, 1, first, count)) s = v128.load(at), a0 = madd(s, w1, a0);
      at += step;
      if (within(cut, 2, first, count)) s = v128.load(at), a1 = madd(s, w0, a1), a0 = madd(s, w2, a0);
      at += step;
      if (within(cut, 3, first, count)) s = v128.load(at), a1 = madd(s, w1, a1), a0 = madd(s, w3, a0);
      at += step;
      if (within(cut, 4, first, count)) s = v128.load(at), a2 = madd(s, w0, a2), a1 = madd(s, w2, a1), a0 = madd(s, w4, a0);
      at += step;
      if (within(cut, 5, first, count)) s = v128.load(at), a2 = madd(s, w1, a2), a1 = madd(s, w3, a1);
      at += step;
      if (within(cut, 6, first, count)) s = v128.load(at), a3 = madd(s, w0, a3), a2 = madd(s, w2, a2), a1 = madd(s, w4, a1);
      at += step;
      if (within(cut, 7, first, count)) s = v128.load(at), a3 = madd(s, w1, a3), a2 = madd(s, w3, a2);
      at += step;
      if (within(cut, 8, first, count)) s = v128.load(at), a4 = madd(s, w0, a4), a3 = madd(s, w2, a3), a2 = madd(s, w4, a2);
      at += step;
      if (within(cut, 9, first, count)) s = v128.load(at), a4 = madd(s, w1, a4), a3 = madd(s, w3, a3);
      at += step;
      if (within(cut, 10, first, count)) s = v128.load(at), a5 = madd(s, w0, a5), a4 = madd(s, w2, a4), a3 = madd(s, w4, a3);
      at += step;
      if (within(cut, 11, first, count)) s = v128.load(at), a5 = madd(s, w1, a5), a4 = madd(s, w3, a4);
      at += step;
      if (within(cut, 12, first, count)) s = v128.load(at), a6 = madd(s, w0, a6), a5 = madd(s, w2, a5), a4 = madd(s, w4, a4);
      at += step;
      if (within(cut, 13, first, count)) s = v128.load(at), a6 = madd(s, w1, a6), a5 = madd(s, w3, a5);
      at += step;
      if (within(cut, 14, first, count)) s = v128.load(at), a6 = madd(s, w2, a6), a5 = madd(s, w4, a5);
      at += step;
      if (within(cut, 15, first, count)) s = v128.load(at), a6 = madd(s, w3, a6);
      at += step;
      if (within(cut, 16, first, count)) s = v128.load(at), a6 = madd(s, w4, a6);
    }
    if (!cut || pixels > 0) v128.store(y, clamp(a0, least, most));
    if (!cut || pixels > 1) v128.store(y + 1 * next, clamp(a1, least, most));
    if (!cut || pixels > 2) v128.store(y + 2 * next, clamp(a2, least, most));
    if (!cut || pixels > 3) v128.store(y + 3 * next, clamp(a3, least, most));
    if (!cut || pixels > 4) v128.store(y + 4 * next, clamp(a4, least, most));
    if (!cut || pixels > 5) v128.store(y + 5 * next, clamp(a5, least, most));
    if (!cut || pixels > 6) v128.store(y + 6 * next, clamp(a6, least, most));
  }
}

function takesum1by1(
  cut: bool, x: usize, filter: usize, y: usize, next: usize, bias: usize, low: f32, high: f32, channels: i32, rows: i32, row: usize, first: i32, count: i32, pixels: i32,
): void {
  if (cut) sum1by1(true, x, filter, y, next, bias, low, high, channels, rows, row, first, count, pixels);
  else sum1by1(false, x, filter, y, next, bias, low, high, channels, rows, row, first, count, pixels);
}

function takesum2by1(
  cut: bool, x: usize, filter: usize, y: usize, next: usize, bias: usize, low: f32, high: f32, channels: i32, rows: i32, row: usize, first: i32, count: i32, pixels: i32,
): void {
  if (cut) sum2by1(true, x, filter, y, next, bias, low, high, channels, rows, row, first, count, pixels);
  else sum2by1(false, x, filter, y, next, bias, low, high, channels, rows, row, first, count, pixels);
}

function takesum3by1(
  cut: bool, x: usize, filter: usize, y: usize, next: usize, bias: usize, low: f32, high: f32, channels: i32, rows: i32, row: usize, first: i32, count: i32, pixels: i32,
): void {
  if (cut) sum3by1(true, x, filter, y, next, bias, low, high, channels, rows, row, first, count, pixels);
  else sum3by1(false, x, filter, y, next, bias, low, high, channels, rows, row, first, count, pixels);
}

function takesum5by1(
  cut: bool, x: usize, filter: usize, y: usize, next: usize, bias: usize, low: f32, high: f32, channels: i32, rows: i32, row: usize, first: i32, count: i32, pixels: i32,
): void {
  if (cut) sum5by1(true, x, filter, y, next, bias, low, high, channels, rows, row, first, count, pixels);
  else sum5by1(false, x, filter, y, next, bias, low, high, channels, rows, row, first, count, pixels);
}

function takesum3by2(
  cut: bool, x: usize, filter: usize, y: usize, next: usize, bias: usize, low: f32, high: f32, channels: i32, rows: i32, row: usize, first: i32, count: i32, pixels: i32,
): void {
  if (cut) sum3by2(true, x, filter, y, next, bias, low, high, channels, rows, row, first, count, pixels);
  else sum3by2(false, x, filter, y, next, bias, low, high, channels, rows, row, first, count, pixels);
}

function takesum5by2(
  cut: bool, x: usize, filter: usize, y: usize, next: usize, bias: usize, low: f32, high: f32, channels: i32, rows: i32, row: usize, first: i32, count: i32, pixels: i32,
): void {
  if (cut) sum5by2(true, x, filter, y, next, bias, low, high, channels, rows, row, first, count, pixels);
  else sum5by2(false, x, filter, y, next, bias, low, high, channels, rows, row, first, count, pixels);
}

/**
 * A block of a line, all channels.
 *
 * @param x0 The column of the input where the first window starts, maybe outside; x is the address there, in the first row.
 * @param rows Rows of the window that lie inside; `row` is their distance in bytes.
 * @param pixels Output pixels, at most PIXELS.
 */
export function sumBlock(
  taps: i32, stride: i32, x0: i32, width: i32, x: usize, filter: usize, y: usize, next: usize, bias: usize, low: f32, high: f32, channels: i32, rows: i32,
  row: usize, pixels: i32,
): void {
  const columns = stride * (PIXELS - 1) + taps, first = max(0, -x0), count = max(0, min(columns, width - x0) - first);
  const cut = count < columns || pixels < PIXELS;
  if (taps == 1 && stride == 1) takesum1by1(cut, x, filter, y, next, bias, low, high, channels, rows, row, first, count, pixels);
  if (taps == 2 && stride == 1) takesum2by1(cut, x, filter, y, next, bias, low, high, channels, rows, row, first, count, pixels);
  if (taps == 3 && stride == 1) takesum3by1(cut, x, filter, y, next, bias, low, high, channels, rows, row, first, count, pixels);
  if (taps == 5 && stride == 1) takesum5by1(cut, x, filter, y, next, bias, low, high, channels, rows, row, first, count, pixels);
  if (taps == 3 && stride == 2) takesum3by2(cut, x, filter, y, next, bias, low, high, channels, rows, row, first, count, pixels);
  if (taps == 5 && stride == 2) takesum5by2(cut, x, filter, y, next, bias, low, high, channels, rows, row, first, count, pixels);
}

@inline
function gradient1by1(cut: bool, x: usize, dy: usize, filter: usize, channels: i32, rows: i32, row: usize, first: i32, count: i32, pixels: i32): void {
  const step = bytes(channels);
  for (let c = 0; c + 4 <= channels; c += 4, x += 16, dy += 16, filter += 16) {
    const d0 = !cut || pixels > 0 ? v128.load(dy) : f32x4.splat(0);
    const d1 = !cut || pixels > 1 ? v128.load(dy + 1 * step) : f32x4.splat(0);
    const d2 = !cut || pixels > 2 ? v128.load(dy + 2 * step) : f32x4.splat(0);
    const d3 = !cut || pixels > 3 ? v128.load(dy + 3 * step) : f32x4.splat(0);
    const d4 = !cut || pixels > 4 ? v128.load(dy + 4 * step) : f32x4.splat(0);
    const d5 = !cut || pixels > 5 ? v128.load(dy + 5 * step) : f32x4.splat(0);
    const d6 = !cut || pixels > 6 ? v128.load(dy + 6 * step) : f32x4.splat(0);
    let line = x, w = filter;
    for (let ky = 0; ky < rows; ky++, line += row, w += 1 * step) {
      let w0 = v128.load(w);
      let at = line, s: v128;
      if (within(cut, 0, first, count)) s = v128.load(at), w0 = madd(s, d0, w0);
      at += step;
      if (within(cut, 1, first, count)) s = v128.load(at), w0 = madd(s, d1, w0);
      at += step;
      if (within(cut, 2, first, count)) s = v128.load(at), w0 = madd(s, d2, w0);
      at += step;
      if (within(cut, 3, first, count)) s = v128.load(at), w0 = madd(s, d3, w0);
      at += step;
      if (within(cut, 4, first, count)) s = v128.load(at), w0 = madd(s, d4, w0);
      at += step;
      if (within(cut, 5, first, count)) s = v128.load(at), w0 = madd(s, d5, w0);
      at += step;
      if (within(cut, 6, first, count)) s = v128.load(at), w0 = madd(s, d6, w0);
      v128.store(w, w0);
    }
  }
}

@inline
function gradient2by1(cut: bool, x: usize, dy: usize, filter: usize, channels: i32, rows: i32, row: usize, first: i32, count: i32, pixels: i32): void {
  const step = bytes(channels);
  for (let c = 0; c + 4 <= channels; c += 4, x += 16, dy += 16, filter += 16) {
    const d0 = !cut || pixels > 0 ? v128.load(dy) : f32x4.splat(0);
    const d1 = !cut || pixels > 1 ? v128.load(dy + 1 * step) : f32x4.splat(0);
    const d2 = !cut || pixels > 2 ? v128.load(dy + 2 * step) : f32x4.splat(0);
    const d3 = !cut || pixels > 3 ? v128.load(dy + 3 * step) : f32x4.splat(0);
    const d4 = !cut || pixels > 4 ? v128.load(dy + 4 * step) : f32x4.splat(0);
    const d5 = !cut || pixels > 5 ? v128.load(dy + 5 * step) : f32x4.splat(0);
    const d6 = !cut || pixels > 6 ? v128.load(dy + 6 * step) : f32x4.splat(0);
    let line = x, w = filter;
    for (let ky = 0; ky < rows; ky++, line += row, w += 2 * step) {
      let w0 = v128.load(w), w1 = v128.load(w + 1 * step);
      let at = line, s: v128;
      if (within(cut, 0, first, count)) s = v128.load(at), w0 = madd(s, d0, w0);
      at += step;
      if (within(cut, 1, first, count)) s = v128.load(at), w0 = madd(s, d1, w0), w1 = madd(s, d0, w1);
      at += step;
      if (within(cut, 2, first, count)) s = v128.load(at), w0 = madd(s, d2, w0), w1 = madd(s, d1, w1);
      at += step;
      if (within(cut, 3, first, count)) s = v128.load(at), w0 = madd(s, d3, w0), w1 = madd(s, d2, w1);
      at += step;
      if (within(cut, 4, first, count)) s = v128.load(at), w0 = madd(s, d4, w0), w1 = madd(s, d3, w1);
      at += step;
      if (within(cut, 5, first, count)) s = v128.load(at), w0 = madd(s, d5, w0), w1 = madd(s, d4, w1);
      at += step;
      if (within(cut, 6, first, count)) s = v128.load(at), w0 = madd(s, d6, w0), w1 = madd(s, d5, w1);
      at += step;
      if (within(cut, 7, first, count)) s = v128.load(at), w1 = madd(s, d6, w1);
      v128.store(w, w0);
      v128.store(w + 1 * step, w1);
    }
  }
}

@inline
function gradient3by1(cut: bool, x: usize, dy: usize, filter: usize, channels: i32, rows: i32, row: usize, first: i32, count: i32, pixels: i32): void {
  const step = bytes(channels);
  for (let c = 0; c + 4 <= channels; c += 4, x += 16, dy += 16, filter += 16) {
    const d0 = !cut || pixels > 0 ? v128.load(dy) : f32x4.splat(0);
    const d1 = !cut || pixels > 1 ? v128.load(dy + 1 * step) : f32x4.splat(0);
    const d2 = !cut || pixels > 2 ? v128.load(dy + 2 * step) : f32x4.splat(0);
    const d3 = !cut || pixels > 3 ? v128.load(dy + 3 * step) : f32x4.splat(0);
    const d4 = !cut || pixels > 4 ? v128.load(dy + 4 * step) : f32x4.splat(0);
    const d5 = !cut || pixels > 5 ? v128.load(dy + 5 * step) : f32x4.splat(0);
    const d6 = !cut || pixels > 6 ? v128.load(dy + 6 * step) : f32x4.splat(0);
    let line = x, w = filter;
    for (let ky = 0; ky < rows; ky++, line += row, w += 3 * step) {
      let w0 = v128.load(w), w1 = v128.load(w + 1 * step), w2 = v128.load(w + 2 * step);
      let at = line, s: v128;
      if (within(cut, 0, first, count)) s = v128.load(at), w0 = madd(s, d0, w0);
      at += step;
      if (within(cut, 1, first, count)) s = v128.load(at), w0 = madd(s, d1, w0), w1 = madd(s, d0, w1);
      at += step;
      if (within(cut, 2, first, count)) s = v128.load(at), w0 = madd(s, d2, w0), w1 = madd(s, d1, w1), w2 = madd(s, d0, w2);
      at += step;
      if (within(cut, 3, first, count)) s = v128.load(at), w0 = madd(s, d3, w0), w1 = madd(s, d2, w1), w2 = madd(s, d1, w2);
      at += step;
      if (within(cut, 4, first, count)) s = v128.load(at), w0 = madd(s, d4, w0), w1 = madd(s, d3, w1), w2 = madd(s, d2, w2);
      at += step;
      if (within(cut, 5, first, count)) s = v128.load(at), w0 = madd(s, d5, w0), w1 = madd(s, d4, w1), w2 = madd(s, d3, w2);
      at += step;
      if (within(cut, 6, first, count)) s = v128.load(at), w0 = madd(s, d6, w0), w1 = madd(s, d5, w1), w2 = madd(s, d4, w2);
      at += step;
      if (within(cut, 7, first, count)) s = v128.load(at), w1 = madd(s, d6, w1), w2 = madd(s, d5, w2);
      at += step;
      if (within(cut, 8, first, count)) s = v128.load(at), w2 = madd(s, d6, w2);
      v128.store(w, w0);
      v128.store(w + 1 * step, w1);
      v128.store(w + 2 * step, w2);
    }
  }
}

@inline
function gradient5by1(cut: bool, x: usize, dy: usize, filter: usize, channels: i32, rows: i32, row: usize, first: i32, count: i32, pixels: i32): void {
  const step = bytes(channels);
  for (let c = 0; c + 4 <= channels; c += 4, x += 16, dy += 16, filter += 16) {
    const d0 = !cut || pixels > 0 ? v128.load(dy) : f32x4.splat(0);
    const d1 = !cut || pixels > 1 ? v128.load(dy + 1 * step) : f32x4.splat(0);
    const d2 = !cut || pixels > 2 ? v128.load(dy + 2 * step) : f32x4.splat(0);
    const d3 = !cut || pixels > 3 ? v128.load(dy + 3 * step) : f32x4.splat(0);
    const d4 = !cut || pixels > 4 ? v128.load(dy + 4 * step) : f32x4.splat(0);
    const d5 = !cut || pixels > 5 ? v128.load(dy + 5 * step) : f32x4.splat(0);
    const d6 = !cut || pixels > 6 ? v128.load(dy + 6 * step) : f32x4.splat(0);
    let line = x, w = filter;
    for (let ky = 0; ky < rows; ky++, line += row, w += 5 * step) {
      let w0 = v128.load(w), w1 = v128.load(w + 1 * step), w2 = v128.load(w + 2 * step), w3 = v128.load(w + 3 * step), w4 = v128.load(w + 4 * step);
      let at = line, s: v128;
      if (within(cut, 0, first, count)) s = v128.load(at), w0 = madd(s, d0, w0);
      at += step;
      if (within(cut, 1, first, count)) s = v128.load(at), w0 = madd(s, d1, w0), w1 = madd(s, d0, w1);
      at += step;
      if (within(cut, 2, first, count)) s = v128.load(at), w0 = madd(s, d2, w0), w1 = madd(s, d1, w1), w2 = madd(s, d0, w2);
      at += step;
      if (within(cut, 3, first, count)) s = v128.load(at), w0 = madd(s, d3, w0), w1 = madd(s, d2, w1), w2 = madd(s, d1, w2), w3 = madd(s, d0, w3);
      at += step;
      if (within(cut, 4, first, count)) s = v128.load(at), w0 = madd(s, d4, w0), w1 = madd(s, d3, w1), w2 = madd(s, d2, w2), w3 = madd(s, d1, w3), w4 = madd(s, d0, w4);
      at += step;
      if (within(cut, 5, first, count)) s = v128.load(at), w0 = madd(s, d5, w0), w1 = madd(s, d4, w1), w2 = madd(s, d3, w2), w3 = madd(s, d2, w3), w4 = madd(s, d1, w4);
      at += step;
      if (within(cut, 6, first, count)) s = v128.load(at), w0 = madd(s, d6, w0), w1 = madd(s, d5, w1), w2 = madd(s, d4, w2), w3 = madd(s, d3, w3), w4 = madd(s, d2, w4);
      at += step;
      if (within(cut, 7, first, count)) s = v128.load(at), w1 = madd(s, d6, w1), w2 = madd(s, d5, w2), w3 = madd(s, d4, w3), w4 = madd(s, d3, w4);
      at += step;
      if (within(cut, 8, first, count)) s = v128.load(at), w2 = madd(s, d6, w2), w3 = madd(s, d5, w3), w4 = madd(s, d4, w4);
      at += step;
      if (within(cut, 9, first, count)) s = v128.load(at), w3 = madd(s, d6, w3), w4 = madd(s, d5, w4);
      at += step;
      if (within(cut, 10, first, count)) s = v128.load(at), w4 = madd(s, d6, w4);
      v128.store(w, w0);
      v128.store(w + 1 * step, w1);
      v128.store(w + 2 * step, w2);
      v128.store(w + 3 * step, w3);
      v128.store(w + 4 * step, w4);
    }
  }
}

@inline
function gradient3by2(cut: bool, x: usize, dy: usize, filter: usize, channels: i32, rows: i32, row: usize, first: i32, count: i32, pixels: i32): void {
  const step = bytes(channels);
  for (let c = 0; c + 4 <= channels; c += 4, x += 16, dy += 16, filter += 16) {
    const d0 = !cut || pixels > 0 ? v128.load(dy) : f32x4.splat(0);
    const d1 = !cut || pixels > 1 ? v128.load(dy + 1 * step) : f32x4.splat(0);
    const d2 = !cut || pixels > 2 ? v128.load(dy + 2 * step) : f32x4.splat(0);
    const d3 = !cut || pixels > 3 ? v128.load(dy + 3 * step) : f32x4.splat(0);
    const d4 = !cut || pixels > 4 ? v128.load(dy + 4 * step) : f32x4.splat(0);
    const d5 = !cut || pixels > 5 ? v128.load(dy + 5 * step) : f32x4.splat(0);
    const d6 = !cut || pixels > 6 ? v128.load(dy + 6 * step) : f32x4.splat(0);
    let line = x, w = filter;
    for (let ky = 0; ky < rows; ky++, line += row, w += 3 * step) {
      let w0 = v128.load(w), w1 = v128.load(w + 1 * step), w2 = v128.load(w + 2 * step);
      let at = line, s: v128;
      if (within(cut, 0, first, count)) s = v128.load(at), w0 = madd(s, d0, w0);
      at += step;
      if (within(cut, 1, first, count)) s = v128.load(at), w1 = madd(s, d0, w1);
      at += step;
      if (within(cut, 2, first, count)) s = v128.load(at), w0 = madd(s, d1, w0), w2 = madd(s, d0, w2);
      at += step;
      if (within(cut, 3, first, count)) s = v128.load(at), w1 = madd(s, d1, w1);
      at += step;
      if (within(cut, 4, first, count)) s = v128.load(at), w0 = madd(s, d2, w0), w2 = madd(s, d1, w2);
      at += step;
      if (within(cut, 5, first, count)) s = v128.load(at), w1 = madd(s, d2, w1);
      at += step;
      if (within(cut, 6, first, count)) s = v128.load(at), w0 = madd(s, d3, w0), w2 = madd(s, d2, w2);
      at += step;
      if (within(cut, 7, first, count)) s = v128.load(at), w1 = madd(s, d3, w1);
      at += step;
      if (within(cut, 8, first, count)) s = v128.load(at), w0 = madd(s, d4, w0), w2 = madd(s, d3, w2);
      at += step;
      if (within(cut, 9, first, count)) s = v128.load(at), w1 = madd(s, d4, w1);
      at += step;
      if (within(cut, 10, first, count)) s = v128.load(at), w0 = madd(s, d5, w0), w2 = madd(s, d4, w2);
      at += step;
      if (within(cut, 11, first, count)) s = v128.load(at), w1 = madd(s, d5, w1);
      at += step;
      if (within(cut, 12, first, count)) s = v128.load(at), w0 = madd(s, d6, w0), w2 = madd(s, d5, w2);
      at += step;
      if (within(cut, 13, first, count)) s = v128.load(at), w1 = madd(s, d6, w1);
      at += step;
      if (within(cut, 14, first, count)) s = v128.load(at), w2 = madd(s, d6, w2);
      v128.store(w, w0);
      v128.store(w + 1 * step, w1);
      v128.store(w + 2 * step, w2);
    }
  }
}

@inline
function gradient5by2(cut: bool, x: usize, dy: usize, filter: usize, channels: i32, rows: i32, row: usize, first: i32, count: i32, pixels: i32): void {
  const step = bytes(channels);
  for (let c = 0; c + 4 <= channels; c += 4, x += 16, dy += 16, filter += 16) {
    const d0 = !cut || pixels > 0 ? v128.load(dy) : f32x4.splat(0);
    const d1 = !cut || pixels > 1 ? v128.load(dy + 1 * step) : f32x4.splat(0);
    const d2 = !cut || pixels > 2 ? v128.load(dy + 2 * step) : f32x4.splat(0);
    const d3 = !cut || pixels > 3 ? v128.load(dy + 3 * step) : f32x4.splat(0);
    const d4 = !cut || pixels > 4 ? v128.load(dy + 4 * step) : f32x4.splat(0);
    const d5 = !cut || pixels > 5 ? v128.load(dy + 5 * step) : f32x4.splat(0);
    const d6 = !cut || pixels > 6 ? v128.load(dy + 6 * step) : f32x4.splat(0);
    let line = x, w = filter;
    for (let ky = 0; ky < rows; ky++, line += row, w += 5 * step) {
      let w0 = v128.load(w), w1 = v128.load(w + 1 * step), w2 = v128.load(w + 2 * step), w3 = v128.load(w + 3 * step), w4 = v128.load(w + 4 * step);
      let at = line, s: v128;
      if (within(cut, 0, first, count)) s = v128.load(at), w0 = madd(s, d0, w0);
      at += step;
      if (within(cut, 1, first, count)) s = v128.load(at), w1 = madd(s, d0, w1);
      at += step;
      if (within(cut, 2, first, count)) s = v128.load(at), w0 = madd(s, d1, w0), w2 = madd(s, d0, w2);
      at += step;
      if (within(cut, 3, first, count)) s = v128.load(at), w1 = madd(s, d1, w1), w3 = madd(s, d0, w3);
      at += step;
      if (within(cut, 4, first, count)) s = v128.load(at), w0 = madd(s, d2, w0), w2 = madd(s, d1, w2), w4 = madd(s, d0, w4);
      at += step;
      if (within(cut, 5, first, count)) s = v128.load(at), w1 = madd(s, d2, w1), w3 = madd(s, d1, w3);
      at += step;
      if (within(cut, 6, first, count)) s = v128.load(at), w0 = madd(s, d3, w0), w2 = madd(s, d2, w2), w4 = madd(s, d1, w4);
      at += step;
      if (within(cut, 7, first, count)) s = v128.load(at), w1 = madd(s, d3, w1), w3 = madd(s, d2, w3);
      at += step;
      if (within(cut, 8, first, count)) s = v128.load(at), w0 = madd(s, d4, w0), w2 = madd(s, d3, w2), w4 = madd(s, d2, w4);
      at += step;
      if (within(cut, 9, first, count)) s = v128.load(at), w1 = madd(s, d4, w1), w3 = madd(s, d3, w3);
      at += step;
      if (within(cut, 10, first, count)) s = v128.load(at), w0 = madd(s, d5, w0), w2 = madd(s, d4, w2), w4 = madd(s, d3, w4);
      at += step;
      if (within(cut, 11, first, count)) s = v128.load(at), w1 = madd(s, d5, w1), w3 = madd(s, d4, w3);
      at += step;
      if (within(cut, 12, first, count)) s = v128.load(at), w0 = madd(s, d6, w0), w2 = madd(s, d5, w2), w4 = madd(s, d4, w4);
      at += step;
      if (within(cut, 13, first, count)) s = v128.load(at), w1 = madd(s, d6, w1), w3 = madd(s, d5, w3);
      at += step;
      if (within(cut, 14, first, count)) s = v128.load(at), w2 = madd(s, d6, w2), w4 = madd(s, d5, w4);
      at += step;
      if (within(cut, 15, first, count)) s = v128.load(at), w3 = madd(s, d6, w3);
      at += step;
      if (within(cut, 16, first, count)) s = v128.load(at), w4 = madd(s, d6, w4);
      v128.store(w, w0);
      v128.store(w + 1 * step, w1);
      v128.store(w + 2 * step, w2);
      v128.store(w + 3 * step, w3);
      v128.store(w + 4 * step, w4);
    }
  }
}

function takegradient1by1(
  cut: bool, x: usize, dy: usize, filter: usize, channels: i32, rows: i32, row: usize, first: i32, count: i32, pixels: i32,
): void {
  if (cut) gradient1by1(true, x, dy, filter, channels, rows, row, first, count, pixels);
  else gradient1by1(false, x, dy, filter, channels, rows, row, first, count, pixels);
}

function takegradient2by1(
  cut: bool, x: usize, dy: usize, filter: usize, channels: i32, rows: i32, row: usize, first: i32, count: i32, pixels: i32,
): void {
  if (cut) gradient2by1(true, x, dy, filter, channels, rows, row, first, count, pixels);
  else gradient2by1(false, x, dy, filter, channels, rows, row, first, count, pixels);
}

function takegradient3by1(
  cut: bool, x: usize, dy: usize, filter: usize, channels: i32, rows: i32, row: usize, first: i32, count: i32, pixels: i32,
): void {
  if (cut) gradient3by1(true, x, dy, filter, channels, rows, row, first, count, pixels);
  else gradient3by1(false, x, dy, filter, channels, rows, row, first, count, pixels);
}

function takegradient5by1(
  cut: bool, x: usize, dy: usize, filter: usize, channels: i32, rows: i32, row: usize, first: i32, count: i32, pixels: i32,
): void {
  if (cut) gradient5by1(true, x, dy, filter, channels, rows, row, first, count, pixels);
  else gradient5by1(false, x, dy, filter, channels, rows, row, first, count, pixels);
}

function takegradient3by2(
  cut: bool, x: usize, dy: usize, filter: usize, channels: i32, rows: i32, row: usize, first: i32, count: i32, pixels: i32,
): void {
  if (cut) gradient3by2(true, x, dy, filter, channels, rows, row, first, count, pixels);
  else gradient3by2(false, x, dy, filter, channels, rows, row, first, count, pixels);
}

function takegradient5by2(
  cut: bool, x: usize, dy: usize, filter: usize, channels: i32, rows: i32, row: usize, first: i32, count: i32, pixels: i32,
): void {
  if (cut) gradient5by2(true, x, dy, filter, channels, rows, row, first, count, pixels);
  else gradient5by2(false, x, dy, filter, channels, rows, row, first, count, pixels);
}

/**
 * A block of a line, all channels: its part of the gradient of the filter.
 *
 * @param x0 The column of the input where the first window starts, maybe outside; x is the address there, in the first row.
 * @param rows Rows of the window that lie inside; `row` is their distance in bytes.
 * @param pixels Output pixels, at most PIXELS.
 */
export function gradientBlock(
  taps: i32, stride: i32, x0: i32, width: i32, x: usize, dy: usize, filter: usize, channels: i32, rows: i32,
  row: usize, pixels: i32,
): void {
  const columns = stride * (PIXELS - 1) + taps, first = max(0, -x0), count = max(0, min(columns, width - x0) - first);
  const cut = count < columns || pixels < PIXELS;
  if (taps == 1 && stride == 1) takegradient1by1(cut, x, dy, filter, channels, rows, row, first, count, pixels);
  if (taps == 2 && stride == 1) takegradient2by1(cut, x, dy, filter, channels, rows, row, first, count, pixels);
  if (taps == 3 && stride == 1) takegradient3by1(cut, x, dy, filter, channels, rows, row, first, count, pixels);
  if (taps == 5 && stride == 1) takegradient5by1(cut, x, dy, filter, channels, rows, row, first, count, pixels);
  if (taps == 3 && stride == 2) takegradient3by2(cut, x, dy, filter, channels, rows, row, first, count, pixels);
  if (taps == 5 && stride == 2) takegradient5by2(cut, x, dy, filter, channels, rows, row, first, count, pixels);
}
