import sharp from 'sharp';
import { expect, test } from 'vitest';
import { pictureHeader } from '../../src/model/picture-header.ts';

const noise = sharp(
  Uint8Array.from({ length: 61 * 47 * 3 }, (_, at) => (Math.imul(at, 2654435761) >>> 24) & 255),
  { raw: { width: 61, height: 47, channels: 3 } },
);
const thumbnail = Buffer.from([0xff, 0xe2, 0, 6, 0xff, 0xd8, 0xff, 0xd9]);

const formats: readonly [string, () => Promise<Buffer>, boolean][] = [
  ['PNG', () => noise.clone().png().toBuffer(), true],
  ['JPEG', () => noise.clone().jpeg().toBuffer(), true],
  ['progressive JPEG', () => noise.clone().jpeg({ progressive: true, quality: 97 }).toBuffer(), true],
  [
    'JPEG with another inside, and bytes after it',
    async () => {
      const jpeg = await noise.clone().jpeg().toBuffer();
      return Buffer.concat([jpeg.subarray(0, 2), thumbnail, jpeg.subarray(2), Buffer.from('more')]);
    },
    true,
  ],
  ['WebP', () => noise.clone().webp().toBuffer(), true],
  ['lossless WebP', () => noise.clone().webp({ lossless: true }).toBuffer(), true],
  ['transparent WebP', () => noise.clone().ensureAlpha(0.5).webp().toBuffer(), true],
  ['GIF', () => noise.clone().gif().toBuffer(), false],
  ['AVIF', () => noise.clone().avif().toBuffer(), false],
];

test.each(formats)('%s: its size, and whether it is whole', async (_name, make, showsEnd) => {
  const bytes = await make();
  expect(pictureHeader(bytes)).toEqual({ width: 61, height: 47, whole: true });
  const cut = pictureHeader(bytes.subarray(0, bytes.length - 40));
  expect(cut).toEqual({ width: 61, height: 47, whole: !showsEnd });
});

test('broken headers and other files are left to the decoder', async () => {
  for (const [, make] of formats) {
    const bytes = await make();
    for (let length = 0; length < 40; length++) expect(() => pictureHeader(bytes.subarray(0, length))).not.toThrow();
  }
  for (const text of ['', 'notes', 'GIF8', 'RIFF....WEBPVP8 ', '\x89PNG\r\n\x1a\n']) {
    expect(pictureHeader(Buffer.from(text, 'latin1'))).toBeUndefined();
  }
});

test('its source needs nothing around it: a worker runs it', async () => {
  const { withoutAlpha } = await import('../../src/model/pixels.ts');
  const { resizePixels } = await import('../../src/model/resize-pixels.ts');
  const alone = <F>(work: F): F => new Function(`return (${work});`)() as F;
  const png = await noise.clone().png().toBuffer();
  expect(alone(pictureHeader)(png)).toEqual(pictureHeader(png));
  const picture = alone(withoutAlpha)(Uint8Array.of(255, 0, 0, 128, 0, 0, 255, 255), 2, 1);
  expect(picture).toEqual(withoutAlpha(Uint8Array.of(255, 0, 0, 128, 0, 0, 255, 255), 2, 1));
  expect(alone(resizePixels)(picture, 5, 3)).toEqual(resizePixels(picture, 5, 3));
});
