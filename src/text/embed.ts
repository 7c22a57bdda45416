import type { BatchSettings } from '../core/batch-settings.ts';
import { TransferError } from '../core/errors.ts';
import type { Base } from '../core/handle.ts';
import { kindOf } from '../core/kind-of.ts';
import { assertRange, wholeFrom1 } from '../core/ranges.ts';
import { assertSettings } from '../core/settings.ts';
import { runEncoder } from './run-encoder.ts';
import { encodeAll, padded } from './tokenize.ts';
import type { Text, Tokenizer, Tokens } from './tokenizer.ts';

/**
 * The embeddings of texts: the output of a base, divided by its length (its Euclidean norm). Texts of like length are
 * computed together, padded to the longest of their batch.
 *
 * @param base An encoder that was loaded with a cut that makes one vector of a text: `'mean'`, `'first'` or `'pooler'`.
 * @param texts The texts, or pairs of texts.
 * @param tokenizer The tokenizer of the base, from {@link loadTokenizer}.
 * @param settings The batch size, and a signal.
 * @returns A vector of length 1 for each text, `[width]`, in their order. No tensor is left.
 * @throws TransferError `INVALID_DATA` where one is no text, or the tokenizer is another base's; `INVALID_ARGUMENT` where
 * there is no base or no tokenizer; `INVALID_MODEL` where the base gives a vector for each token.
 *
 * @example
 * ```ts
 * import { loadBase } from 'tfjs-transfer';
 * import { cosineSimilarity, embed, loadTokenizer } from 'tfjs-transfer/text';
 *
 * const [base, tokenizer] = await Promise.all([loadBase('all-MiniLM-L6-v2'), loadTokenizer('all-MiniLM-L6-v2')]);
 * const [soup, stew, engine] = await embed(base, ['A warm soup.', 'Some hot stew.', 'The engine stalls.'], tokenizer);
 * console.log(cosineSimilarity(soup, stew) > cosineSimilarity(soup, engine));
 * ```
 */
export async function embed<const Texts extends readonly Text[]>(
  base: Base,
  texts: Texts,
  tokenizer: Tokenizer,
  settings: BatchSettings = {},
): Promise<{ -readonly [_ in keyof Texts]: Float32Array }> {
  if (kindOf(base) !== 'base') {
    throw new TransferError(
      'INVALID_ARGUMENT',
      `embed received ${kindOf(base) === 'transfer' ? 'a model with a head' : 'no base'}. Pass what loadBase returns (await it first), or asBase(model).`,
    );
  }
  assertSettings('embed', settings, { batchSize: 32, signal: undefined });
  const { batchSize = 32, signal } = settings;
  assertRange('embed', wholeFrom1, { batchSize });
  if (base.outputShape.length !== 1) {
    throw new TransferError(
      'INVALID_MODEL',
      `embed: "${base.origin.name}" gives no single vector of a text. Load it with { cut: 'mean' }, 'first' or 'pooler'.`,
    );
  }
  const rows = encodeAll(texts, tokenizer, 'embed');
  const byLength = rows.map((_, index) => index).sort((a, b) => lengthOf(rows[b]) - lengthOf(rows[a]));
  const vectors: Float32Array[] = [];
  for (let from = 0; from < rows.length; from += batchSize) {
    signal?.throwIfAborted();
    const indices = byLength.slice(from, from + batchSize);
    const batch = padded(
      indices.map((index) => rows[index] as Tokens),
      tokenizer.padding,
    );
    const numbers = await runEncoder(base, batch, 'embed');
    const width = numbers.length / indices.length;
    for (const [row, index] of indices.entries()) {
      vectors[index] = normalized(numbers.subarray(row * width, (row + 1) * width));
    }
  }
  return vectors as { -readonly [_ in keyof Texts]: Float32Array };
}

const lengthOf = (row: Tokens | undefined) => row?.ids.length ?? 0;

function normalized(vector: Float32Array): Float32Array {
  const length = Math.hypot(...vector);
  return vector.map((number) => number / (length || 1));
}
