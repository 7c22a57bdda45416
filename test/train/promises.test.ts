import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { cpu } from '../../src/backends/cpu.ts';
import { wasm } from '../../src/backends/wasm.ts';
import { tinyCnn } from '../../src/bases/tiny-cnn.ts';
import { bestWeights, earlyStopping, lastWeights, reduceLROnPlateau } from '../../src/core/callbacks.ts';
import type { Dataset } from '../../src/core/data.ts';
import { unfreeze, unfreezeTop } from '../../src/core/edits.ts';
import { TransferError } from '../../src/core/errors.ts';
import type { EpochRecord, TrainEvent } from '../../src/core/events.ts';
import type { TransferModel } from '../../src/core/handle.ts';
import { pipe } from '../../src/core/pipe.ts';
import { randomStream } from '../../src/core/random.ts';
import { batchNorm } from '../../src/core/rate-edits.ts';
import { linearProbe } from '../../src/core/recipes.ts';
import { sequence, train } from '../../src/core/strategy.ts';
import { classifier } from '../../src/heads/classifier.ts';
import { attachHead } from '../../src/model/attach-head.ts';
import { dispose } from '../../src/model/dispose.ts';
import { networkBehind } from '../../src/model/network.ts';
import { useBackend } from '../../src/model/use-backend.ts';
import { tensorOf } from '../../src/model/weights.ts';
import { fineTune } from '../../src/train/fine-tune.ts';
import { fineTuneSteps } from '../../src/train/fine-tune-steps.ts';
import { sgd } from '../../src/train/optimizers.ts';
import { examplesOf } from '../support/examples.ts';

beforeAll(() => useBackend(cpu()));

const size = 16;
const pictures = (count: number, seed: number) => tf.randomUniform([count, size, size, 3], 0, 255, 'float32', seed);
const labels = (count: number) => Array.from({ length: count }, (_, i) => i % 2);

function dataset(): Dataset {
  return { train: examplesOf([pictures(10, 1)], labels(10)), validation: examplesOf([pictures(6, 2)], labels(6)) };
}

/** Data whose every view is another, as augmentation makes them. */
function augmented(): Dataset {
  const plain = dataset();
  const read: Dataset['train']['read'] = async (indices, request) => {
    const [batch] = await plain.train.read(indices, request);
    const shift = request.view === undefined ? 0 : 20 * randomStream('view', request.view)();
    return [tf.tidy(() => tf.add(batch as tf.Tensor, shift)), batch].slice(0, 1).map((tensor) => {
      batch?.dispose();
      return tensor as tf.Tensor;
    });
  };
  return { ...plain, train: { ...plain.train, augmented: true, read } };
}

const model = (dropout = 0) => {
  const base = tinyCnn({ size });
  const made = attachHead(classifier(['even', 'odd'], { dropout }))(base);
  dispose(base);
  return made;
};

const bits = (handle: TransferModel) => {
  const network = networkBehind(handle);
  return [...network.variables.keys()].map((key) => {
    const numbers = tensorOf(network.variables, handle.lease.values, key).dataSync().slice();
    return `${key} ${new Uint32Array(numbers.buffer).join()}`;
  });
};

const tune = train({ epochs: 2, batchSize: 4, learningRate: 0.01, callbacks: [lastWeights()] });
const twoPhases = sequence(linearProbe({ epochs: 2, batchSize: 4 }), unfreezeTop(2), tune);
const whole = sequence(unfreeze(), batchNorm('train'), train({ epochs: 2, batchSize: 4, learningRate: 0.01 }));

describe('frozen', () => {
  test('is bit-identical, moving statistics included, and proved by SHA-256', async () => {
    const start = model();
    const before = bits(start);
    const { model: tuned, history } = await fineTune(start, dataset(), twoPhases);
    const trains = [
      'head_logits/kernel',
      'head_logits/bias',
      'block3_depthwise/depthwise_kernel',
      'block3_pointwise/kernel',
    ];
    expect(Object.keys(tuned.lease.values).sort()).toEqual([...trains].sort());
    const changed = bits(tuned)
      .filter((line, i) => line !== before[i])
      .map((line) => line.split(' ')[0]);
    expect(changed.sort()).toEqual([...trains].sort());
    expect(Object.keys(history.frozen)).toHaveLength(before.length - trains.length);
    expect(history.frozen['block3_pointwise_norm/moving_mean']).toMatch(/^[0-9a-f]{64}$/);
    dispose(tuned);
    dispose(start);
  });

  test('that something else changes in between is an error', async () => {
    const start = model();
    const meddle = (event: TrainEvent) => {
      if (event.kind !== 'epoch') return;
      const variable = networkBehind(start).variables.get('stem_conv/kernel')?.val as tf.Variable;
      tf.tidy(() => variable.assign(tf.add(variable, 1)));
    };
    const failed = await fineTune(start, dataset(), linearProbe({ epochs: 1 }), { onEvent: meddle }).catch(
      (error) => error,
    );
    expect(failed).toBeInstanceOf(TransferError);
    expect(failed.message).toMatch(/Frozen weights changed.*stem_conv\/kernel/);
    dispose(failed.model);
    dispose(start);
  });
});

