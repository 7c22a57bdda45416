import * as tf from '@tensorflow/tfjs-core';
import { TransferError } from '../core/errors.ts';
import type { Base, TransferModel } from '../core/handle.ts';
import { classifier } from '../heads/classifier.ts';
import { attachHead } from '../model/attach-head.ts';
import { dispose } from '../model/dispose.ts';
import { withWeights } from '../model/with-weights.ts';
import { assertLearned } from './edit-head.ts';
import type { LearnedHead } from './learned-head.ts';

/**
 * Puts a learned head on the base whose features it learned from: a model like any other, that predicts, is evaluated,
 * saved and fine-tuned. Its dense layer begins with the learned weights instead of random ones.
 *
 * @param head The head, of {@link nearestMean}, {@link ridge} or {@link logisticRegression}.
 * @returns A function from the base to a model, for `pipe`. The model owns the head's weights; the head stays as it is.
 * The model's probabilities are the softmax of {@link predictScores}.
 * @throws TransferError `UNSUPPORTED` for {@link nearestNeighbours}, which is no dense layer; `INVALID_DATA` where a class
 * has no example yet or there are fewer than two; `INVALID_ARGUMENT` where the base has another number of features.
 *
 * @example
 * ```ts
 * import * as tf from '@tensorflow/tfjs-core';
 * import { pipe, predict } from 'tfjs-transfer';
 * import { attachLearned, featuresOf, learn, nearestMean } from 'tfjs-transfer/analyse';
 * import { tinyCnn } from 'tfjs-transfer/bases';
 * import { fromTensors } from 'tfjs-transfer/data';
 *
 * const base = tinyCnn({ size: 16 });
 * const examples = await fromTensors(tf.stack([tf.zeros([16, 16, 3]), tf.fill([16, 16, 3], 255)]), [0, 1]);
 * const features = await featuresOf(base, examples);
 * const head = await learn(nearestMean(), features, features.labels, ['dark', 'light']);
 * const model = pipe(base, attachLearned(head));
 * const [best] = await predict(model, tf.fill([16, 16, 3], 240));
 * console.log(best?.label); // light
 * ```
 */
export function attachLearned(head: LearnedHead): (base: Base) => TransferModel {
  assertLearned(head, 'attachLearned');
  const { labels, size, learner, examples, state } = head;
  const { weights } = state;
  if (!weights) {
    throw new TransferError(
      'UNSUPPORTED',
      `attachLearned received a head of ${learner.name}, which cannot be written as a dense layer. Use nearestMean(), ridge() or logisticRegression(), or ask the head itself: predictScores(head, features).`,
    );
  }
  const empty = labels.filter((_, position) => !examples.some(({ label }) => label === position));
  if (empty.length || labels.length < 2) {
    throw new TransferError(
      'INVALID_DATA',
      `attachLearned received a head with the classes ${labels.join(', ')}; without examples: ${empty.join(', ') || 'none'}. A model needs two classes with an example each: addExample, or removeClass.`,
    );
  }
  return (base) => {
    const blank = attachHead(classifier(labels))(base);
    const dense = blank.layers.flatMap(({ part, weights: own }) => (part === 'head' ? own : []));
    const [kernel, bias] = [2, 1].map((rank) => dense.find(({ shape }) => shape.length === rank));
    if (!kernel || !bias || kernel.shape[0] !== size) {
      dispose(blank);
      throw new TransferError(
        'INVALID_ARGUMENT',
        `attachLearned: the head learned from ${size} features, "${base.origin.name}" has ${kernel?.shape[0]}. Put it on the base that featuresOf was given.`,
      );
    }
    const learned = {
      [kernel.key]: kernelTensor(weights, size),
      [bias.key]: tf.tensor1d(weights.map((own) => own[size] as number)),
    };
    const model = withWeights(blank, blank.lease.values, learned);
    dispose(blank);
    return model;
  };
}

function kernelTensor(weights: readonly Float64Array[], size: number): tf.Tensor {
  const values = new Float32Array(size * weights.length);
  for (const [c, own] of weights.entries()) {
    for (let i = 0; i < size; i++) values[i * weights.length + c] = own[i] as number;
  }
  return tf.tensor(values, [size, weights.length]);
}
