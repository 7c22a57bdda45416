import { cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type * as tf from '@tensorflow/tfjs-core';
import sharp from 'sharp';
import { beforeAll, expect, test } from 'vitest';
import { cpu } from '../../src/backends/cpu.ts';
import type { Examples } from '../../src/core/data.ts';
import { flip } from '../../src/data/flip.ts';
import { useBackend } from '../../src/model/use-backend.ts';
import { imageFolder } from '../../src/node/image-folder.ts';

beforeAll(() => useBackend(cpu()));

test('the views of a folder of pictures do not depend on where it lies', async () => {
  const root = mkdtempSync(join(tmpdir(), 'tfjs-transfer-place-'));
  for (const label of ['cat', 'dog']) {
    mkdirSync(join(root, 'here', label), { recursive: true });
    for (let i = 0; i < 8; i++) {
      const half = await sharp({ create: { width: 4, height: 8, channels: 3, background: '#fff' } })
        .png()
        .toBuffer();
      const black = sharp({ create: { width: 8, height: 8, channels: 3, background: '#000' } });
      await black
        .composite([{ input: half, left: 0, top: 0 }])
        .png()
        .toFile(join(root, 'here', label, `${i}.png`));
    }
  }
  cpSync(join(root, 'here'), join(root, 'there'), { recursive: true });
  const views = async (place: string) => {
    const { train } = await imageFolder(join(root, place), { validation: 0.25, augment: flip() });
    return numbers(train);
  };
  const numbers = async (examples: Examples) => {
    const inputs = [{ shape: [8, 8, 3], dtype: 'float32', scale: 1, offset: 0 }] as const;
    const indices = Array.from({ length: examples.size }, (_, i) => i);
    const [batch] = (await examples.read(indices, { inputs, view: 1 })) as [tf.Tensor];
    const read = [...batch.dataSync()];
    batch.dispose();
    return read;
  };
  const [here, there] = [await views('here'), await views('there')];
  expect(there).toEqual(here);
  // Both kinds of view occur, so that equal views say something.
  expect(new Set(here.filter((_, i) => i % 192 === 0)).size).toBe(2);
  rmSync(root, { recursive: true, force: true });
});
