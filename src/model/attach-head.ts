import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { TransferError } from '../core/errors.ts';
import type { Base, TransferModel, WeightInfo } from '../core/handle.ts';
import type { Head } from '../core/head.ts';
import { kindOf } from '../core/kind-of.ts';
import { randomStream } from '../core/random.ts';
import { textOf } from '../core/settings.ts';
import { shapeText } from './dense.ts';
import { type Graph, graphOf, stack } from './graph.ts';
import { leaseOf, networkBehind, networkOf } from './network.ts';
import { describeLayers, variablesByKey } from './weights.ts';

/**
 * Puts a head on a base: the one new output of the network. A base with a spatial (or sequential) output is pooled by
 * its mean first; a classifier of tokens reads a sequence as it is. The head always trains; its first weights are Glorot uniform (Glorot and Bengio, 2010, equation 16),
 * drawn from the head's seed.
 *
 * @param head The head, from `tfjs-transfer/heads`.
 * @returns A function from a base to a model, for {@link pipe}. The model owns the head's weights and keeps the base's
 * network alive: either may be disposed first.
 * @throws TransferError `INVALID_ORDER` where the model has a head; `INVALID_MODEL` where the base has several outputs,
 * or one that the head cannot read.
 *
 * @example
 * ```ts
 * import { attachHead, dispose, pipe } from 'tfjs-transfer';
 * import { tinyCnn } from 'tfjs-transfer/bases';
 * import { classifier } from 'tfjs-transfer/heads';
 *
 * const base = tinyCnn();
 * const model = pipe(base, attachHead(classifier(['cat', 'dog'])));
 * dispose(model);
 * dispose(base);
 * ```
 */
export function attachHead(head: Head): (base: Base) => TransferModel {
  if (head?.kind !== 'head') {
    throw new TransferError(
      'INVALID_ARGUMENT',
      `attachHead received ${kindOf(head) === 'base' ? 'a base, which comes first: pipe(base, attachHead(head))' : `${textOf(head)}, which is no head`}. Pass classifier(labels), multiLabel(labels) or regressor(outputs) of tfjs-transfer/heads.`,
    );
  }
  return (base) => {
    assertBase(base);
    const below = networkBehind(base);
    const above = headGraph(head, base);
    const layers = describeLayers(above, 'head');
    const weights = layers.flatMap((layer) => layer.weights);
    const first = Object.fromEntries(weights.map((weight) => [weight.key, firstValue(weight, head.seed)]));
    // The layers of a head are shells: each model has weights of its own for them, so that handles can share the layers.
    for (const variable of variablesByKey(above).values()) variable.val.dispose();
    below.hold();
    const network = networkOf(stack(below.graph, above), () => below.giveBack());
    const kept = Object.entries(base.lease.values).map(([key, value]) => [key, tf.clone(value)] as const);
    return Object.freeze({
      kind: 'transfer',
      head,
      layers: [...base.layers, ...layers],
      units: base.units,
      settings: base.settings,
      inputs: base.inputs,
      origin: base.origin,
      lease: leaseOf(network, { ...Object.fromEntries(kept), ...first }),
    });
  };
}

function assertBase(base: Base): void {
  const received = kindOf(base);
  if (received === 'base') return;
  if (received === 'transfer') {
    throw new TransferError(
      'INVALID_ORDER',
      'attachHead: the model has a head already. Attach the other head to the base, or take this one off with asBase(model).',
    );
  }
  throw new TransferError(
    'INVALID_ORDER',
    `attachHead received ${received ? `a value of kind "${String(received)}"` : typeof base}, not a base. ` +
      'Pass what loadBase or asBase returns (await loadBase first).',
  );
}

const poolings: Readonly<Record<number, ((args: { name: string }) => tfl.layers.Layer) | undefined>> = {
  2: (args) => tfl.layers.globalAveragePooling1d(args),
  3: (args) => tfl.layers.globalAveragePooling2d({ ...args, dataFormat: 'channelsLast' }),
};

function headGraph(head: Head, base: Base): Graph {
  const { outputShape: shape } = base;
  const isOfTokens = head.task === 'tokenClassification';
  assertTokens(isOfTokens, base);
  const pool = isOfTokens ? undefined : poolings[shape.length];
  if ((shape.length !== 1 && !pool && !isOfTokens) || shape.at(-1) == null) {
    throw new TransferError(
      'INVALID_MODEL',
      `attachHead: the output of "${base.origin.name}" is ${shape.length ? shapeText(shape) : 'several values'} ` +
        'for one example; a head reads one vector, sequence or picture of features. Choose a layer with { cut: name }.',
    );
  }
  const taken = base.layers.map(({ path }) => path);
  let prefix = 'head';
  for (let n = 2; taken.some((path) => path.startsWith(prefix)); n++) prefix = `head${n}`;
  const input = tfl.input({ shape: [...shape] });
  const layers = [
    ...(pool ? [pool({ name: `${prefix}_pool` })] : []),
    ...head.layers.map((layer, index) => {
      const last = index === head.layers.length - 1;
      const name = last ? `${prefix}_logits` : `${prefix}_${layer.kind}_${index + 1}`;
      return layer.kind === 'dropout'
        ? tfl.layers.dropout({ name, rate: layer.rate })
        : tfl.layers.dense({ name, units: layer.units, activation: layer.activation, kernelInitializer: 'zeros' });
    }),
  ];
  const output = layers.reduce((value, layer) => layer.apply(value) as tfl.SymbolicTensor, input);
  return graphOf({ inputs: [input], outputs: [output] });
}

/** A mean over tokens would take padding for text, and a vector has no tokens. */
function assertTokens(isOfTokens: boolean, base: Base): void {
  const { layers, outputShape, origin } = base;
  // tfjs' GlobalAveragePooling1D knows no mask, where Keras' has one.
  const isPadded = networkBehind(base).graph.applications.some(
    ({ layer }) => layer.getClassName() === 'Masking' || layer.getConfig().maskZero === true,
  );
  if (!isOfTokens && isPadded && outputShape.length === 2) {
    throw new TransferError(
      'INVALID_MODEL',
      `attachHead: "${origin.name}" gives a sequence whose padding is masked, and the mean would take it along. End the base with what gives one vector, such as an LSTM, or cut it there: { cut: name }.`,
    );
  }
  const isText = layers.at(-1)?.className === 'TextBlock';
  if (isOfTokens ? outputShape.length === 2 : !isText) return;
  throw new TransferError(
    'INVALID_MODEL',
    isOfTokens
      ? `attachHead: the output of "${origin.name}" is ${shapeText(outputShape)}; a head for tokens reads [tokens, width]. Load it with { cut: 'tokens' }.`
      : `attachHead: "${origin.name}" gives a vector for each token; the head reads one for each text. Load it with { cut: 'mean' }, 'first' or 'pooler', or attach tokenClassifier(labels).`,
  );
}

function firstValue({ key, shape }: WeightInfo, seed: number): tf.Tensor {
  const [inputs = 0, outputs = 0] = shape;
  if (shape.length < 2) return tf.zeros([...shape]);
  const random = randomStream(seed, key);
  const limit = Math.sqrt(6 / (inputs + outputs));
  return tf.tensor(
    Float32Array.from({ length: inputs * outputs }, () => (2 * random() - 1) * limit),
    [...shape],
  );
}
