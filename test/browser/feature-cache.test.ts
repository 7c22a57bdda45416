import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { cdp } from 'vitest/browser';
import { cpu } from '../../src/backends/cpu.ts';
import { webgl } from '../../src/backends/webgl.ts';
import { type Backend, dispose, fineTuneSteps, useBackend } from '../../src/index.ts';
import { indexedDb, opfs } from '../../src/stores/index.ts';
import { imageExamples } from '../../src/web/index.ts';
import {
  computed,
  exceeded,
  moving,
  movingViews,
  pictureModel,
  pictures,
  ran,
  saved,
  topmost,
  views,
  wordModel,
  words,
} from '../support/spilled-runs.ts';

/** Says by Chromium's own protocol how many bytes this page may store. */
async function setQuota(quotaSize?: number): Promise<void> {
  const session = cdp() as unknown as { send(method: string, parameters: object): Promise<unknown> };
  const { origin } = location;
  await session.send('Storage.overrideQuotaForOrigin', { origin, ...(quotaSize !== undefined && { quotaSize }) });
}

const folder = async () =>
  (await navigator.storage.getDirectory()).getDirectoryHandle('tfjs-transfer-temporary', { create: true });

async function files(): Promise<string[]> {
  const names: string[] = [];
  for await (const name of (await folder()).keys()) names.push(name);
  return names;
}

async function leavingNothing(run: () => Promise<void>): Promise<void> {
  const before = tf.memory().numTensors;
  await run();
  expect(tf.memory().numTensors - before, 'tensors left behind').toBe(0);
  expect(await files()).toEqual([]);
}

beforeAll(() => useBackend(cpu()));
afterAll(() => setQuota());

const few = 100; // bytes: none of the features here fit

describe('a run that spills to the origin private file system', () => {
  test.each([
    ['pictures, the frontier moves', cpu, pictureModel, pictures, moving],
    ['pictures on WebGL', webgl, pictureModel, pictures, topmost],
    ['cached views', cpu, pictureModel, views, movingViews],
    ['a mask at the frontier', cpu, wordModel, words, topmost],
  ] as const)('gives the bits of one that does not: %s', async (_, backend, modelOf, dataOf, strategy) => {
    await useBackend(backend() as Backend);
    const model = modelOf();
    const data = await dataOf();
    await leavingNothing(async () => {
      const whole = await ran(model, data, strategy);
      const spilled = await ran(model, data, strategy, { cacheBytes: few });
      expect(exceeded(whole)).toEqual([]);
      expect(exceeded(spilled).length).toBeGreaterThan(0);
      for (const event of exceeded(spilled)) expect(event).toMatchObject({ action: 'spilled', budget: few });
      expect(exceeded(spilled)[0]?.reason).toContain('the origin private file system');
      expect(spilled.bits).toEqual(whole.bits);
      expect(spilled.history).toEqual(whole.history);
    });
    dispose(model);
    await useBackend(cpu());
  });

  test('leaves no file where it is aborted, or its loop is left', async () => {
    const data = await pictures();
    const model = pictureModel();
    await leavingNothing(async () => {
      for (const stop of ['features', 'step'] as const) {
        const abort = new AbortController();
        const settings = { cacheBytes: few, signal: abort.signal };
        const onEvent = ({ kind }: { readonly kind: string }) => kind === stop && abort.abort();
        const { events } = await ran(model, data, moving, { ...settings, onEvent });
        expect(events.at(-1)).toMatchObject({ ended: 'aborted' });
        for await (const event of fineTuneSteps(model, data, moving, { cacheBytes: few })) {
          if (event.kind !== stop) continue;
          expect((await files()).length).toBeGreaterThan(0);
          break;
        }
      }
    });
    dispose(model);
  });

  test('removes what a closed tab left behind, and not what another run reads', async () => {
    const data = await pictures();
    const model = pictureModel();
    await (await folder()).getFileHandle('left', { create: true });
    await leavingNothing(async () => {
      const reading = fineTuneSteps(model, data, topmost, { cacheBytes: few });
      for (let next = await reading.next(); !next.done; next = await reading.next()) {
        if (next.value.kind === 'step') break;
      }
      expect(await files()).not.toContain('left');
      const there = await files();
      await ran(model, data, topmost, { cacheBytes: few });
      expect(await files()).toEqual(there);
      await reading.return();
    });
    dispose(model);
  });

  test('computes anew where there is no room', async () => {
    const data = await pictures();
    const model = pictureModel();
    await leavingNothing(async () => {
      const whole = await ran(model, data, topmost);
      await setQuota(1);
      const result = await ran(model, data, topmost, { cacheBytes: few }).finally(() => setQuota());
      // Chromium lets the estimate of free bytes lag behind: then creating or writing the file fails.
      const recomputed = exceeded(result).filter(({ action }) => action === 'recomputed');
      expect(recomputed.map(({ split }) => split)).toEqual(['train', 'validation']);
      for (const { reason } of recomputed) expect(reason).toMatch(/ bytes free, and \d+ are needed$|quota/);
      expect(result.bits).toEqual(whole.bits);
    });
    dispose(model);
  });
});

test.each([
  ['opfs', opfs],
  ['indexedDb', indexedDb],
] as const)('the next run finds its features in %s', async (_, make) => {
  const store = make('features');
  for (const [modelOf, data, strategy] of [
    [pictureModel, await pictures(), moving],
    [pictureModel, await views(), movingViews],
    [wordModel, await words(), topmost],
  ] as const) {
    await store.remove();
    const model = modelOf();
    const plain = await ran(model, data, strategy);
    const first = await ran(model, data, strategy, { featureStore: store });
    const second = await ran(model, data, strategy, { featureStore: store });
    const names = Object.keys(data).sort();
    expect(saved(first)).toEqual(names.map((name) => `${name} saved`));
    expect(saved(second)).toEqual(names.map((name) => `${name} found`));
    expect(computed(second)).toBeLessThan(computed(first));
    for (const run of [first, second]) expect(run.bits).toEqual(plain.bits);
    dispose(model);
  }
  await store.remove();
});

test('pictures of a page have a fingerprint where they can be read', async () => {
  const print = async (image: ImageBitmapSource) => (await imageExamples([{ image, target: 0 }])).fingerprint?.();
  const pixels = (value: number) => new ImageData(new Uint8ClampedArray(16).fill(value), 2, 2);
  const file = (text: string, lastModified: number) => new File([text], 'a.png', { lastModified });
  const prints = [
    await print(pixels(1)),
    await print(pixels(2)),
    await print(new Blob(['one'])),
    await print(new Blob(['two'])),
    await print(file('one', 1)),
    await print(file('one', 2)),
    await print(file('longer', 1)),
  ];
  for (const one of prints) expect(one).toMatch(/^[0-9a-f]{64}$/);
  expect(new Set(prints).size).toBe(prints.length);
  expect(await print(pixels(1))).toBe(prints[0]);
  expect(await print(file('eno', 1))).toBe(prints[4]);
  expect(await print(await createImageBitmap(pixels(1)))).toBeUndefined();
});
