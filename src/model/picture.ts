import * as tf from '@tensorflow/tfjs-core';
import { TransferError } from '../core/errors.ts';
import type { InputSpecification } from '../core/handle.ts';
import { decodePicture, drawingTools, type EncodedPicture, mostPixels } from './decode-picture.ts';
import { denseOf, fitsShape, isArrayLike, type NestedNumbers, shapeText } from './dense.ts';
import { drawPicture } from './draw-picture.ts';
import { type PixelSize, type Pixels, withChannels } from './pixels.ts';

/**
 * What a model takes for one input: an encoded picture (in Node a path or `file:` URL; bytes; a Blob), what a browser
 * shows (canvas, image, video, bitmap, ImageData), or the values as a tensor or as nested or typed arrays.
 */
export type Picture = EncodedPicture | ImageBitmapSource | tf.Tensor | NestedNumbers;

/** The size that an input asks of pictures, or undefined where it is not one for pictures. */
export function pictureSize({ shape }: InputSpecification): PixelSize | undefined {
  const [height = null, width = null, channels] = shape;
  return shape.length === 3 && (channels === 1 || channels === 3) ? { width, height, channels } : undefined;
}

/**
 * Turns one example to the tensor that an input reads. Pictures are resized to fit, bilinearly; values stay as they are
 * (0 to 255 in pictures), for scaling is a layer of the network.
 *
 * @param picture The example.
 * @param specification What the input is.
 * @returns The tensor, `[1, ...shape]`; the caller disposes it.
 * @throws TransferError `INVALID_DATA` where it cannot be decoded or has another shape; `NOT_FOUND`; `PACKAGE_MISSING`.
 */
export async function toInput(picture: Picture, specification: InputSpecification): Promise<tf.Tensor> {
  const size = pictureSize(specification);
  if (picture instanceof tf.Tensor) return fromTensor(picture, specification, size);
  const isEncoded =
    picture instanceof ArrayBuffer || (size !== undefined && picture instanceof Uint8Array) || isBlob(picture);
  if (!isEncoded && (isArrayLike(picture) || typeof picture === 'number'))
    return fromNumbers(picture, specification, size);
  if (typeof picture !== 'string' && (typeof picture !== 'object' || picture === null))
    throw refusal(picture, specification);
  if (!size) throw refusal(picture, specification);
  const pixels =
    typeof picture === 'string' || picture instanceof URL || isEncoded
      ? await decodePicture(picture as EncodedPicture, size)
      : await fromDrawing(picture as ImageBitmapSource, specification, size);
  const { data, width, height, channels } = pixels;
  return tf.tensor4d(Float32Array.from(data), [1, height, width, channels], specification.dtype);
}

const isBlob = (value: unknown): value is Blob => typeof Blob !== 'undefined' && value instanceof Blob;

function fromNumbers(
  numbers: NestedNumbers,
  specification: InputSpecification,
  size: PixelSize | undefined,
): tf.Tensor {
  const { values, shape } = denseOf(numbers, 'The input');
  const { shape: wanted, dtype } = specification;
  const open = wanted.map((length) => length ?? -1);
  // A typed array has no shape of its own.
  const isFlat = shape.length === 1 && wanted.length > 1 && open.every((length) => length > 0);
  const given = isFlat && tf.util.sizeFromShape(open) === values.length ? open : [...shape];
  const tensor = tf.tensor(values, given, dtype);
  try {
    return fromTensor(tensor, specification, size);
  } finally {
    tensor.dispose();
  }
}

function fromTensor(tensor: tf.Tensor, specification: InputSpecification, size: PixelSize | undefined): tf.Tensor {
  const { shape: wanted, dtype } = specification;
  const isBatch = tensor.rank === wanted.length + 1 && tensor.shape[0] === 1;
  const shape = isBatch ? tensor.shape.slice(1) : tensor.shape;
  const fits = fitsShape(shape, wanted);
  if (!fits && !(size && shape.length === 3 && shape[2] === size.channels && tensor.size > 0)) {
    throw new TransferError(
      'INVALID_DATA',
      `The input has the shape ${shapeText(tensor.shape)}; expected ${shapeText(wanted)}` +
        `${size ? ', of any height and width,' : ''} or one such example in a batch of 1. ` +
        (size ? 'Pass one picture at a time, with its channels last.' : 'Reshape it, or pad it to that length.'),
    );
  }
  return tf.tidy(() => {
    const batch = tf.reshape(tensor, [1, ...shape]);
    if (fits || !size) return tf.cast(batch, dtype);
    const target: [number, number] = [size.height ?? (shape[0] as number), size.width ?? (shape[1] as number)];
    return tf.cast(tf.image.resizeBilinear(tf.cast(batch, 'float32') as tf.Tensor4D, target, false, true), dtype);
  });
}

/**
 * Reads what a browser shows: canvas, image, video, bitmap or ImageData.
 *
 * @param source What is shown, or a canvas or ImageData of a package in Node.
 * @param specification What the input is.
 * @param size The size that it asks for.
 * @throws TransferError `INVALID_DATA` where it cannot be drawn.
 */
async function fromDrawing(
  source: ImageBitmapSource,
  specification: InputSpecification,
  size: PixelSize,
): Promise<Pixels> {
  const given = source as Partial<ImageData> & { getContext?(kind: '2d'): CanvasRenderingContext2D | null };
  const isDrawn = typeof createImageBitmap === 'function' || given.data !== undefined;
  // A canvas of a package in Node.
  const image = isDrawn ? source : given.getContext?.('2d')?.getImageData(0, 0, given.width ?? 0, given.height ?? 0);
  if (!image) throw refusal(source, specification);
  const picture = await drawPicture(image, size, mostPixels, drawingTools).catch((cause: unknown) => {
    throw refusal(source, specification, cause);
  });
  return withChannels(picture, size.channels);
}

function refusal(received: unknown, specification: InputSpecification, cause?: unknown): TransferError {
  const name = typeof received === 'object' && received !== null ? received.constructor?.name : undefined;
  const what = typeof received === 'string' ? `the text "${received.slice(0, 40)}"` : (name ?? String(received));
  const shape = shapeText(specification.shape);
  return new TransferError(
    'INVALID_DATA',
    pictureSize(specification)
      ? `The input is ${what}${cause ? `, which cannot be drawn (${(cause as Error).message})` : ''}; expected a picture. ` +
          `Pass a path or bytes, a canvas, image, video or ImageData, or a tensor ${shape}.`
      : `The input is ${what}; expected values of the shape ${shape}. Pass a tensor, or nested or typed arrays.`,
    ...(cause ? [{ cause }] : []),
  );
}
