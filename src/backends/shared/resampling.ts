import type { Numbers } from './maxima.ts';
import type { Shape4 } from './shapes.ts';

/** How the places of two sizes are laid over each other. tfjs' types for the gradients leave out half of it. */
export interface Alignment {
  readonly alignCorners: boolean;
  readonly halfPixelCenters?: boolean;
}

/** Which inputs an output along an axis is made of, with their weights. */
export type Taps = readonly (readonly [input: number, weight: number])[];

/** The taps of each output along an axis. */
export type Resampling = (inputs: number, outputs: number, alignment: Alignment) => readonly Taps[];

function scaleOf(inputs: number, outputs: number, { alignCorners }: Alignment): number {
  const isByCorners = alignCorners && outputs > 1;
  return (isByCorners ? inputs - 1 : inputs) / (isByCorners ? outputs - 1 : outputs);
}

/** The nearest input: in single precision as in the operation, which decides between two neighbours at times. */
export const nearest: Resampling = (inputs, outputs, alignment) => {
  const { alignCorners, halfPixelCenters } = alignment;
  const scale = Math.fround(scaleOf(inputs, outputs, alignment));
  return Array.from({ length: outputs }, (_, output) => {
    const place = Math.fround(scale * (halfPixelCenters ? output + 0.5 : output));
    return [[Math.min(inputs - 1, alignCorners ? Math.round(place) : Math.floor(place)), 1]] as const;
  });
};

/** The two inputs beside it, by nearness. */
export const linear: Resampling = (inputs, outputs, alignment) => {
  const scale = scaleOf(inputs, outputs, alignment);
  return Array.from({ length: outputs }, (_, output) => {
    const place = alignment.halfPixelCenters ? scale * (output + 0.5) - 0.5 : scale * output;
    const low = Math.max(0, Math.floor(place));
    const high = Math.min(inputs - 1, Math.max(0, Math.ceil(place)));
    return [[low, 1 - (place - low)] as const, [high, place - low] as const];
  });
};

/**
 * Adds the gradient of resized pictures to that of the pictures.
 *
 * @param dy The gradient of the output, `[batch, rows, columns, channels]`.
 * @param target The gradient of the input, zeros before.
 * @param shape The shape of the input.
 * @param rows The taps of each row of the output.
 * @param columns The taps of each column of the output.
 */
export function scatterResampled(
  dy: Readonly<Numbers>,
  target: Numbers,
  [batch, height, width, channels]: Shape4,
  rows: readonly Taps[],
  columns: readonly Taps[],
): void {
  const stride = rows.length * columns.length * channels;
  for (let picture = 0; picture < batch; picture++) {
    rows.forEach((rowTaps, row) => {
      columns.forEach((columnTaps, column) => {
        const from = picture * stride + (row * columns.length + column) * channels;
        for (const [y, down] of rowTaps) {
          for (const [x, right] of columnTaps) {
            const to = ((picture * height + y) * width + x) * channels;
            for (let i = 0; i < channels; i++) (target[to + i] as number) += down * right * (dy[from + i] as number);
          }
        }
      });
    });
  }
}
