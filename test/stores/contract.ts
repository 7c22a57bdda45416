import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { cpu } from '../../src/backends/cpu.ts';
import { tinyCnn } from '../../src/bases/tiny-cnn.ts';
import { classifier } from '../../src/heads/classifier.ts';
import {
  attachHead,
  dispose,
  loadBase,
  loadModel,
  pipe,
  predict,
  type Store,
  type StoredFile,
  saveModel,
  TransferError,
  type TransferModel,
  type TransferProgress,
  useBackend,
} from '../../src/index.ts';

/** A place for one model, empty at first. */
export interface Place {
  /** What is saved to; undefined where the store can only be read. */
  readonly target?: string | Store;
  /** What is loaded from. */
  source(): string | Store;
  /** Puts files there as they are, past the library where that is possible. */
  put(files: readonly StoredFile[]): Promise<void>;
}

const size = 16;
const picture = Float32Array.from({ length: size * size * 3 }, (_, i) => (i * 7919) % 256);

/** A small model; another one for each seed. */
export function modelOf(seed: number): TransferModel {
  const base = tinyCnn({ size });
  const model = pipe(base, attachHead(classifier(['cat', 'dog', 'neither'], { seed })));
  dispose(base);
  return model;
}

/** What a model says of a picture: other numbers for each model. */
export async function scoresOf(model: TransferModel): Promise<number[]> {
  const predictions = await predict(model, picture);
  return model.head.labels.map((label) => predictions.find((one) => one.label === label)?.score as number);
}

/** What is at a place says of a picture. */
export async function scoresAt(source: string | Store): Promise<number[]> {
  const model = await loadModel(source);
  try {
    return await scoresOf(model);
  } finally {
    dispose(model);
  }
}

/** A store of a user's own, in twenty lines. */
export function memoryStore(files = new Map<string, Uint8Array>()): Store & { files: Map<string, Uint8Array> } {
  return {
    kind: 'store',
    name: 'memory',
    files,
    open:
      async () =>
      async (file, { onBytes }) => {
        const bytes = files.get(file);
        if (!bytes) throw new TransferError('NOT_FOUND', `memory has no ${file}`);
        onBytes?.(bytes.byteLength, bytes.byteLength);
        return bytes;
      },
    async write(saved, { signal, onBytes }) {
      for (const { name, bytes } of saved) {
        onBytes?.(name, bytes.byteLength);
        signal?.throwIfAborted();
      }
      files.clear();
      for (const { name, bytes } of saved) files.set(name, bytes);
    },
  };
}

/** The files that a model is saved as. */
export async function filesOf(model: TransferModel): Promise<StoredFile[]> {
  const store = memoryStore();
  await saveModel(model, store);
  return [...store.files].map(([name, bytes]) => ({ name, bytes }));
}

/** Runs what allocates, and expects every tensor that it made to be gone. */
export async function leavingNothing(run: () => Promise<unknown>): Promise<void> {
  const before = tf.memory().numTensors;
  await run();
  expect(tf.memory().numTensors - before, 'tensors left behind').toBe(0);
}

/**
 * What every store has to do, as tests.
 *
 * @param name The store's name.
 * @param make Makes a place where nothing is.
 * @param writable Whether it can be saved to.
 */
