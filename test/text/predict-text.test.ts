import * as tf from '@tensorflow/tfjs-core';
import { attachHead, dispose, loadBase, pipe, predict, useBackend } from 'tfjs-transfer';
import { cpu } from 'tfjs-transfer/backends/cpu';
import { tinyCnn } from 'tfjs-transfer/bases';
import { classifier } from 'tfjs-transfer/heads';
import { loadTokenizer } from 'tfjs-transfer/text';
import { beforeAll, expect, test } from 'vitest';
import { textFolder } from '../support/encoders.ts';

const text = 'What a wonderful drink.';
beforeAll(() => useBackend(cpu()));

test.each(['tiny-bert', 'tiny-distilbert', 'tiny-roberta'])(
  '%s predicts what its tokenizer encoded, and refuses a bare string',
  async (name) => {
    const before = tf.memory().numTensors;
    const [base, tokenizer] = await Promise.all([loadBase(textFolder(name)), loadTokenizer(textFolder(name))]);
    const model = pipe(base, attachHead(classifier(['bad', 'good'])));
    const encoded = tokenizer.encode(text);
    const { ids, mask, types } = encoded;
    const inputs = [ids, mask, types].slice(0, model.inputs.length) as number[][];
    expect(await predict(model, encoded)).toEqual(await predict(model, inputs));
    const said = /reads the tokens of a text, in \d inputs\. Pass tokenizer\.encode\(text\)/;
    for (const wrong of [text, [ids], undefined, [text]]) {
      await expect(predict(model, wrong as never), String(wrong)).rejects.toThrow(said);
    }
    dispose(model);
    dispose(base);
    expect(tf.memory().numTensors).toBe(before);
  },
);

test('tokens are no picture, and pictures are predicted one at a time', async () => {
  const model = pipe(tinyCnn({ size: 16 }), attachHead(classifier(['bad', 'good'])));
  const tokens = { ids: [1], mask: [1], types: [0] };
  await expect(predict(model, tokens)).rejects.toThrow(/received tokens of a text; the model reads no text/);
  await expect(predict(model, ['a.jpg', 'b.jpg'] as never)).rejects.toThrow(/array of 2\. Pass one picture at a time/);
  dispose(model);
});
