// Swaps two axes of rows.
import { bytes, copy } from './lanes';

/** `[outer, m, n, row]` becomes `[outer, n, m, row]`. */
export function swapAxes(from: usize, to: usize, outer: i32, m: i32, n: i32, row: i32): void {
  for (let o = 0; o < outer; o++, from += bytes(m * n * row)) {
    for (let j = 0; j < n; j++) {
      for (let i = 0; i < m; i++, to += bytes(row)) copy(to, from + bytes((i * n + j) * row), row);
    }
  }
}
