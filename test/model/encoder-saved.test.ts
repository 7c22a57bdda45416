import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { cpu } from '../../src/backends/cpu.ts';
import { unfreezeTop } from '../../src/core/edits.ts';
import { pipe } from '../../src/core/pipe.ts';
import { train } from '../../src/core/strategy.ts';
import { classifier } from '../../src/heads/classifier.ts';
import { asBase } from '../../src/model/as-base.ts';
import { attachHead } from '../../src/model/attach-head.ts';
import { dispose } from '../../src/model/dispose.ts';
import { loadBase } from '../../src/model/load-base.ts';
import { saveModel } from '../../src/model/save-model.ts';
import { useBackend } from '../../src/model/use-backend.ts';
import { loadTokenizer } from '../../src/text/load-tokenizer.ts';
import { textExamples } from '../../src/text/text-examples.ts';
import { fineTune } from '../../src/train/fine-tune.ts';
import { predict } from '../../src/train/predict.ts';
import { textFolder } from '../support/encoders.ts';

let folder: string;
beforeEach(async () => {
  await useBackend(cpu());
  folder = await mkdtemp(join(tmpdir(), 'saved-encoder-'));
});
afterEach(() => rm(folder, { recursive: true }));

const { classNameMap } = tf.serialization.SerializationMap.getMap() as unknown as {
  classNameMap: Record<string, unknown>;
};

test.each(['tiny-bert', 'tiny-distilbert', 'tiny-roberta'])(
  '%s that was tuned and saved predicts the same when a new process loads it, and can be tuned further',
  async (name) => {
    const before = tf.memory().numTensors;
    const [base, tokenizer] = await Promise.all([loadBase(textFolder(name)), loadTokenizer(textFolder(name))]);
    const start = pipe(base, attachHead(classifier(['good', 'bad'])), unfreezeTop(1));
    const data = { train: textExamples(['The soup was quick.', 'Never again!', 'a pair'], [0, 1, 0], tokenizer) };
    const { model } = await fineTune(start, data, [train({ epochs: 2 })]);
    const { ids, mask, types } = tokenizer.encode(['I would never order', 'this drink']);
    const input = [ids, mask, types].slice(0, model.inputs.length);
    const predicted = await predict(model, input);
    await saveModel(model, folder);

    // A process that has loaded no encoder: tfjs does not know the layers, and neither does the library.
    for (const own of Object.keys(classNameMap)) if (own.startsWith('Text')) delete classNameMap[own];
    vi.resetModules();
    const { loadModel } = await import('../../src/model/load-model.ts');
    const loaded = await loadModel(folder);
    expect(await predict(loaded, input)).toEqual(predicted);
    expect(loaded.units).toEqual(model.units);
    const again = await fineTune(pipe(loaded, unfreezeTop(2)), data, [train({ epochs: 1 })]);
    const trunk = asBase(again.model);
    const next = pipe(trunk, attachHead(classifier(['a', 'b', 'c'])));
    expect(next.units).toEqual(model.units);
    for (const handle of [next, trunk, again.model, loaded, model, start, base]) dispose(handle);
    expect(tf.memory().numTensors).toBe(before);
  },
);
