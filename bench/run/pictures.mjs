// The 256 pictures of the transfer job as plain bytes, [256, 224, 224, 3], and their classes: every contender reads the
// same ones, and none is measured decoding them.
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';

const google = fileURLToPath(new URL('../../examples/data/emoji/google/', import.meta.url));
export const folder = fileURLToPath(new URL('../../test/.tmp/bench/', import.meta.url));
export const count = 256;
export const size = 224;

/** Writes the pictures, each class in turn. */
export async function writePictures() {
  const classes = (await readdir(google)).sort();
  const files = await Promise.all(classes.map(async (name) => (await readdir(join(google, name))).sort()));
  const chosen = [];
  for (let row = 0; chosen.length < count; row++) {
    for (const [label, names] of files.entries()) {
      if (names[row] && chosen.length < count) chosen.push({ label, file: join(google, classes[label], names[row]) });
    }
  }
  const pixels = await Promise.all(
    chosen.map(({ file }) => sharp(file).flatten({ background: 'white' }).resize(size, size).raw().toBuffer()),
  );
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'pictures.bin'), Buffer.concat(pixels));
  await writeFile(
    join(folder, 'labels.bin'),
    Uint8Array.from(chosen, ({ label }) => label),
  );
}

/** Reads them: bytes, classes, and how many classes there are. */
export async function readPictures() {
  const pixels = new Uint8Array(await readFile(join(folder, 'pictures.bin')));
  const labels = [...(await readFile(join(folder, 'labels.bin')))];
  return { pixels, labels, classes: Math.max(...labels) + 1 };
}
