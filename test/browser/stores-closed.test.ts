import { expect, test } from 'vitest';
import { cpu } from '../../src/backends/cpu.ts';
import type { Store, StoredFile } from '../../src/core/store.ts';
import { dispose, saveModel, useBackend } from '../../src/index.ts';
import { indexedDb, opfs } from '../../src/stores/index.ts';
import { filesOf, modelOf, scoresAt, scoresOf } from '../stores/contract.ts';

const weights = 'weights.0123456789abcdef.bin';

/** How many bytes a file has; undefined where it is not there. */
async function lengthIn(store: Store, file: string): Promise<number | undefined> {
  try {
    const read = await store.open({});
    return (await read(file, { limit: Number.POSITIVE_INFINITY })).byteLength;
  } catch (error) {
    expect(error).toMatchObject({ code: 'NOT_FOUND' });
    return undefined;
  }
}

/** The files of a model with 32 MB of weights, which take four steps to write. */
const large = (files: readonly StoredFile[]): StoredFile[] =>
  files.map((file) =>
    file.name.endsWith('.bin') ? { name: weights, bytes: new Uint8Array(32 * 2 ** 20).fill(1) } : file,
  );

/** Saves in a worker, and ends the worker, as closing its tab does, after so many steps. */
async function saveAndClose(kind: string, name: string, files: readonly StoredFile[], steps: number): Promise<void> {
  const worker = new Worker(new URL('./store-writer.ts', import.meta.url), { type: 'module' });
  let seen = 0;
  await new Promise<void>((resolve, reject) => {
    worker.onerror = ({ message }) => reject(new Error(message));
    worker.onmessage = () => {
      if (++seen >= steps) resolve();
    };
    worker.postMessage({ kind, name, files });
  });
  worker.terminate();
}

test.each([
  ['opfs', opfs],
  ['indexedDb', indexedDb],
] as const)('%s holds one whole model when the writer is closed in the middle', async (kind, make) => {
  await useBackend(cpu());
  const [model, other] = [modelOf(1), modelOf(2)];
  const files = large(await filesOf(other));
  // Six steps: four of the weights, model.json, metadata.json. The seventh is the word that it is done.
  let inTheMiddle = 0;
  for (const steps of [1, 3, 4, 5, 6, 7]) {
    const [old, none] = [`old ${steps}`, `none ${steps}`];
    await saveModel(model, make(old));
    for (const name of [old, none]) {
      await saveAndClose(kind, name, files, steps);
      const written = await lengthIn(make(name), weights);
      // A worker goes on for a moment while it is being ended, and may commit.
      if (written === undefined) inTheMiddle += 1;
      if (steps === 7) expect(written).toBeDefined();
      if (written !== undefined && (await lengthIn(make(name), 'model.json')) === files[1]?.bytes.byteLength) {
        expect(written).toBe(files[0]?.bytes.byteLength);
      } else if (name === old) {
        expect(await scoresAt(make(name))).toEqual(await scoresOf(model));
      } else {
        expect(await lengthIn(make(name), 'model.json')).toBeUndefined();
      }
      await saveModel(other, make(name));
      expect(await scoresAt(make(name))).toEqual(await scoresOf(other));
      await make(name).remove();
    }
  }
  expect(inTheMiddle).toBeGreaterThan(0);
  for (const one of [model, other]) dispose(one);
});