export function storeContract(name: string, make: () => Promise<Place>, writable: boolean): void {
  describe(`the store ${name}`, () => {
    let models: readonly [TransferModel, TransferModel];
    let files: StoredFile[];
    const weights = () => files.find((file) => file.name.endsWith('.bin')) as StoredFile;
    const refusal = (code: string, message: RegExp) =>
      expect.objectContaining({ code, message: expect.stringMatching(message) });
    beforeAll(async () => {
      await useBackend(cpu());
      models = [modelOf(1), modelOf(2)];
      files = await filesOf(models[0]);
    });
    const filled = async () => {
      const place = await make();
      if (place.target) await saveModel(models[0], place.target);
      else await place.put(files);
      return place;
    };
    const refused = (files: readonly StoredFile[], code: string, message: RegExp) =>
      leavingNothing(async () => {
        const place = await make();
        await place.put(files);
        await expect(loadModel(place.source())).rejects.toThrow(refusal(code, message));
        await expect(loadBase(place.source()).then(dispose)).rejects.toThrow(refusal(code, message));
      });

    test('gives back what predicts the same, as a model and as a base', () =>
      leavingNothing(async () => {
        const place = await filled();
        const [expected, loaded] = [await scoresOf(models[0]), await scoresAt(place.source())];
        expect(Math.max(...loaded.map((score, i) => Math.abs(score - (expected[i] as number))))).toBeLessThan(1e-6);
        const base = await loadBase(place.source());
        expect(base.units.length).toBeGreaterThan(2);
        dispose(base);
      }));

    test('says what is absent', () =>
      leavingNothing(async () => {
        const place = await make();
        await expect((async () => loadModel(place.source()))()).rejects.toThrow(
          expect.objectContaining({ message: expect.stringMatching(/model\.json|cannot be read/) }),
        );
      }));

    test('names the file that is missing', async () => {
      const rest = files.filter((file) => file !== weights());
      await refused(rest, 'NOT_FOUND', new RegExp(weights().name.replaceAll('.', '\\.')));
    });

    test('refuses weights of which one bit was changed', async () => {
      const bytes = weights().bytes.slice();
      bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] as number) ^ 1;
      const place = await make();
      await place.put(files.map((file) => (file === weights() ? { ...file, bytes } : file)));
      await leavingNothing(() =>
        expect(loadModel(place.source())).rejects.toThrow(refusal('INVALID_MODEL', /have SHA-256/)),
      );
    });

    test.each([
      ['too short', (bytes: Uint8Array) => bytes.slice(0, -4), /truncated/],
      ['too long', (bytes: Uint8Array) => new Uint8Array([...bytes, 0]), /should take \d+ bytes, and \d+ are there/],
    ])('refuses weights that are %s', async (_, change, message) => {
      const changed = files.map((file) => (file === weights() ? { ...file, bytes: change(file.bytes) } : file));
      await refused(changed, 'INVALID_MODEL', message);
    });

    test('refuses half a model.json', async () => {
      const half = files.map((file) =>
        file.name === 'model.json' ? { ...file, bytes: file.bytes.slice(0, file.bytes.length / 2) } : file,
      );
      await refused(half, 'INVALID_MODEL', /is no JSON/);
    });

    test('reports the progress of loading', async () => {
      const place = await filled();
      const events: TransferProgress[] = [];
      await leavingNothing(async () => dispose(await loadModel(place.source(), { onProgress: (e) => events.push(e) })));
      for (const { name: file, bytes } of files.filter((one) => one.name !== 'metadata.json')) {
        const own = events.filter((event) => 'file' in event && event.file === file);
        expect(own.map(({ status }) => status).filter((status, i, all) => status !== all[i - 1])).toEqual([
          'initiate',
          'download',
          'progress',
          'done',
        ]);
        const last = own.at(-2);
        expect(last).toMatchObject({ loaded: expect.any(Number), progress: 100 });
        // A model.json that was loaded before it was saved again has another length.
        if (file !== 'model.json') expect(last).toMatchObject({ loaded: bytes.byteLength, total: bytes.byteLength });
      }
      expect(events.at(-1)).toMatchObject({ status: 'ready' });
    });

    test('stops loading with the reason of the signal', async () => {
      const place = await filled();
      for (const at of ['initiate', 'done'] as const) {
        const [controller, reason] = [new AbortController(), new Error('enough')];
        const onProgress = ({ status }: TransferProgress) => status === at && controller.abort(reason);
        await leavingNothing(() =>
          expect(loadModel(place.source(), { signal: controller.signal, onProgress })).rejects.toBe(reason),
        );
      }
    });

    if (!writable) {
      test('refuses to save', async () => {
        const place = await filled();
        await expect(saveModel(models[0], place.source())).rejects.toThrow(refusal('INVALID_ARGUMENT', /can/));
      });
      return;
    }

    const target = (place: Place) => place.target as Store;

    test('replaces a model, again and again', () =>
      leavingNothing(async () => {
        const place = await filled();
        for (const model of [models[1], models[0], models[0], models[1]]) {
          await saveModel(model, target(place));
          expect(await scoresAt(place.source())).toEqual(await scoresOf(model));
        }
      }));

    test('reports the progress of saving', async () => {
      const events: TransferProgress[] = [];
      await saveModel(models[0], target(await make()), { onProgress: (event) => events.push(event) });
      for (const { name: file, bytes } of files) {
        const own = events.filter((event) => 'file' in event && event.file === file);
        expect(own.map(({ status }) => status)).toEqual(['initiate', 'progress', 'done']);
        if (file !== 'metadata.json') expect(own[1]).toMatchObject({ loaded: bytes.length, total: bytes.length });
      }
      expect(events.at(-1)).toMatchObject({ status: 'ready' });
    });

    test.each(['model.json', 'metadata.json', '.bin'])('stopped at %s leaves the old model whole', async (ending) => {
      const place = await filled();
      const [controller, reason] = [new AbortController(), new Error('enough')];
      const onProgress = (event: TransferProgress) =>
        event.status === 'progress' && event.file.endsWith(ending) && controller.abort(reason);
      await leavingNothing(() =>
        expect(saveModel(models[1], target(place), { signal: controller.signal, onProgress })).rejects.toBe(reason),
      );
      expect(await scoresAt(place.source())).toEqual(await scoresOf(models[0]));
      await saveModel(models[1], target(place));
      expect(await scoresAt(place.source())).toEqual(await scoresOf(models[1]));
    });

    test('stopped at the first save leaves nothing', async () => {
      const place = await make();
      const controller = new AbortController();
      const onProgress = ({ status }: TransferProgress) => status === 'progress' && controller.abort();
      await expect(saveModel(models[1], target(place), { signal: controller.signal, onProgress })).rejects.toThrow();
      await expect(loadModel(place.source())).rejects.toThrow(refusal('NOT_FOUND', /./));
    });

    test('leaves the old model where the caller throws', async () => {
      const place = await filled();
      const onProgress = ({ status }: TransferProgress) => {
        if (status === 'progress') throw new Error('the bar broke');
      };
      await expect(saveModel(models[1], target(place), { onProgress })).rejects.toThrow(
        refusal('SAVE_FAILED', /the bar broke.*needs \d+ bytes/),
      );
      expect(await scoresAt(place.source())).toEqual(await scoresOf(models[0]));
    });

    test('holds a whole model while saves and loads meet', () =>
      leavingNothing(async () => {
        const place = await filled();
        const known = [await scoresOf(models[0]), await scoresOf(models[1])];
        const saves = Array.from({ length: 6 }, (_, i) => saveModel(models[i % 2 ? 0 : 1], target(place)));
        const loads = Array.from({ length: 6 }, () => scoresAt(place.source()));
        for (const scores of await Promise.all(loads)) expect(known).toContainEqual(scores);
        await Promise.all(saves);
        expect(known).toContainEqual(await scoresAt(place.source()));
      }));
  });
}
