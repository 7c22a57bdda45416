import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readlinkSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { cpu } from '../../src/backends/cpu.ts';
import { wasm } from '../../src/backends/wasm.ts';
import { type Dataset, dispose, explain, fineTuneSteps, type TransferModel, useBackend } from '../../src/index.ts';
import { progressOn } from '../../src/node/cli/progress.ts';
import * as runs from '../support/spilled-runs.ts';

const { exceeded, moving, movingViews, pictureModel, pictures, ran, topmost, views, wordModel, words } = runs;

let folder: string;
const systemFolder = process.env.TMPDIR;
beforeEach(async () => {
  await useBackend(cpu());
  folder = mkdtempSync(join(tmpdir(), 'feature-cache-'));
  process.env.TMPDIR = folder;
});
afterEach(() => {
  if (systemFolder === undefined) delete process.env.TMPDIR;
  else process.env.TMPDIR = systemFolder;
  rmSync(folder, { recursive: true, force: true });
});

/** Files of this process that lie in the folder, or lost their name there. */
const openFiles = () =>
  readdirSync('/proc/self/fd').filter((descriptor) => {
    try {
      return readlinkSync(`/proc/self/fd/${descriptor}`).startsWith(folder);
    } catch {
      return false;
    }
  });

/** Runs something that makes models, and expects no tensor and no file to be left. */
async function leavingNothing(run: () => Promise<void>): Promise<void> {
  const before = tf.memory().numTensors;
  await run();
  expect(tf.memory().numTensors - before, 'tensors left behind').toBe(0);
  expect(readdirSync(folder)).toEqual([]);
  expect(openFiles()).toEqual([]);
}

const few = 100; // bytes: none of the features here fit

test('what a run keeps is what explain says, the features of two frontiers included', async () => {
  const model = pictureModel();
  const data = await pictures();
  const needed = Math.max(...explain(model, moving, data).map(({ cacheBytes }) => cacheBytes as number));
  expect(exceeded(await ran(model, data, moving, { cacheBytes: needed }))).toEqual([]);
  expect(exceeded(await ran(model, data, moving, { cacheBytes: needed - 1 }))).not.toEqual([]);
  dispose(model);
});

test('two caches of a phase are told apart by their frontiers, in events and on the command line', async () => {
  const model = pictureModel();
  const { events } = await ran(model, await pictures(), moving, { cacheBytes: few });
  dispose(model);
  const second = events.findIndex((event) => event.kind === 'phase' && event.phase === 1);
  const frontiers = (kind: string) => {
    const own = events.slice(0, second).flatMap((event) => ('frontier' in event && event.kind === kind ? [event] : []));
    return [...new Set(own.map(({ frontier }) => String(frontier)))];
  };
  expect(frontiers('features')).toEqual(['block2_depthwise_relu', 'head_pool']);
  expect(frontiers('cacheExceeded')).toEqual(frontiers('features'));
  const lines: string[] = [];
  const { event: show } = progressOn({ stderr: { write: (line: string) => lines.push(line) }, isTTY: false } as never);
  for (const event of events.slice(0, second)) show(event);
  for (const layer of frontiers('features')) {
    expect(lines.join('')).toContain(`features of train at ${layer} 20/20`);
    expect(lines.join('')).toContain(`features of train at ${layer} take`);
  }
});

