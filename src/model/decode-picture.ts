import type sharp from 'sharp';
import { TransferError } from '../core/errors.ts';
import { importOptional, nodeBuiltin } from '../core/host.ts';
import { pathOf } from './byte-reader.ts';
import { type DrawingTools, drawPicture } from './draw-picture.ts';
import { pictureHeader } from './picture-header.ts';
import { type PixelSize, type Pixels, withChannels, withoutAlpha } from './pixels.ts';
import { resizePixels } from './resize-pixels.ts';

/** An encoded picture: a path or `file:` URL (Node), or the bytes of a JPEG, PNG, WebP, GIF, AVIF or TIFF. */
export type EncodedPicture = string | URL | Uint8Array | ArrayBuffer | Blob;

/** A header of some bytes can promise any size: what is larger than this is refused before it takes memory. */
export const mostPixels = 100_000_000;

/** What pictures are drawn with, in a page and in a worker. */
export const drawingTools: DrawingTools = { pictureHeader, withoutAlpha, resizePixels };

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
      `${place ?? nameOf(source) ?? `A picture of ${bytes.length} bytes`} cannot be decoded: ${reasonOf(cause)}. ` +
        'Pass a whole JPEG, PNG, WebP, GIF, AVIF or TIFF file.',
      { cause },
    );
  });
  const { width, height } = { width: size.width ?? picture.width, height: size.height ?? picture.height };
  const isFit = width === picture.width && height === picture.height;
  return withChannels(isFit ? picture : resizePixels(picture, width, height), size.channels);
}

/** Of a File: a Blob has none. */
const nameOf = (source: EncodedPicture) => (source as Partial<File>).name || undefined;

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
  return drawPicture(new Blob([bytes as Uint8Array<ArrayBuffer>]), size, mostPixels, drawingTools);
}
