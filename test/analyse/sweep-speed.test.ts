import * as tf from '@tensorflow/tfjs-core';
import { efficientNetLite0 } from '@tfjs-transfer/efficientnet-lite0';
import { expect, test } from 'vitest';
import { type SweepEvent, sweep } from '../../src/analyse/sweep.ts';
import { wasm } from '../../src/backends/wasm.ts';
import { subset } from '../../src/data/subset.ts';
import { classifier } from '../../src/heads/classifier.ts';
import { adamw, attachHead, dispose, linearProbe, loadBase, pipe, sgd, useBackend } from '../../src/index.ts';
import { imageFolder } from '../../src/node/index.ts';

test('30 heads on the features of 500 pictures take less time than the features', async () => {
  await useBackend(wasm());
  const base = await loadBase(efficientNetLite0());
  const folder = await imageFolder('examples/data/emoji/google', { validation: 0.25, seed: 1 });
  const first = (count: number) => Array.from({ length: count }, (_, i) => i);
  const validation = subset(folder.validation as never, first(125));
  const data = { train: subset(folder.train, first(375)), validation, labels: folder.labels };
  const model = pipe(base, attachHead(classifier(folder.labels)));
  const optimizers = [undefined, adamw({ weightDecay: 0.1 }), sgd({ momentum: 0.9 })];
  const rates = [1e-4, 3e-4, 1e-3, 3e-3, 1e-2];
  const grid = optimizers.flatMap((optimizer) =>
    rates.flatMap((learningRate) =>
      [16, 64].map((batchSize) =>
        linearProbe({ learningRate, batchSize, epochs: 20, ...(optimizer && { optimizer }) }),
      ),
    ),
  );
  expect(grid).toHaveLength(30);
  const before = tf.memory().numTensors;
  const began = performance.now();
  let extracted = began;
  const onEvent = (event: SweepEvent) => {
    if (event.kind === 'features') extracted = performance.now();
  };
  const { winner, rows, epochs } = await sweep(model, grid, data, { budget: 300, onEvent });
  const ended = performance.now();
  expect(tf.memory().numTensors).toBe(before);
  const [features, runs] = [extracted - began, ended - extracted].map((ms) => ms / 1000) as [number, number];
  console.log(
    `features of 500 pictures ${features.toFixed(1)} s, ${epochs} epochs of 30 heads ${runs.toFixed(1)} s; ` +
      `winner ${winner.value} after ${winner.epochs} epochs, worst ${rows.at(-1)?.value}\n${winner.code}`,
  );
  expect(runs).toBeLessThan(features);
  dispose(model);
  dispose(base);
}, 600_000);