describe('a run that spills', () => {
  test.each<[string, () => TransferModel, () => Promise<Dataset>, typeof moving]>([
    ['pictures, the frontier moves', pictureModel, pictures, moving],
    ['cached views', pictureModel, views, movingViews],
    ['a mask at the frontier', wordModel, words, topmost],
  ])('gives the bits of one that does not: %s', async (_, modelOf, dataOf, strategy) => {
    for (const backend of [cpu(), wasm()]) {
      await useBackend(backend);
      const model = modelOf();
      const data = await dataOf();
      await leavingNothing(async () => {
        const whole = await ran(model, data, strategy);
        let most = 0;
        const spilled = await ran(model, data, strategy, {
          cacheBytes: few,
          onEvent: () => {
            most = Math.max(most, openFiles().length);
          },
        });
        expect(exceeded(whole)).toEqual([]);
        expect(exceeded(spilled).length).toBeGreaterThan(0);
        for (const event of exceeded(spilled)) {
          expect(event).toMatchObject({ action: 'spilled', budget: few });
          expect(event.reason).toContain(folder);
        }
        expect(most).toBeGreaterThan(0);
        expect(spilled.bits).toEqual(whole.bits);
        expect(spilled.history).toEqual(whole.history);
        const features = (events: typeof whole.events) => events.filter(({ kind }) => kind === 'features');
        expect(features(spilled.events)).toEqual(features(whole.events));
      });
      dispose(model);
    }
  });

  test('computes the frozen part once, and goes on from the file where the frontier moves up', async () => {
    const data = await pictures();
    let reads = 0;
    const counted: Dataset['train'] = {
      ...data.train,
      read(...call) {
        reads += call[0].length;
        return data.train.read(...call);
      },
    };
    const model = pictureModel();
    const result = await ran(model, { train: counted }, movingViews, { cacheBytes: few });
    expect(exceeded(result)).toHaveLength(2);
    expect(reads).toBe(20);
    dispose(model);
  });

  test('leaves no file where it is aborted, fails, or its loop is left', async () => {
    const data = await pictures();
    const model = pictureModel();
    await leavingNothing(async () => {
      for (const stop of ['features', 'step', 'epoch'] as const) {
        const abort = new AbortController();
        const result = await ran(model, data, moving, {
          cacheBytes: few,
          signal: abort.signal,
          onEvent: ({ kind }) => kind === stop && abort.abort(),
        });
        expect(result.events.at(-1)).toMatchObject({ kind: 'done', ended: 'aborted' });
      }
    });
    await leavingNothing(async () => {
      for (const stop of ['features', 'step'] as const) {
        for await (const event of fineTuneSteps(model, data, moving, { cacheBytes: few })) {
          if (event.kind !== stop) continue;
          expect(openFiles().length).toBeGreaterThan(0);
          break;
        }
      }
    });
    await leavingNothing(async () => {
      const broken: Dataset['train'] = {
        ...data.train,
        read: async (indices, request) => {
          if (indices.includes(19)) throw new Error('the cable was pulled');
          return data.train.read(indices, request);
        },
      };
      await expect(ran(model, { train: broken }, moving, { cacheBytes: few })).rejects.toThrow('the cable was pulled');
    });
    dispose(model);
  });
});

describe('where no file can be written', () => {
  test('no folder: each epoch computes the features anew, and the reason is said', async () => {
    const model = pictureModel();
    const data = await pictures();
    const whole = await ran(model, data, topmost);
    process.env.TMPDIR = join(folder, 'nowhere');
    const result = await ran(model, data, topmost, { cacheBytes: few });
    expect(exceeded(result)).toMatchObject([
      { split: 'train', action: 'recomputed', reason: expect.stringContaining('ENOENT') },
      { split: 'validation', action: 'recomputed', reason: expect.stringContaining('ENOENT') },
    ]);
    expect(result.bits).toEqual(whole.bits);
    dispose(model);
  });

  test('a budget of 0 keeps nothing anywhere', async () => {
    const model = pictureModel();
    const result = await ran(model, await pictures(), topmost, { cacheBytes: 0 });
    expect(exceeded(result).map(({ action, reason }) => [action, reason])).toEqual([
      ['recomputed', 'cacheBytes is 0'],
      ['recomputed', 'cacheBytes is 0'],
    ]);
    dispose(model);
  });

  test.runIf(process.platform === 'linux')('a disk that is full in the middle', async () => {
    const model = pictureModel();
    const data = await pictures();
    const whole = await ran(model, data, topmost);
    const limit = (bytes: string) => execFileSync('prlimit', ['--pid', String(process.pid), `--fsize=${bytes}:`]);
    await leavingNothing(async () => {
      // The system refuses to let a file of this process grow further.
      limit('1024');
      const result = await ran(model, data, topmost, { cacheBytes: few }).finally(() => limit('unlimited'));
      expect(exceeded(result).map(({ split, action }) => `${split} ${action}`)).toEqual([
        'train spilled',
        'train recomputed',
        'validation spilled',
        'validation recomputed',
      ]);
      expect(exceeded(result)[1]?.reason).toMatch(/EFBIG/);
      expect(result.bits).toEqual(whole.bits);
    });
    dispose(model);
  });
});
