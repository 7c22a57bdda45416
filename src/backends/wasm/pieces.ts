import type { Sizes } from './geometry.ts';

/** The numbers of a band, 256 KiB: what convolutions and their gradients read of it stays in the second-level cache. */
const band = 65536;

/** The fewest pixels of several pictures together: a filter's gradient is read and written once for each piece. */
const fewest = 196;

/** What is computed in one go: some rows of a picture between the convolutions, or some pictures whole. */
export interface Piece {
  readonly picture: number;
  readonly pictures: number;
  readonly row: number;
  readonly rows: number;
  /** The rows of the depthwise convolution's output that become complete by it. */
  readonly outRow: number;
  readonly outRows: number;
}

/** The pieces of all pictures, in order. */
export function* piecesOf({ batch, geometry }: Sizes): Generator<Piece> {
  const [height, width, channels, outHeight, , down, , stride, , dilation, , top] = geometry;
  const pixels = height * width;
  const together = Math.max(1, Math.floor(band / (pixels * channels)), Math.floor(fewest / pixels));
  // Bands of equal height, as a small last one would cost as much as a whole.
  const most = together > 1 ? height : Math.min(height, Math.max(1, Math.floor(band / (width * channels))));
  const equal = Math.ceil(height / Math.ceil(height / most));
  for (let picture = 0; picture < batch; picture += together) {
    const pictures = Math.min(together, batch - picture);
    let outRow = 0;
    for (let row = 0; row < height; row += equal) {
      const rows = Math.min(equal, height - row);
      const seen = Math.floor((row + rows - 1 - (down - 1) * dilation + top) / stride) + 1;
      const end = row + rows === height ? outHeight : Math.min(outHeight, Math.max(outRow, seen));
      yield { picture, pictures, row, rows, outRow, outRows: end - outRow };
      outRow = end;
    }
  }
}

/** The geometry of the output rows of a piece. */
export function outputOf({ geometry }: Sizes, { outRow, outRows }: Piece): Sizes['geometry'] {
  const [height, width, channels, , outWidth, down, right, strideY, strideX, dilationY, dilationX, top, left] =
    geometry;
  const window = [down, right, strideY, strideX, dilationY, dilationX] as const;
  return [height, width, channels, outRows, outWidth, ...window, top - outRow * strideY, left];
}

/** So many pixels, one after the other, by a filter of single pixels: what the kernels are told after the addresses. */
export const pixelwise = (pixels: number, from: number, to: number) =>
  [pixels, to, pixels, 1, from, pixels, 1, 1, 1, 1, 1, 1, 1, 0, 0] as const;
