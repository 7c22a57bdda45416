import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, test, vi } from 'vitest';
import { tinyCnn } from '../../src/bases/tiny-cnn.ts';
import type { Backend } from '../../src/core/backend.ts';
import { unfreeze } from '../../src/core/edits.ts';
import { pipe } from '../../src/core/pipe.ts';
import { linearProbe } from '../../src/core/recipes.ts';
import { sequence, train } from '../../src/core/strategy.ts';
import { fromTensors } from '../../src/data/from-tensors.ts';
import { classifier } from '../../src/heads/classifier.ts';
import { attachHead } from '../../src/model/attach-head.ts';
import { dispose } from '../../src/model/dispose.ts';
import { useBackend } from '../../src/model/use-backend.ts';
import { fineTune } from '../../src/train/fine-tune.ts';
import { predict } from '../../src/train/predict.ts';
import { type ImageExample, imageExamples } from '../../src/web/image-examples.ts';
import { imageFiles } from '../../src/web/image-files.ts';
import { videoFrames } from '../../src/web/video-frames.ts';
import { emojiFile } from '../web/pictures.ts';
import { browserBackends } from './backends.ts';

const names = ['food/apple.png', 'food/bagel.png', 'vehicle/airplane.png'];

const [wasm] = browserBackends as [Backend, ...Backend[]];

test('three files of two classes become a trained model', async () => {
  await useBackend(wasm);
  const before = tf.memory().numTensors;
  const data = await imageFiles(await Promise.all(names.map(emojiFile)), { validation: 0 });
  expect(data.labels).toEqual(['food', 'vehicle']);
  const base = tinyCnn({ size: 32 });
  const model = attachHead(classifier(data.labels))(base);
  const { model: tuned, ended } = await fineTune(model, data, linearProbe({ epochs: 30, learningRate: 0.05 }));
  expect(ended).toBe('completed');
  const [best] = await predict(tuned, data.pictures[2]?.file as File);
  expect(best?.label).toBe('vehicle');
  for (const handle of [base, model, tuned]) dispose(handle);
  expect(tf.memory().numTensors).toBe(before);
});

test('what a video shows becomes a trained model, which tells what it shows', async () => {
  await useBackend(wasm);
  const canvas = Object.assign(document.createElement('canvas'), { width: 48, height: 36 });
  const context = canvas.getContext('2d') as CanvasRenderingContext2D;
  const state = { colour: 'red' };
  const painter = setInterval(() => {
    context.fillStyle = state.colour;
    context.fillRect(0, 0, 48, 36);
  }, 30);
  const video = Object.assign(document.createElement('video'), { muted: true, srcObject: canvas.captureStream(30) });
  await video.play();
  const labels = ['red', 'blue'];
  const shown: ImageExample[] = [];
  const isShown = ({ data }: ImageData) => (data[2] as number) > 100 === (state.colour === 'blue');
  for (const [target, colour] of labels.entries()) {
    state.colour = colour;
    let left = 4;
    for await (const image of videoFrames(video, { size: 32 })) {
      // The first frames may still be of the colour before.
      if (isShown(image)) shown.push({ image, target });
      if (isShown(image) && --left === 0) break;
    }
  }
  const base = tinyCnn({ size: 32 });
  const model = attachHead(classifier(labels))(base);
  const data = { train: await imageExamples(shown), labels };
  const { model: tuned } = await fineTune(model, data, linearProbe({ epochs: 30, learningRate: 0.05 }));
  expect((await predict(tuned, video))[0]?.label).toBe('blue');
  clearInterval(painter);
  for (const handle of [base, model, tuned]) dispose(handle);
});

const examples = () =>
  fromTensors(
    tf.tidy(() => tf.randomUniform([8, 16, 16, 3], 0, 255)),
    [0, 1, 0, 1, 0, 1, 0, 1],
  );

/** Clocks of a page: what else wants a turn while training runs. */
const clocks: Readonly<Record<string, (tick: () => void) => void>> = {
  requestAnimationFrame: (tick) => requestAnimationFrame(tick),
  setTimeout: (tick) => setTimeout(tick, 0),
  MessageChannel: (tick) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      tick();
    };
    port2.postMessage(undefined);
  },
};

describe.each(browserBackends)('while $name trains', (backend) => {
  /** Trains for 24 slow steps: how often each clock ticked, and the most steps between two ticks. */
  async function ticks() {
    await useBackend(backend);
    const model = pipe(tinyCnn({ size: 16 }), attachHead(classifier(['a', 'b'])), unfreeze());
    const steps = { done: 0 };
    let running = true;
    const counted = Object.entries(clocks).map(([name, next]) => {
      const clock = { name, count: 0, gap: 0 };
      let last = 0;
      const tick = () => {
        clock.count++;
        clock.gap = Math.max(clock.gap, steps.done - last);
        last = steps.done;
        if (running) next(tick);
      };
      next(tick);
      return clock;
    });
    const strategy = sequence(train({ epochs: 12, batchSize: 4 }));
    const onEvent = ({ kind }: { readonly kind: string }) => {
      if (kind !== 'step') return;
      steps.done++;
      // A step is longer than a frame, on any machine.
      const start = performance.now();
      while (performance.now() - start < 20);
    };
    const { model: tuned } = await fineTune(model, { train: await examples() }, strategy, { onEvent });
    running = false;
    expect(steps.done).toBe(24);
    dispose(model);
    dispose(tuned);
    return counted;
  }

  test('the page stays alive', async () => {
    const [frame, timer, channel] = await ticks();
    console.log(backend.name, ...[frame, timer, channel].map((clock) => JSON.stringify(clock)));
    expect(channel?.gap).toBeLessThanOrEqual(2);
    expect(timer?.gap).toBeLessThanOrEqual(4);
    // A browser draws when it likes, and draws less where it is busy.
    expect(frame?.count).toBeGreaterThan(5);
  });
});

test('training on wasm waits for no timer, which a hidden tab would hold back', async () => {
  await useBackend(wasm);
  const model = pipe(tinyCnn({ size: 16 }), attachHead(classifier(['a', 'b'])), unfreeze());
  const timers = vi.spyOn(globalThis, 'setTimeout');
  const { model: tuned } = await fineTune(
    model,
    { train: await examples() },
    sequence(train({ epochs: 20, batchSize: 4 })),
  );
  expect(timers.mock.calls.map(([callback]) => String(callback))).toEqual([]);
  timers.mockRestore();
  dispose(tuned);
  dispose(model);
});
