import type sharp from 'sharp';
import { TransferError } from '../core/errors.ts';
import { importOptional, nodeBuiltin } from '../core/host.ts';
import { pathOf } from './byte-reader.ts';
import { type PixelSize, type Pixels, withChannels, withoutAlpha } from './pixels.ts';
import { resizePixels } from './resize-pixels.ts';

/** An encoded picture: a path or `file:` URL (Node), or the bytes of a JPEG, PNG, WebP, GIF, AVIF or TIFF. */
export type EncodedPicture = string | URL | Uint8Array | ArrayBuffer | Blob;

/** A header of some bytes can promise any size: what is larger than this is refused before it takes memory. */
const mostPixels = 100_000_000;

/**
 * Decodes a picture: upright (by its EXIF orientation), in sRGB, on white where it is transparent, the first frame of an
 * animation. Resizing is bilinear and does not keep the ratio of the sides.
 *
 * @param source The encoded picture.
 * @param size What it is wanted as: width and height in pixels (null to leave a side as it is) and channels.
 * @returns The pixels.
 * @throws TransferError `NOT_FOUND` where there is no such file; `INVALID_DATA` where it is no picture, a broken one, or
 * one of more than 100 million pixels; `PACKAGE_MISSING` where Node lacks sharp.
 */
export async function decodePicture(source: EncodedPicture, size: PixelSize): Promise<Pixels> {
  const isPlace = typeof source === 'string' || source instanceof URL;
  const place = isPlace ? pathOf(String(source)) : undefined;
  const inNode = nodeBuiltin('node:fs/promises') !== undefined;
  const bytes = place === undefined ? await bytesOf(source as Uint8Array | ArrayBuffer | Blob) : await readFile(place);
  const decode = inNode ? decodeWithSharp : decodeWithBrowser;
  const picture = await decode(bytes, size).catch((cause: unknown) => {
    if (cause instanceof TransferError) throw cause;
    throw new TransferError(
      'INVALID_DATA',
      `${place ?? `A picture of ${bytes.length} bytes`} cannot be decoded: ${reasonOf(cause)}. ` +
        'Pass a whole JPEG, PNG, WebP, GIF, AVIF or TIFF file.',
      { cause },
    );
  });
  const { width = picture.width, height = picture.height } = sidesOf(size);
  const coloured = withChannels(picture, size.channels);
  return width === picture.width && height === picture.height ? coloured : resizePixels(coloured, width, height);
}

const sidesOf = ({ width, height }: PixelSize) => ({
  ...(width !== null && { width }),
  ...(height !== null && { height }),
});

const reasonOf = (error: unknown) =>
  String((error as Error | undefined)?.message ?? error)
    .trim()
    .split('\n', 1)[0];

async function bytesOf(source: Uint8Array | ArrayBuffer | Blob): Promise<Uint8Array> {
  if (source instanceof Uint8Array) return source;
  return new Uint8Array(source instanceof ArrayBuffer ? source : await source.arrayBuffer());
}

async function readFile(path: string): Promise<Uint8Array> {
  const files = nodeBuiltin('node:fs/promises') as typeof import('node:fs/promises') | undefined;
  if (/^(https?|data|blob):/.test(path) || !files) {
    throw new TransferError(
      'INVALID_DATA',
      `The picture "${path.slice(0, 80)}" is an address${files ? '' : ' or a path, outside Node'}. ` +
        'Fetch it, and pass its bytes: await (await fetch(address)).blob().',
    );
  }
  try {
    return await files.readFile(path);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw new TransferError(
      'NOT_FOUND',
      `The picture ${path} cannot be read (${code}). Pass the path of a picture file, from ${process.cwd()}.`,
      { cause },
    );
  }
}

/** Shrinks to what is wanted; enlarging is left to the caller, for libvips is half an output pixel off there. */
async function decodeWithSharp(bytes: Uint8Array, size: PixelSize): Promise<Pixels> {
  const imported = await importOptional('sharp', 'Reading pictures in Node');
  const { default: open } = imported as { readonly default: typeof sharp };
  const input = open(bytes, { failOn: 'error', limitInputPixels: mostPixels });
  const { width, height, orientation = 1 } = await input.metadata();
  const upright = orientation < 5 ? { width, height } : { width: height, height: width };
  // `rotate()` without an angle is sharp's `autoOrient()`, which versions before 0.34 lack.
  const { data, info } = await input
    .rotate()
    .flatten({ background: '#ffffff' })
    .toColourspace('srgb')
    .removeAlpha()
    .resize({
      width: Math.min(upright.width, size.width ?? upright.width),
      height: Math.min(upright.height, size.height ?? upright.height),
      fit: 'fill',
      // The triangle, widened: what Pillow, torchvision and Keras call bilinear with antialiasing.
      kernel: 'linear',
    })
    .raw({ depth: 'uchar' })
    .toBuffer({ resolveWithObject: true });
  return { data, width: info.width, height: info.height, channels: 3 };
}

async function decodeWithBrowser(bytes: Uint8Array, size: PixelSize): Promise<Pixels> {
  return drawn(new Blob([bytes as Uint8Array<ArrayBuffer>]), size);
}

/**
 * Draws what a browser can draw, and reads the pixels back.
 *
 * @param source A Blob, canvas, image, video, bitmap.
 * @param size What it is wanted as. It shrinks to it; enlarging is left to the caller.
 */
export async function drawn(source: ImageBitmapSource, size: PixelSize): Promise<Pixels> {
  const whole = await createImageBitmap(source);
  try {
    const { width, height } = whole;
    if (width * height > mostPixels) throw new Error(`${width} x ${height} pixels are more than ${mostPixels}`);
    const resizeWidth = Math.min(width, size.width ?? width);
    const resizeHeight = Math.min(height, size.height ?? height);
    const bitmap = await createImageBitmap(whole, { resizeWidth, resizeHeight, resizeQuality: 'high' });
    const context = new OffscreenCanvas(resizeWidth, resizeHeight).getContext(
      '2d',
    ) as OffscreenCanvasRenderingContext2D;
    context.drawImage(bitmap, 0, 0);
    bitmap.close();
    return withoutAlpha(context.getImageData(0, 0, resizeWidth, resizeHeight).data, resizeWidth, resizeHeight);
  } finally {
    whole.close();
  }
}