describe('the base', () => {
  test('is what it was after two different runs, and after two at once', async () => {
    const start = model(0.3);
    const before = bits(start);
    const alone = [await fineTune(start, dataset(), twoPhases), await fineTune(start, dataset(), whole)];
    expect(bits(start)).toEqual(before);
    const together = await Promise.all([fineTune(start, dataset(), twoPhases), fineTune(start, dataset(), whole)]);
    expect(bits(start)).toEqual(before);
    together.forEach((run, i) => {
      expect(bits(run.model)).toEqual(bits(alone[i]?.model as TransferModel));
    });
    for (const run of [...alone, ...together]) dispose(run.model);
    dispose(start);
  });
});

describe.each([cpu(), wasm()])('a seed on $name', (backend) => {
  beforeAll(() => useBackend(backend));
  afterAll(() => useBackend(cpu()));

  const run = async (seed: number, data = augmented()) => {
    const start = model(0.5);
    const { model: tuned } = await fineTune(start, data, sequence(linearProbe({ epochs: 2, batchSize: 4 }), whole), {
      seed,
    });
    const result = bits(tuned);
    dispose(tuned);
    dispose(start);
    return result;
  };
  test.each([0, 7])('%i gives the same bits twice, with augmentation and dropout', async (seed) => {
    expect(await run(seed)).toEqual(await run(seed));
  });
  test('other than 0 gives other bits', async () => {
    expect(await run(0)).not.toEqual(await run(1));
  });
});

describe('no tensor is left behind by a run that', () => {
  const leftBy = async (run: (start: TransferModel) => Promise<unknown>) => {
    const start = model(0.2);
    await run(start).catch(() => {});
    const [tensors, buffers] = [tf.memory().numTensors, tf.memory().numDataBuffers];
    await run(start).catch(() => {});
    const left = [tf.memory().numTensors - tensors, tf.memory().numDataBuffers - buffers];
    dispose(start);
    return left;
  };
  const strategy = sequence(twoPhases, whole);

  test('completes', async () => {
    const left = await leftBy(async (start) => dispose((await fineTune(start, augmented(), strategy)).model));
    expect(left).toEqual([0, 0]);
  });
  test('is aborted in any phase', async () => {
    for (const phase of [0, 1, 2]) {
      const left = await leftBy(async (start) => {
        const abort = new AbortController();
        const onEvent = (event: TrainEvent) =>
          event.kind === 'step' && event.phase === phase && event.step === 2 && abort.abort();
        const { model: tuned, ended } = await fineTune(start, dataset(), strategy, { signal: abort.signal, onEvent });
        expect(ended).toBe('aborted');
        dispose(tuned);
      });
      expect(left).toEqual([0, 0]);
    }
  });
  test('throws', async () => {
    const left = await leftBy(async (start) => {
      const error = await fineTune(
        start,
        dataset(),
        sequence(unfreeze(), train({ epochs: 9, learningRate: 1e30 })),
      ).catch((e) => e);
      expect(error.code).toBe('NOT_FINITE');
      dispose(error.model);
    });
    expect(left).toEqual([0, 0]);
  });
  test('is left early, at any event', async () => {
    for (const stop of [1, 2, 5, 9, 15]) {
      const left = await leftBy(async (start) => {
        let seen = 0;
        for await (const event of fineTuneSteps(start, dataset(), strategy)) {
          if (event.kind === 'done') dispose(event.model);
          if (++seen === stop) break;
        }
        expect(seen).toBe(stop);
      });
      expect(left).toEqual([0, 0]);
    }
  });
  test('fails in the caller’s own code', async () => {
    const left = await leftBy((start) =>
      fineTune(start, dataset(), strategy, {
        onEvent: (event) => {
          if (event.kind === 'step') throw new Error('mine');
        },
      }),
    );
    expect(left).toEqual([0, 0]);
  });
});

