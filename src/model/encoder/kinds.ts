import * as tf from '@tensorflow/tfjs-core';
import { TransferError } from '../../core/errors.ts';
import type { LayerKind, LayerSettings } from './layer-class.ts';
import { activations, attend, dense, first, maskedMean, normalize } from './operations.ts';

const number = (settings: LayerSettings, name: string) => settings[name] as number;

/** A rate of dropout. Models that were saved before there were any have none. */
const rate = (settings: LayerSettings, name: string) => (settings[name] ?? 0) as number;

const linear = (path: string, inputs: number, outputs: number) => ({
  [`${path}/kernel`]: [inputs, outputs],
  [`${path}/bias`]: [outputs],
});

const norm = (path: string, width: number) => ({ [`${path}/gamma`]: [width], [`${path}/beta`]: [width] });

/** The shape of what makes one vector of a text. */
const vector: LayerKind['outputShape'] = ([shape = []]) => [shape[0] ?? null, shape[2] ?? null];

/** Words, positions and types, added and normalized. Reads the ids, and the types where there are any to choose from. */
const embeddings: LayerKind = {
  className: 'TextEmbeddings',
  weights(settings) {
    const [width, types] = [number(settings, 'width'), number(settings, 'types')];
    return {
      words: [number(settings, 'vocabulary'), width],
      positions: [number(settings, 'positions'), width],
      ...(types > 0 && { types: [types, width] }),
      ...norm('norm', width),
    };
  },
  outputShape: ([shape = []], settings) => [shape[0] ?? null, shape[1] ?? null, number(settings, 'width')],
  compute([ids, types], weight, settings, drop) {
    const [, length = 0] = (ids as tf.Tensor).shape;
    const longest = longestText(settings);
    if (length > longest) {
      throw new TransferError(
        'INVALID_DATA',
        `A text has ${length} tokens, and the base has ${longest} positions. Truncate texts: loadTokenizer(folder, { length: ${longest} }).`,
      );
    }
    const words = tf.gather(weight('words'), ids as tf.Tensor1D);
    const parts = [words, positionsOf(ids as tf.Tensor, weight('positions'), settings)];
    if (types) parts.push(tf.gather(weight('types'), types as tf.Tensor1D));
    else if (number(settings, 'types') > 0) parts.push(tf.slice(weight('types'), [0, 0], [1, -1]));
    const sum = parts.reduce((total, part) => tf.add(total, part));
    const normal = normalize(sum, weight('norm/gamma'), weight('norm/beta'), number(settings, 'epsilon'));
    return drop(normal, rate(settings, 'dropout'));
  },
};

/**
 * How many tokens a text may have. RoBERTa counts positions from the one behind its padding's.
 *
 * @param settings Of the embeddings: `padding` is the id of the padding, or null where positions count from 0.
 */
export function longestText({ positions, padding }: LayerSettings): number {
  return (positions as number) - (padding === null ? 0 : (padding as number) + 1);
}

function positionsOf(ids: tf.Tensor, table: tf.Tensor, { padding }: LayerSettings): tf.Tensor {
  if (padding === null) return tf.slice(table, [0, 0], [ids.shape[1] as number, -1]);
  const isText = tf.cast(tf.notEqual(ids, padding as number), 'float32');
  // In float32, as no backend lacks that; whole numbers of this size are exact.
  const places = tf.add(tf.mul(tf.cumsum(isText, 1), isText), padding as number);
  return tf.gather(table, tf.cast(places, 'int32') as tf.Tensor1D);
}

/** Attention and a network of two products, each added to what it read and normalized (post-norm). Reads the mask, too. */
const block: LayerKind = {
  className: 'TextBlock',
  weights(settings) {
    const [width, inner] = [number(settings, 'width'), number(settings, 'inner')];
    return {
      ...linear('attention/query', width, width),
      ...linear('attention/key', width, width),
      ...linear('attention/value', width, width),
      ...linear('attention/output', width, width),
      ...norm('attention/norm', width),
      ...linear('network/inner', width, inner),
      ...linear('network/output', inner, width),
      ...norm('network/norm', width),
    };
  },
  outputShape: ([shape]) => [...(shape as (number | null)[])],
  compute([x, mask], weight, settings, drop) {
    const through = (path: string, value: tf.Tensor) => dense(value, weight(`${path}/kernel`), weight(`${path}/bias`));
    const added = (path: string, value: tf.Tensor, before: tf.Tensor) =>
      normalize(tf.add(value, before), weight(`${path}/gamma`), weight(`${path}/beta`), number(settings, 'epsilon'));
    const input = x as tf.Tensor;
    const [query, key, value] = ['query', 'key', 'value'].map((name) => through(`attention/${name}`, input));
    const mixed = attend(
      { query, key, value } as Record<'query' | 'key' | 'value', tf.Tensor>,
      mask as tf.Tensor,
      number(settings, 'heads'),
      (shares) => drop(shares, rate(settings, 'attentionDropout')),
    );
    const output = drop(through('attention/output', mixed), rate(settings, 'attendedDropout'));
    const attended = added('attention/norm', output, input);
    const activate = activations[settings.activation as string] as (value: tf.Tensor) => tf.Tensor;
    const inner = activate(through('network/inner', attended));
    return added('network/norm', drop(through('network/output', inner), rate(settings, 'dropout')), attended);
  },
};

/** The first position through a layer of its own: what BERT was trained to compare sentences by. */
const pooler: LayerKind = {
  className: 'TextPooler',
  weights: ({ width }) => linear('dense', width as number, width as number),
  outputShape: vector,
  compute: ([x], weight) => tf.tanh(dense(first(x as tf.Tensor), weight('dense/kernel'), weight('dense/bias'))),
};

const mean: LayerKind = {
  className: 'TextMean',
  weights: () => ({}),
  outputShape: vector,
  compute: ([x, mask]) => maskedMean(x as tf.Tensor, mask as tf.Tensor),
};

const firstPosition: LayerKind = {
  className: 'TextFirst',
  weights: () => ({}),
  outputShape: vector,
  compute: ([x]) => first(x as tf.Tensor),
};

/** The layers of an encoder. */
export const kinds = { embeddings, block, pooler, mean, first: firstPosition } as const;
