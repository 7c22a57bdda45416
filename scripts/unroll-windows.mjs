// Writes kernels/windows.ts: the innermost loops of depthwise convolutions, one for each usual window, unrolled over the
// pixels of a block. AssemblyScript has no macros, and eight such loops by hand would hide a wrong index. What is written is not
// kept in the repository: `npm run kernels` begins with it.
import { writeFileSync } from 'node:fs';

/** Output pixels of a block. The widths of networks for 224 pixels are multiples of 7; with their taps they fit 16 registers. */
const PIXELS = 7;
const windows = [
  ...[1, 2, 3, 5].map((taps) => ({ taps, stride: 1 })),
  // Those of 1 and 2 are what the gradient of the input is made of, where the convolution moves by two.
  ...[3, 5].map((taps) => ({ taps, stride: 2 })),
].map((window) => ({ ...window, name: `${window.taps}by${window.stride}` }));
const range = (count, make) => Array.from({ length: count }, (_, index) => make(index));
const apart = (at, index, step = 'step') => (index === 0 ? at : `${at} + ${index} * ${step}`);

/** The columns of the input that a block sees, each with the pairs of tap and pixel that it serves. */
function columns({ taps, stride }, multiply) {
  const lines = range(stride * (PIXELS - 1) + taps, (column) => {
    const served = range(taps, (tap) => [tap, (column - tap) / stride]).filter(([, pixel]) =>
      range(PIXELS, (p) => p).includes(pixel),
    );
    const sums = served.map(([tap, pixel]) => multiply(`w${tap}`, `${pixel}`)).join(', ');
    return `      if (within(cut, ${column}, first, count)) s = v128.load(at), ${sums};`;
  });
  return lines.join('\n      at += step;\n');
}

const parameters = 'channels: i32, rows: i32, row: usize, first: i32, count: i32, pixels: i32';

const sum = (window) => `
@inline
function sum${window.name}(
  cut: bool, x: usize, filter: usize, y: usize, next: usize, bias: usize, low: f32, high: f32, ${parameters},
): void {
  const step = bytes(channels), least = f32x4.splat(low), most = f32x4.splat(high);
  for (let c = 0; c + 4 <= channels; c += 4, x += 16, filter += 16, y += 16) {
    let a0 = bias ? v128.load(bias + bytes(c)) : f32x4.splat(0);
    let ${range(PIXELS - 1, (p) => `a${p + 1} = a0`).join(', ')};
    let line = x, w = filter;
    for (let ky = 0; ky < rows; ky++, line += row, w += ${window.taps} * step) {
      const ${range(window.taps, (tap) => `w${tap} = v128.load(${apart('w', tap)})`).join(', ')};
      let at = line, s: v128;
${columns(window, (w, pixel) => `a${pixel} = madd(s, ${w}, a${pixel})`)}
    }
${range(PIXELS, (p) => `    if (!cut || pixels > ${p}) v128.store(${apart('y', p, 'next')}, clamp(a${p}, least, most));`).join('\n')}
  }
}`;

const gradient = (window) => `
@inline
function gradient${window.name}(cut: bool, x: usize, dy: usize, filter: usize, ${parameters}): void {
  const step = bytes(channels);
  for (let c = 0; c + 4 <= channels; c += 4, x += 16, dy += 16, filter += 16) {
${range(PIXELS, (p) => `    const d${p} = !cut || pixels > ${p} ? v128.load(${apart('dy', p)}) : f32x4.splat(0);`).join('\n')}
    let line = x, w = filter;
    for (let ky = 0; ky < rows; ky++, line += row, w += ${window.taps} * step) {
      let ${range(window.taps, (tap) => `w${tap} = v128.load(${apart('w', tap)})`).join(', ')};
      let at = line, s: v128;
${columns(window, (w, pixel) => `${w} = madd(s, d${pixel}, ${w})`)}
${range(window.taps, (tap) => `      v128.store(${apart('w', tap)}, w${tap});`).join('\n')}
    }
  }
}`;

/** What takes the loop of a window, whole or cut. A function for each: one of all would have too few registers. */
const chooser = (kind, about, typed) => {
  const given = [...typed.split(', '), ...parameters.split(', ')]
    .map((parameter) => parameter.split(':')[0])
    .join(', ');
  const takers = windows.map(
    ({ name }) => `
function take${kind}${name}(
  cut: bool, ${typed}, ${parameters},
): void {
  if (cut) ${kind}${name}(true, ${given});
  else ${kind}${name}(false, ${given});
}`,
  );
  const choices = windows.map(
    ({ taps, stride, name }) => `  if (taps == ${taps} && stride == ${stride}) take${kind}${name}(cut, ${given});`,
  );
  return `${takers.join('\n')}

${about}
export function ${kind}Block(
  taps: i32, stride: i32, x0: i32, width: i32, ${typed}, channels: i32, rows: i32,
  row: usize, pixels: i32,
): void {
  const columns = stride * (PIXELS - 1) + taps, first = max(0, -x0), count = max(0, min(columns, width - x0) - first);
  const cut = count < columns || pixels < PIXELS;
${choices.join('\n')}
}`;
};

const head = `// Made by scripts/unroll-windows.mjs: the innermost loops of depthwise convolutions, seven output pixels of four channels at
// once. Each column of the input is read once for all of its taps; a block at the border leaves out the columns that are not there.
import { bytes, clamp, madd } from './lanes';

/** Output pixels of a block. */
export const PIXELS: i32 = ${PIXELS};

/** Whether there is a loop for such windows. */
export function hasBlocks(taps: i32, stride: i32, dilation: i32, channels: i32): bool {
  return ((taps == 3 || taps == 5) && stride <= 2 || taps <= 2 && stride == 1) && dilation == 1 && channels % 4 == 0;
}

/** Whether a column lies inside the picture: all do where the block is not cut. */
@inline
function within(cut: bool, column: i32, first: i32, count: i32): bool {
  return !cut || <u32>(column - first) < <u32>count;
}`;
const block = `/**
 * A block of a line, all channels.
 *
 * @param x0 The column of the input where the first window starts, maybe outside; x is the address there, in the first row.
 * @param rows Rows of the window that lie inside; \`row\` is their distance in bytes.
 * @param pixels Output pixels, at most PIXELS.
 */`;
const text = [
  head,
  ...windows.map(sum),
  chooser('sum', block, 'x: usize, filter: usize, y: usize, next: usize, bias: usize, low: f32, high: f32'),
  ...windows.map(gradient),
  chooser(
    'gradient',
    block.replace('all channels.', 'all channels: its part of the gradient of the filter.'),
    'x: usize, dy: usize, filter: usize',
  ),
].join('\n');
writeFileSync('kernels/windows.ts', `${text}\n`);
