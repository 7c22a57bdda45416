import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import sharp from 'sharp';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { importOptional } from '../../src/core/host.ts';
import { isMissingPackage } from '../../src/core/missing-package.ts';
import { decodePicture } from '../../src/model/decode-picture.ts';
import { type Picture, toInput } from '../../src/model/picture.ts';
import { resizePixels } from '../../src/model/resize-pixels.ts';

const folder = mkdtempSync(join(tmpdir(), 'tfjs-transfer-picture-'));
const specification = (shape: (number | null)[], dtype: 'float32' | 'int32' = 'float32') => ({
  shape,
  dtype,
  scale: 1,
  offset: 0,
});
const size = (width: number | null, height: number | null, channels: 1 | 3 = 3) => ({ width, height, channels });

/** Two pixels: red, then blue. */
const redBlue = sharp(Uint8Array.of(255, 0, 0, 0, 0, 255), { raw: { width: 2, height: 1, channels: 3 } });
let png: Buffer;
let before = 0;

beforeAll(async () => {
  await tf.setBackend('cpu');
  png = await redBlue.png().toBuffer();
  writeFileSync(join(folder, 'red-blue.png'), png);
  writeFileSync(join(folder, 'notes.png'), 'notes');
});
beforeEach(() => {
  before = tf.memory().numTensors;
});
afterEach(() => {
  vi.unstubAllGlobals();
  expect(tf.memory().numTensors).toBe(before);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function values(picture: Picture, shape: (number | null)[], dtype?: 'int32') {
  const tensor = await toInput(picture, specification(shape, dtype));
  const result = { shape: tensor.shape, dtype: tensor.dtype, values: [...(await tensor.data())] };
  tensor.dispose();
  return result;
}

const expected = { shape: [1, 1, 2, 3], dtype: 'float32', values: [255, 0, 0, 0, 0, 255] };

test('a path, a URL, bytes and a Blob give the same picture', async () => {
  const path = join(folder, 'red-blue.png');
  const copy = png.buffer.slice(png.byteOffset, png.byteOffset + png.byteLength) as ArrayBuffer;
  const sources = [path, pathToFileURL(path), String(pathToFileURL(path)), png, copy, new Blob([copy])];
  for (const source of sources) expect(await values(source, [1, 2, 3])).toEqual(expected);
});

test('pixels of a canvas, arrays and tensors give the same picture', async () => {
  const data = Uint8ClampedArray.of(255, 0, 0, 255, 0, 0, 255, 255);
  const image = { data, width: 2, height: 1 };
  const canvas = { width: 2, height: 1, getContext: () => ({ getImageData: () => image }) };
  const nested = [
    [
      [255, 0, 0],
      [0, 0, 255],
    ],
  ];
  const tensors = [tf.tensor3d(nested), tf.tensor4d([nested], [1, 1, 2, 3], 'int32')];
  const sources = [image, canvas, nested, [nested], Float32Array.from(expected.values), ...tensors];
  for (const source of sources) expect(await values(source as unknown as Picture, [1, 2, 3])).toEqual(expected);
  expect(tensors.every(({ isDisposed }) => !isDisposed)).toBe(true);
  tf.dispose(tensors);
});

test('other sizes are resized, open ones are left', async () => {
  expect((await values(png, [null, null, 3])).shape).toEqual([1, 1, 2, 3]);
  const wide = [255, 0, 0, 191, 0, 64, 64, 0, 191, 0, 0, 255];
  expect(await values(png, [1, 4, 3])).toMatchObject({ shape: [1, 1, 4, 3], values: wide });
  const tensor = tf.tensor3d([255, 0, 0, 0, 0, 255], [1, 2, 3]);
  const resized = await values(tensor, [1, 4, 3]);
  tensor.dispose();
  expect(resized.values.map(Math.round)).toEqual(wide);
});

test('grey is the luminance; transparency lies on white; EXIF turns the picture', async () => {
  expect((await values(png, [1, 2, 1])).values).toEqual([76, 29]);
  const glass = { create: { width: 1, height: 1, channels: 4, background: { r: 255, g: 0, b: 0, alpha: 0 } } } as const;
  expect((await values(await sharp(glass).png().toBuffer(), [1, 1, 3])).values).toEqual([255, 255, 255]);
  const clear = { data: Uint8ClampedArray.of(255, 0, 0, 0), width: 1, height: 1 };
  expect((await values(clear as unknown as Picture, [1, 1, 3])).values).toEqual([255, 255, 255]);
  const turned = await redBlue.clone().withMetadata({ orientation: 8 }).png().toBuffer();
  expect(await decodePicture(turned, size(null, null))).toMatchObject({ width: 1, height: 2 });
  expect((await values(turned, [2, 1, 3])).values).toEqual([0, 0, 255, 255, 0, 0]);
});

test('sixteen bits, grey and palettes are brought to eight bits of colour', async () => {
  const deep = await sharp(Uint16Array.of(65535, 0, 32896), { raw: { width: 1, height: 1, channels: 3 } })
    .toColourspace('rgb16')
    .png()
    .toBuffer();
  expect((await sharp(deep).metadata()).depth).toBe('ushort');
  expect((await values(deep, [1, 1, 3])).values).toEqual([255, 0, 128]);
  const grey = await sharp(Uint8Array.of(10, 200), { raw: { width: 2, height: 1, channels: 1 } })
    .png()
    .toBuffer();
  expect((await values(grey, [1, 2, 3])).values).toEqual([10, 10, 10, 200, 200, 200]);
  expect((await values(grey, [1, 2, 1])).values).toEqual([10, 200]);
});

test('enlarging is bilinear from centre to centre, as tfjs does it; shrinking leaves no pixel out', async () => {
  const data = Uint8Array.from({ length: 5 * 4 * 3 }, (_, at) => (at * 97) % 256);
  const picture = { data, width: 5, height: 4, channels: 3 } as const;
  const large = resizePixels(picture, 13, 11);
  const difference = tf.tidy(() => {
    const reference = tf.image.resizeBilinear(tf.tensor3d(data, [4, 5, 3]), [11, 13], false, true);
    return tf.max(tf.abs(tf.sub(reference, tf.tensor3d(Float32Array.from(large.data), [11, 13, 3])))).dataSync()[0];
  });
  expect(difference).toBeLessThanOrEqual(0.51);
  // The triangle over 8 pixels: 0.625 and 0.375 of 3.5 lie on the bright one.
  const small = resizePixels({ data: Uint8Array.of(0, 0, 0, 240, 0, 0, 0, 0), width: 8, height: 1, channels: 1 }, 2, 1);
  expect([...small.data]).toEqual([43, 26]);
  const noise = Uint8Array.from({ length: 40 * 40 * 3 }, (_, at) => (Math.imul(at, 2654435761) >>> 24) & 255);
  const encoded = await sharp(noise, { raw: { width: 40, height: 40, channels: 3 } })
    .png()
    .toBuffer();
  const theirs = await decodePicture(encoded, size(10, 10));
  const ours = resizePixels({ data: noise, width: 40, height: 40, channels: 3 }, 10, 10);
  // libvips shrinks by a whole factor before it lays the triangle: alike, not the same.
  const differences = Array.from(theirs.data, (value, at) => Math.abs(value - (ours.data[at] as number)));
  expect(differences.reduce((sum, one) => sum + one, 0) / differences.length).toBeLessThan(3);
});

test('inputs that are no pictures take values of their shape', async () => {
  expect(await values([1, 2, 3], [3])).toEqual({ shape: [1, 3], dtype: 'float32', values: [1, 2, 3] });
  expect(await values([[1, 2, 3]], [3])).toMatchObject({ shape: [1, 3] });
  expect(await values(Uint8Array.of(4, 5), [null], 'int32')).toEqual({ shape: [1, 2], dtype: 'int32', values: [4, 5] });
  expect(await values(Float32Array.of(1, 2, 3, 4), [2, 2])).toMatchObject({ shape: [1, 2, 2] });
});

test.each<[string, () => Picture, number[], string, RegExp]>([
  ['a missing file', () => join(folder, 'absent.png'), [1, 2, 3], 'NOT_FOUND', /absent\.png cannot be read \(ENOENT\)/],
  [
    'a file that is no picture',
    () => join(folder, 'notes.png'),
    [1, 2, 3],
    'INVALID_DATA',
    /notes\.png cannot be decoded: .*unsupported/,
  ],
  ['broken bytes', () => png.subarray(0, 20), [1, 2, 3], 'INVALID_DATA', /20 bytes cannot be decoded/],
  ['an address', () => 'https://example.com/a.png', [1, 2, 3], 'INVALID_DATA', /Fetch it/],
  [
    'text for values',
    () => 'rose.jpg',
    [3],
    'INVALID_DATA',
    /the text "rose\.jpg"; expected values of the shape \[3\]/,
  ],
  ['another length', () => [1, 2], [3], 'INVALID_DATA', /shape \[2\]; expected \[3\]/],
  ['two pictures', () => [[[[1, 1, 1]]], [[[1, 1, 1]]]], [1, 1, 3], 'INVALID_DATA', /shape \[2, 1, 1, 3\]/],
  ['other channels', () => [[[1, 1]]], [1, 1, 3], 'INVALID_DATA', /shape \[1, 1, 2\]/],
  ['an object', () => new Date() as never, [1, 1, 3], 'INVALID_DATA', /The input is Date; expected a picture/],
  ['nothing', () => undefined as never, [1, 1, 3], 'INVALID_DATA', /The input is undefined/],
])('refuses %s', async (_name, make, shape, code, message) => {
  const error = await toInput(make(), specification(shape)).catch((error: unknown) => error);
  expect(error).toMatchObject({ name: 'TransferError', code, message: expect.stringMatching(message) });
  if (code === 'NOT_FOUND' || /decoded/.test((error as Error).message))
    expect((error as Error).cause).toBeInstanceOf(Error);
});

test('outside Node the browser decodes, on white, and frees its bitmaps', async () => {
  let open = 0;
  vi.stubGlobal('process', undefined);
  vi.stubGlobal(
    'createImageBitmap',
    async (_source: unknown, options?: { resizeWidth: number; resizeHeight: number }) => {
      open++;
      return { width: options?.resizeWidth ?? 2, height: options?.resizeHeight ?? 1, close: () => open-- };
    },
  );
  vi.stubGlobal('OffscreenCanvas', function OffscreenCanvas() {
    const data = Uint8ClampedArray.of(255, 0, 0, 255, 0, 0, 255, 0);
    return { getContext: () => ({ drawImage() {}, getImageData: () => ({ data }) }) };
  });
  const fromBlob = await values(new Blob(['any']), [1, 2, 3]);
  const fromVideo = await values({ videoWidth: 2 } as unknown as Picture, [1, 2, 3]);
  const fromPath = await toInput('rose.jpg', specification([1, 2, 3])).catch((error: unknown) => error);
  vi.unstubAllGlobals();
  expect(fromBlob.values).toEqual([255, 0, 0, 255, 255, 255]);
  expect(fromVideo.values).toEqual(fromBlob.values);
  expect(fromPath).toMatchObject({ code: 'INVALID_DATA', message: expect.stringMatching(/outside Node/) });
  expect(open).toBe(0);
});

test('a package that is missing is named, one that is broken too', async () => {
  const error = await importOptional('@tfjs-transfer/absent', 'Reading pictures').catch((error: unknown) => error);
  const message = expect.stringMatching(
    /^Reading pictures needs .* is not installed\. Run: npm install @tfjs-transfer\/absent$/,
  );
  expect(error).toMatchObject({ code: 'PACKAGE_MISSING', message, cause: expect.any(Error) });
  const node = { code: 'ERR_MODULE_NOT_FOUND', message: "Cannot find package 'sharp' imported from /app/index.js" };
  expect(isMissingPackage(node, 'sharp')).toBe(true);
  expect(isMissingPackage({ message: 'Failed to resolve module specifier "sharp"' }, 'sharp')).toBe(true);
  expect(
    isMissingPackage({ ...node, message: "Cannot find package 'detect-libc' imported from /app/sharp.js" }, 'sharp'),
  ).toBe(false);
  expect(isMissingPackage(new Error('Could not load the "sharp" module using the linux-x64 runtime'), 'sharp')).toBe(
    false,
  );
  expect(isMissingPackage(undefined, 'sharp')).toBe(false);
});
