/** A decoded picture: its pixels row by row, the channels of a pixel side by side, values from 0 to 255. */
export interface Pixels {
  readonly data: Uint8Array | Uint8ClampedArray;
  readonly width: number;
  readonly height: number;
  /** 3 is red, green, blue; 1 is grey. */
  readonly channels: 1 | 3;
}

/** A part of a picture, in pixels from the left and upper edge; fractions count. */
export interface PixelBox {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/** What a picture is wanted as. A side that is null stays as it is. */
export interface PixelSize {
  readonly width: number | null;
  readonly height: number | null;
  readonly channels: 1 | 3;
}

/**
 * Turns the pixels of a canvas to a picture without transparency, on a white ground.
 *
 * @param data Red, green, blue and alpha of each pixel.
 * @param width The width in pixels.
 * @param height The height in pixels.
 */
export function withoutAlpha(data: ArrayLike<number>, width: number, height: number): Pixels {
  const opaque = new Uint8ClampedArray(width * height * 3);
  for (let pixel = 0; pixel < width * height; pixel++) {
    const alpha = (data[pixel * 4 + 3] as number) / 255;
    for (let channel = 0; channel < 3; channel++) {
      opaque[pixel * 3 + channel] = (data[pixel * 4 + channel] as number) * alpha + 255 * (1 - alpha);
    }
  }
  return { data: opaque, width, height, channels: 3 };
}

/** The brightness of a colour as people see it (ITU-R BT.601, as Pillow's mode L). */
export const luminance = (red: number, green: number, blue: number) => 0.299 * red + 0.587 * green + 0.114 * blue;

/**
 * Brings a colour picture to the channels that are wanted.
 *
 * @param picture The picture, in colour.
 * @param channels 3 for the picture itself, 1 for its grey.
 */
export function withChannels(picture: Pixels, channels: 1 | 3): Pixels {
  const { data, width, height } = picture;
  if (channels === picture.channels) return picture;
  const grey = new Uint8ClampedArray(width * height);
  for (let pixel = 0; pixel < grey.length; pixel++) {
    grey[pixel] = luminance(data[pixel * 3] as number, data[pixel * 3 + 1] as number, data[pixel * 3 + 2] as number);
  }
  return { data: grey, width, height, channels: 1 };
}
