import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, expect, test } from 'vitest';
import { wasm } from '../../src/backends/wasm.ts';
import { tinyCnn } from '../../src/bases/tiny-cnn.ts';
import { augmentExamples, flip, fromTensors } from '../../src/data/index.ts';
import { classifier } from '../../src/heads/classifier.ts';
import {
  attachHead,
  auto,
  type Dataset,
  dispose,
  explain,
  freeze,
  lastWeights,
  linearProbe,
  pipe,
  sequence,
  train,
  unfreezeTop,
  useBackend,
} from '../../src/index.ts';
import { networkBehind } from '../../src/model/network.ts';
import { planOf } from '../../src/train/plan.ts';
import { workAt } from '../../src/train/seconds.ts';
import { ran } from '../support/spilled-runs.ts';

beforeAll(() => useBackend(wasm()));

async function pictures(count: number, size: number): Promise<Dataset['train']> {
  const tensor = tf.randomUniform([count, size, size, 3], 0, 255);
  const made = await fromTensors(
    tensor,
    Array.from({ length: count }, (_, index) => index % 2),
  );
  tensor.dispose();
  return made;
}

test('seconds are counted phase by phase: what is cached is paid once, what is not in each epoch', async () => {
  const model = pipe(tinyCnn({ size: 32 }), attachHead(classifier(['a', 'b'])));
  const data = { train: await pictures(10, 32), validation: await pictures(4, 32) };
  const tune = train({ epochs: 3 });
  const strategy = sequence(linearProbe({ epochs: 2 }), unfreezeTop(3), tune, unfreezeTop(1), tune, tune);
  const { graph } = networkBehind(model);
  const [head, three, one] = planOf(model, strategy).map(({ split }) => workAt(graph, split));
  if (!head || !three || !one) throw new Error('there are four phases');
  // One multiply-add takes a microsecond; a step above all of the base was measured.
  const speed = { features: three.featuresWork / 1e6, step: three.stepWork / 1e6, ...three };
  const seconds = explain(model, strategy, data, { speed }).map((phase) => phase.seconds);
  const features = (work: number) => expect.closeTo((14 * work) / 1e6, 9);
  const training = (epochs: number, work: typeof one) =>
    expect.closeTo((epochs * 10 * work.stepWork + (epochs + 1) * 4 * work.above) / 1e6, 9);
  expect(seconds).toEqual([
    { features: features(head.featuresWork), training: training(2, head) },
    // The lowest frontier of the run was cached for the first phase.
    { features: features(0), training: training(3, three) },
    { features: features(one.featuresWork - three.featuresWork), training: training(3, one) },
    // The frontier stays where it was.
    { features: features(0), training: training(3, one) },
  ]);
  expect(explain(model, strategy, data)[0]?.seconds).toBeUndefined();

  const augmented = { train: augmentExamples(data.train, flip()) };
  const [anew] = explain(model, linearProbe({ epochs: 5 }), augmented, { speed });
  expect(anew?.seconds?.features).toBeCloseTo((5 * 10 * head.featuresWork) / 1e6, 9);
  const [twice] = explain(model, linearProbe({ epochs: 5, views: 2 }), augmented, { speed });
  expect(twice?.seconds?.features).toBeCloseTo((2 * 10 * head.featuresWork) / 1e6, 9);
  dispose(model);
});

test('a run takes about as long as was said, whatever was frozen when it was measured', async () => {
  const base = tinyCnn({ size: 96 });
  const model = pipe(base, attachHead(classifier(['a', 'b'])));
  const data = { train: await pictures(96, 96) };
  const strategy = sequence(unfreezeTop(3), train({ epochs: 4, batchSize: 16, callbacks: [lastWeights()] }));
  const times: Record<string, number> = {};
  const begun = performance.now();
  await ran(model, data, strategy, {
    onEvent: ({ kind }) => {
      times[kind] = (performance.now() - begun) / 1000;
    },
  });
  const taken = { features: times.features as number, training: (times.step as number) - (times.features as number) };
  for (const measured of [model, freeze()(model), unfreezeTop(4)(model)]) {
    const choice = await auto([wasm()], measured);
    const [said] = explain(model, strategy, data, choice);
    console.log(taken, said?.seconds);
    for (const part of ['features', 'training'] as const) {
      const ratio = (said?.seconds?.[part] as number) / taken[part];
      // Right in size; the machine has other work.
      expect(ratio, part).toBeGreaterThan(0.1);
      expect(ratio, part).toBeLessThan(10);
    }
  }
  dispose(model);
});
