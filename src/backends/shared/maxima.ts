import { placesIn, type Windows } from './windows.ts';

/** Numbers in the memory of the processor. */
export type Numbers = { readonly length: number; [index: number]: number };

/**
 * Finds the largest number of each window.
 *
 * @param source The input, channels last.
 * @param windows The windows.
 * @returns For each output, where in the input the first largest number of its window is; -1 where there is none.
 */
export function placesOfMaxima(source: Readonly<Numbers>, windows: Windows): Int32Array {
  const { batch, channels, input, output, window, stride, padding } = windows;
  const [depth, height, width] = input;
  const places = new Int32Array(batch * placesIn(output) * channels);
  for (let place = 0; place < batch * placesIn(output); place++) {
    const x = (place % output[2]) * stride[2] - padding[2];
    const y = (Math.floor(place / output[2]) % output[1]) * stride[1] - padding[1];
    const plane = Math.floor(place / (output[2] * output[1]));
    const z = (plane % output[0]) * stride[0] - padding[0];
    const picture = Math.floor(plane / output[0]);
    const [firstZ, firstY, firstX] = [Math.max(0, z), Math.max(0, y), Math.max(0, x)];
    const [endZ, endY] = [Math.min(depth, z + window[0]), Math.min(height, y + window[1])];
    const endX = Math.min(width, x + window[2]);
    for (let channel = 0; channel < channels; channel++) {
      let largest = Number.NEGATIVE_INFINITY;
      let found = -1;
      for (let inZ = firstZ; inZ < endZ; inZ++) {
        for (let inY = firstY; inY < endY; inY++) {
          const row = ((picture * depth + inZ) * height + inY) * width;
          for (let inX = firstX; inX < endX; inX++) {
            const at = (row + inX) * channels + channel;
            const value = source[at] as number;
            if (value > largest) [largest, found] = [value, at];
          }
        }
      }
      places[place * channels + channel] = found;
    }
  }
  return places;
}

/**
 * Adds each output's gradient to that of the input that it came from.
 *
 * @param input The input, channels last.
 * @param dy The gradient of the output.
 * @param target The gradient of the input, zeros before.
 * @param windows The windows.
 */
export function scatterMaxima(
  input: Readonly<Numbers>,
  dy: Readonly<Numbers>,
  target: Numbers,
  windows: Windows,
): void {
  placesOfMaxima(input, windows).forEach((place, i) => {
    if (place >= 0) (target[place] as number) += dy[i] as number;
  });
}
