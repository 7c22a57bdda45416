import { TransferError } from '../../core/errors.ts';
import type { SafetensorsTensor } from '../../formats/safetensors.ts';
import type { Family } from './encoder-config.ts';
import { parts } from './part-names.ts';

const tables: Readonly<Record<string, string>> = {
  words: 'embeddings.word_embeddings',
  positions: 'embeddings.position_embeddings',
  types: 'embeddings.token_type_embeddings',
};

const leaves: Readonly<Record<string, string>> = { kernel: 'weight', bias: 'bias', gamma: 'weight', beta: 'bias' };

/**
 * What a weight is called in a folder of Hugging Face.
 *
 * @param family The family.
 * @param layer The layer: `embeddings`, `layer_3`, `pooler`.
 * @param weight The weight: `attention/query/kernel`.
 */
export function sourceName(family: Family, layer: string, weight: string): string {
  const [, part = '', leaf = weight] = /^(.*)\/(\w+)$/.exec(weight) ?? [];
  if (layer === 'embeddings')
    return tables[weight] ? `${tables[weight]}.weight` : `embeddings.LayerNorm.${leaves[leaf]}`;
  if (layer === 'pooler') return `pooler.dense.${leaves[leaf]}`;
  const named = parts[family];
  return `${named.layers}.${layer.slice('layer_'.length)}.${named[part as keyof typeof named]}.${leaves[leaf]}`;
}

/** What stands beside an encoder in its file, and is of a task that it was trained on. */
const heads = /^(cls|classifier|pre_classifier|lm_head|qa_outputs|vocab_transform|vocab_layer_norm|vocab_projector)\./;

/**
 * The weights of an encoder by the names that {@link sourceName} gives: without the prefix of a model with a head, with
 * `weight` and `bias` where old files say `gamma` and `beta`, and without positions, which are counted here.
 *
 * @param tensors The tensors of the file.
 */
export function plainNames(tensors: ReadonlyMap<string, SafetensorsTensor>): Map<string, SafetensorsTensor> {
  const plain = [...tensors]
    .filter(([name]) => !name.endsWith('position_ids') && !heads.test(name))
    .map(([name, tensor]): [string, SafetensorsTensor] => [
      name
        .replace(/^(bert|roberta|distilbert)\./, '')
        .replace(/\.gamma$/, '.weight')
        .replace(/\.beta$/, '.bias'),
      tensor,
    ]);
  return new Map(plain);
}

/**
 * Holds the weights of a file against those that an encoder needs, and says all that is wrong with them at once.
 *
 * @param found The tensors by plain name.
 * @param expected The shape of each in the file.
 * @param name What the model is called in messages.
 * @throws TransferError `INVALID_MODEL`.
 */
export function assertWeights(
  found: ReadonlyMap<string, SafetensorsTensor>,
  expected: ReadonlyMap<string, readonly number[]>,
  name: string,
): void {
  const shapeOf = (weight: string) => found.get(weight)?.shape ?? [];
  const missing = [...expected.keys()].filter((weight) => !found.has(weight));
  const unexpected = [...found.keys()].filter((weight) => !expected.has(weight));
  const misshapen = [...expected]
    .filter(([weight, shape]) => found.has(weight) && String(shape) !== String(shapeOf(weight)))
    .map(([weight, shape]) => `${weight} is [${shapeOf(weight).join(', ')}] and not [${shape.join(', ')}]`);
  const said = [
    missing.length && `Missing: ${missing.join(', ')}.`,
    unexpected.length && `Unexpected: ${unexpected.join(', ')}.`,
    misshapen.length && `Of another shape: ${misshapen.join(', ')}.`,
  ].filter(Boolean);
  if (said.length === 0) return;
  throw new TransferError(
    'INVALID_MODEL',
    `The weights of ${name} are not those that its config.json describes. ${said.join(' ')} Take both files from one model.`,
  );
}