describe('a run that ends early', () => {
  test('keeps the best weights when it is aborted', async () => {
    const start = model();
    const abort = new AbortController();
    const seen: EpochRecord[] = [];
    const onEvent = (event: TrainEvent) => {
      if (event.kind === 'epoch') seen.push(event);
      if (event.kind === 'epoch' && event.epoch === 3) abort.abort();
    };
    const {
      model: tuned,
      ended,
      history,
    } = await fineTune(start, dataset(), linearProbe({ epochs: 50 }), { signal: abort.signal, onEvent });
    expect(ended).toBe('aborted');
    expect(history.phases.map(({ kept, epochs }) => [kept, epochs.length])).toEqual([[3, 4]]);
    expect(seen).toHaveLength(4);
    expect(bits(tuned)).not.toEqual(bits(start));
    dispose(tuned);
    dispose(start);
  });

  test('has the settings of the phase that it was in, not of the one that never began', async () => {
    const start = model();
    const abort = new AbortController();
    const onEvent = ({ kind }: TrainEvent) => kind === 'step' && abort.abort();
    const { model: tuned, ended } = await fineTune(start, dataset(), twoPhases, { signal: abort.signal, onEvent });
    expect(ended).toBe('aborted');
    expect(tuned.settings.trains.size).toBe(0);
    dispose(tuned);
    dispose(start);
  });

  test('names the layer where numbers stop being finite, and keeps the step before', async () => {
    const start = model();
    const { validation: _, ...data } = dataset();
    const error = await fineTune(
      start,
      data,
      sequence(unfreeze(), train({ epochs: 9, learningRate: 1e30, optimizer: sgd() })),
    ).catch((e) => e);
    expect(error).toBeInstanceOf(TransferError);
    expect(error.message).toMatch(
      /phase 1, step \d+: the (output|gradient) of \S+ is NaN or Infinity.*Lower the learning rate/,
    );
    const all = Object.values((error.model as TransferModel).lease.values).flatMap((value) => [...value.dataSync()]);
    expect(all.every(Number.isFinite)).toBe(true);
    dispose(error.model);
    dispose(start);
  });
});

describe('callbacks', () => {
  const epochs = (losses: readonly number[]): EpochRecord[] =>
    losses.map((loss, epoch) => ({
      epoch,
      loss: 0,
      learningRate: 1,
      validation: { loss, metrics: { accuracy: 1 - loss } },
    }));

  test('earlyStopping waits its patience', () => {
    const observer = earlyStopping({ patience: 2 }).start();
    expect(epochs([3, 2, 2, 1, 1, 1]).map((epoch) => observer(epoch).stop)).toEqual([
      false,
      false,
      false,
      false,
      false,
      true,
    ]);
  });
  test('reduceLROnPlateau lowers the rate after each patience', () => {
    const observer = reduceLROnPlateau({ patience: 2, factor: 0.5 }).start();
    expect(epochs([3, 3, 3, 3, 3, 1]).map((epoch) => observer(epoch).rateFactor ?? 1)).toEqual([1, 1, 0.5, 1, 0.5, 1]);
  });
  test('bestWeights keeps what is better, by any metric', () => {
    const observer = bestWeights({ monitor: 'accuracy' }).start();
    expect(epochs([0.5, 0.6, 0.4]).map((epoch) => observer(epoch).keep)).toEqual([true, false, true]);
  });
  test('a phase that gets worse ends with its best weights, or its last where that is said', async () => {
    const start = model();
    const run = (callbacks: Parameters<typeof train>[0]['callbacks']) =>
      fineTune(
        start,
        dataset(),
        sequence(unfreeze(), train({ epochs: 3, learningRate: 3, optimizer: sgd(), ...(callbacks && { callbacks }) })),
      );
    const best = await run(undefined);
    const last = await run([lastWeights()]);
    const [phase] = best.history.phases;
    const losses = phase?.epochs.map(({ validation }) => validation?.loss as number) as number[];
    expect(phase?.kept).toBe(losses.indexOf(Math.min(...losses)));
    expect(phase?.kept).not.toBe(3);
    expect(last.history.phases[0]?.kept).toBe(3);
    dispose(best.model);
    dispose(last.model);
    dispose(start);
  });
});

test('a frontier that moves up goes on from the cached features', async () => {
  const start = model();
  const kinds: string[] = [];
  const strategy = sequence(unfreezeTop(3), train({ epochs: 1 }), unfreezeTop(1), train({ epochs: 1 }));
  const data = dataset();
  let reads = 0;
  const counted = {
    ...data.train,
    read: ((...call) => {
      reads++;
      return data.train.read(...call);
    }) as typeof data.train.read,
  };
  const moved = await fineTune(start, { train: counted }, strategy, { onEvent: ({ kind }) => kinds.push(kind) });
  expect(kinds.filter((kind) => kind === 'features')).toHaveLength(2);
  expect(reads).toBe(1);
  const uncached = await fineTune(start, { train: data.train }, strategy, { cacheBytes: 0 });
  expect(bits(moved.model)).toEqual(bits(uncached.model));
  for (const handle of [moved.model, uncached.model, start]) dispose(handle);
});

test('pipe keeps the settings of edits', () => {
  const edited = pipe(model(), unfreezeTop(1), batchNorm('statistics'));
  expect(edited.settings.batchNorm).toBe('statistics');
  expect([...edited.settings.trains]).toContain('block3_pointwise/kernel');
  dispose(edited);
});
