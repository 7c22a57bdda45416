import * as tf from '@tensorflow/tfjs-core';
import { expect, test } from 'vitest';
import { cpu } from '../../src/backends/cpu.ts';
import { wasm } from '../../src/backends/wasm.ts';
import { webgl } from '../../src/backends/webgl.ts';
import { tinyCnn } from '../../src/bases/tiny-cnn.ts';
import { unfreeze } from '../../src/core/edits.ts';
import { pipe } from '../../src/core/pipe.ts';
import { classifier } from '../../src/heads/classifier.ts';
import { attachHead } from '../../src/model/attach-head.ts';
import { useBackend } from '../../src/model/use-backend.ts';
import { auto } from '../../src/train/auto.ts';

test('measures the candidates, picks the fastest that can train, says why, and leaves the model as it was', async () => {
  await useBackend(cpu());
  const model = pipe(tinyCnn({ size: 32 }), attachHead(classifier(['a', 'b'])), unfreeze());
  const before = tf.memory().numTensors;
  const { backend, why, candidates } = await auto([webgl(), cpu(), wasm()], model);
  console.log(why);
  // The gradients of convolutions are loops of plain JavaScript on cpu: it is slower by far.
  expect(backend.name).toBe('wasm');
  expect(tf.getBackend()).toBe('wasm');
  expect(candidates.map(({ name }) => name)).toEqual(['webgl', 'cpu', 'wasm']);
  expect(candidates[0]?.reason).toMatch(/^The backend "webgl" needs a browser/);
  expect(why).toMatch(/^webgl: The backend .*; cpu \d+ ms; wasm \d+ ms$/);
  expect(tf.memory().numTensors).toBe(before);
});

test('none that can train is an error with the reason of each', async () => {
  const model = pipe(tinyCnn({ size: 16 }), attachHead(classifier(['a', 'b'])));
  await expect(auto([webgl()], model)).rejects.toMatchObject({
    code: 'BACKEND_UNKNOWN',
    message: expect.stringMatching(/^auto received 1 backends, .* webgl: The backend "webgl" needs a browser/),
  });
  await expect(auto([], model)).rejects.toThrow(/Pass at least one, such as wasm\(\)/);
  await expect(auto([{ name: 'wasm' } as never], model)).rejects.toThrow(/wasm: useBackend received/);
});
