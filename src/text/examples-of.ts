import * as tf from '@tensorflow/tfjs-core';
import type { Examples } from '../core/data.ts';
import { TransferError } from '../core/errors.ts';
import type { InputSpecification } from '../core/handle.ts';
import type { Target } from '../core/outcome.ts';
import { readParts, readsTokens } from '../model/reads-tokens.ts';
import { longest, padded, type TokenBatch } from './tokenize.ts';
import type { Tokenizer, Tokens } from './tokenizer.ts';

/**
 * Examples of texts that are tokenized already, padded to the longest of all.
 *
 * @param rows The tokens of each text.
 * @param targets The target of each.
 * @param tokenizer The tokenizer.
 */
export function examplesOf(rows: readonly Tokens[], targets: readonly Target[], { padding }: Tokenizer): Examples {
  const length = longest(rows);
  return {
    kind: 'examples',
    size: rows.length,
    targets: [...targets],
    augmented: false,
    length,
    describe: (index) => `text ${index}`,
    async read(indices, { inputs }) {
      const some = indices.map((index) => rows[index] as Tokens);
      return tensorsOf(padded(some, padding, length), inputs, 'textExamples');
    },
  };
}

/**
 * Tokens as the inputs of an encoder.
 *
 * @param batch The tokens.
 * @param inputs What the encoder reads: ids, the mask, and types, where it has any.
 * @param caller What the user called, for messages.
 * @returns A tensor for each input, `[texts, tokens]`, int32; owned by the caller.
 * @throws TransferError `INVALID_DATA` where it is no encoder.
 */
export function tensorsOf(
  batch: TokenBatch,
  inputs: readonly InputSpecification[],
  caller: string,
): readonly tf.Tensor[] {
  if (!readsTokens(inputs)) {
    throw new TransferError(
      'INVALID_DATA',
      `${caller}: the model reads no tokens. Load an encoder: loadBase of a folder in the layout of Hugging Face.`,
    );
  }
  return readParts(batch, inputs).map((values) => tf.tensor(values, [...batch.shape], 'int32'));
}
