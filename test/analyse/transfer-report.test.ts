import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { curvesCsv, curvesSvg } from '../../src/analyse/curves.ts';
import { dataEfficiency } from '../../src/analyse/data-efficiency.ts';
import type { ReportEvent } from '../../src/analyse/learning-curve.ts';
import { transferReport } from '../../src/analyse/transfer-report.ts';
import { wasm } from '../../src/backends/wasm.ts';
import { tinyCnn } from '../../src/bases/tiny-cnn.ts';
import { unfreeze } from '../../src/core/edits.ts';
import { auc, meanAbsoluteError } from '../../src/core/metrics.ts';
import { pipe } from '../../src/core/pipe.ts';
import { randomStream } from '../../src/core/random.ts';
import { batchNorm } from '../../src/core/rate-edits.ts';
import { linearProbe } from '../../src/core/recipes.ts';
import { sequence, train, train as trainPhase } from '../../src/core/strategy.ts';
import { fromArrays } from '../../src/data/from-arrays.ts';
import { classifier } from '../../src/heads/classifier.ts';
import { asBase } from '../../src/model/as-base.ts';
import { attachHead } from '../../src/model/attach-head.ts';
import { dispose } from '../../src/model/dispose.ts';
import { useBackend } from '../../src/model/use-backend.ts';
import { fineTune } from '../../src/train/fine-tune.ts';

beforeAll(() => useBackend(wasm()));

const size = 16;

/** Pictures with stripes across or down, in noise; the task says which, or (`kind: 'colour'`) which colour the noise has. */
function stripes(count: number, seed: string, kind: 'direction' | 'width') {
  const random = randomStream('stripes', seed);
  const labels = Array.from({ length: count }, (_, i) => i % 2);
  const values = Float32Array.from({ length: count * size * size * 3 }, (_, at) => {
    const pixel = Math.floor(at / 3) % (size * size);
    const picture = Math.floor(at / 3 / (size * size));
    const label = labels[picture] as number;
    const isAcross = kind === 'direction' ? label === 1 : picture % 4 < 2;
    const period = kind === 'direction' ? 4 : label === 1 ? 6 : 3;
    const along = isAcross ? Math.floor(pixel / size) : pixel % size;
    return 90 + 60 * Number(along % period < period / 2) + 90 * random();
  });
  return fromArrays({ values, shape: [count, size, size, 3] }, labels);
}

describe('transferReport', () => {
  test('a base that has learned a task is worth something on it, and the report says how much', async () => {
    const blank = pipe(tinyCnn({ size, seed: 1 }), attachHead(classifier(['down', 'across'])));
    const pretraining = sequence(
      unfreeze(),
      batchNorm('train'),
      train({ epochs: 12, learningRate: 5e-3, batchSize: 16 }),
    );
    const source = await fineTune(blank, { train: stripes(96, 'source', 'direction') }, pretraining);
    const model = pipe(asBase(source.model), attachHead(classifier(['down', 'across'])));
    const data = { train: stripes(8, 'few', 'direction'), validation: stripes(40, 'other', 'direction') };
    const tensors = tf.memory().numTensors;
    const events: ReportEvent[] = [];
    const strategy = linearProbe({ epochs: 4, learningRate: 1e-2, batchSize: 8 });
    const report = await transferReport(model, data, strategy, {
      seeds: [1, 2, 3],
      onEvent: (event) => events.push(event),
    });
    expect(tf.memory().numTensors).toBe(tensors);
    const run = { kind: 'run', examples: 8, total: 6 };
    expect(events).toEqual([
      { ...run, learner: 'transfer', seed: 1, done: 1 },
      { ...run, learner: 'scratch', seed: 1, done: 2 },
      { ...run, learner: 'transfer', seed: 2, done: 3 },
      { ...run, learner: 'scratch', seed: 2, done: 4 },
      { ...run, learner: 'transfer', seed: 3, done: 5 },
      { ...run, learner: 'scratch', seed: 3, done: 6 },
    ]);
    expect(report.verdict).toBe('positive');
    expect(report.totalReward.interval?.[0]).toBeGreaterThan(0);
    // Epoch 0 is before the first step.
    for (const curve of [...report.curves.transfer, ...report.curves.scratch]) expect(curve).toHaveLength(5);
    expect(report.zeroStep?.transfer).toBeGreaterThan(0.9);
    expect(report.zeroStep?.scratch).toBeLessThanOrEqual(1);
    expect(curvesCsv(report).split('\n')).toHaveLength(1 + 2 * 3 * 5 + 1);
    const svg = curvesSvg(report, 'Stripes <b>');
    expect(svg.match(/<polyline/g)).toHaveLength(8);
    expect(svg).toContain('Stripes &#60;b&#62;');
    expect(svg).not.toMatch(/NaN|undefined|Infinity/);
    for (const handle of [source.model, blank, model]) dispose(handle);
  });

  test('refuses data without a validation split, no seeds, and metrics that are better where they are lower', async () => {
    const model = pipe(tinyCnn({ size }), attachHead(classifier(['a', 'b'])));
    const train = stripes(4, 'x', 'width');
    await expect(transferReport(model, { train }, linearProbe({ epochs: 1 }))).rejects.toThrow(/validation split/);
    const data = { train, validation: train };
    await expect(transferReport(model, data, linearProbe({ epochs: 1 }), { seeds: [] })).rejects.toThrow(/0 seeds/);
    await expect(
      transferReport(model, data, linearProbe({ epochs: 1 }), { metric: meanAbsoluteError() }),
    ).rejects.toThrow(/meanAbsoluteError/);
    const tensors = tf.memory().numTensors;
    const alike = { ...train, targets: [0, 0, 0, 0] };
    const settings = { metric: auc('a'), seeds: [1] };
    await expect(
      transferReport(model, { train, validation: alike }, linearProbe({ epochs: 1 }), settings),
    ).rejects.toMatchObject({ code: 'INVALID_DATA', message: expect.stringContaining('auc is NaN') });
    for (const none of [trainPhase({ epochs: 1 }), linearProbe]) {
      const refusal = { code: 'INVALID_ARGUMENT', message: expect.stringContaining('The strategy is') };
      await expect(transferReport(model, data, none as never)).rejects.toMatchObject(refusal);
      await expect(dataEfficiency(model, data, none as never)).rejects.toMatchObject(refusal);
    }
    expect(tf.memory().numTensors).toBe(tensors);
    dispose(model);
  });

  test('an abort ends it, and leaves nothing', async () => {
    const model = pipe(tinyCnn({ size }), attachHead(classifier(['a', 'b'])));
    const data = { train: stripes(8, 'x', 'width'), validation: stripes(8, 'y', 'width') };
    const tensors = tf.memory().numTensors;
    const stop = new AbortController();
    const run = transferReport(model, data, linearProbe({ epochs: 2 }), {
      signal: stop.signal,
      onEvent: () => stop.abort(),
    });
    await expect(run).rejects.toThrow(/abort/i);
    expect(tf.memory().numTensors).toBe(tensors);
    dispose(model);
  });
});
