import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import type { SafetensorsTensor } from '../../formats/safetensors.ts';
import { floatsOf } from '../../formats/safetensors-values.ts';
import { type LayersModel, type Variable, variablesOf } from '../tfjs-internals.ts';
import type { EncoderConfig } from './encoder-config.ts';
import { kinds } from './kinds.ts';
import { type LayerKind, type LayerSettings, layerClass } from './layer-class.ts';
import { assertWeights, sourceName } from './weight-names.ts';

/** A layer of an encoder before it is made. */
interface Planned {
  readonly name: string;
  readonly kind: LayerKind;
  readonly settings: LayerSettings;
}

/**
 * Makes an encoder of its weights. It reads ids, the mask and, where there are types to choose from, types; it has an
 * output for each way to make one vector of a text: `mean`, `first`, and `pooler`, where the file has one.
 *
 * @param config What its config.json says.
 * @param found The weights by plain name.
 * @param height How many of the blocks are made, from the input up.
 * @param name What it is called.
 * @returns The model, and a function that frees its weights.
 * @throws TransferError `INVALID_MODEL` where weights are missing, unexpected or of another shape.
 */
export function encoderModel(
  config: EncoderConfig,
  found: ReadonlyMap<string, SafetensorsTensor>,
  height: number,
  name: string,
): { readonly model: LayersModel; readonly release: () => void } {
  const { width = 0 } = config.block;
  const embeddings: Planned = { name: 'embeddings', kind: kinds.embeddings, settings: config.embeddings };
  const blocks = Array.from({ length: config.blocks }, (_, index): Planned => {
    return { name: `layer_${index}`, kind: kinds.block, settings: config.block };
  });
  const hasPooler = [...found.keys()].some((weight) => weight.startsWith('pooler.'));
  const pooler: Planned = { name: 'pooler', kind: kinds.pooler, settings: { width } };
  const weighted = [embeddings, ...blocks, ...(hasPooler ? [pooler] : [])];
  const shapes = weighted.flatMap((layer) =>
    Object.entries(layer.kind.weights(layer.settings)).map(([weight, shape]) => {
      return [
        sourceName(config.family, layer.name, weight),
        weight.endsWith('kernel') ? [...shape].reverse() : shape,
      ] as const;
    }),
  );
  assertWeights(found, new Map(shapes), name);

  const ids = tfl.input({ shape: [null], dtype: 'int32', name: 'ids' });
  const mask = tfl.input({ shape: [null], dtype: 'int32', name: 'mask' });
  const types = tfl.input({ shape: [null], dtype: 'int32', name: 'types' });
  const hasTypes = (config.embeddings.types as number) > 1;
  const made: tfl.layers.Layer[] = [];
  const apply = ({ name: own, kind, settings }: Planned, ...inputs: tfl.SymbolicTensor[]) => {
    const layer = new (layerClass(kind))({ name: own, settings });
    const output = layer.apply(inputs.length === 1 ? (inputs[0] as tfl.SymbolicTensor) : inputs) as tfl.SymbolicTensor;
    made.push(layer);
    for (const variable of variablesOf(layer)) fill(variable, config, own, found);
    return output;
  };
  const release = () => tf.dispose(made.flatMap(variablesOf).map(({ val }) => val));
  try {
    let top = hasTypes ? apply(embeddings, ids, types) : apply(embeddings, ids);
    for (const block of blocks.slice(0, height)) top = apply(block, top, mask);
    const outputs = [
      apply({ name: 'mean', kind: kinds.mean, settings: {} }, top, mask),
      apply({ name: 'first', kind: kinds.first, settings: {} }, top),
      ...(hasPooler && height === config.blocks ? [apply(pooler, top)] : []),
    ];
    return { model: tfl.model({ inputs: hasTypes ? [ids, mask, types] : [ids, mask], outputs, name }), release };
  } catch (error) {
    release();
    throw error;
  }
}

/** Puts a weight of the file in its place. PyTorch keeps the kernel of a product as `[outputs, inputs]`. */
function fill(
  variable: Variable,
  { family }: EncoderConfig,
  layer: string,
  found: ReadonlyMap<string, SafetensorsTensor>,
): void {
  const weight = variable.originalName.slice(layer.length + 1);
  const source = sourceName(family, layer, weight);
  const tensor = found.get(source) as SafetensorsTensor;
  tf.tidy(() => {
    const values = tf.tensor(floatsOf(tensor, source), [...tensor.shape]);
    (variable.val as tf.Variable).assign(weight.endsWith('kernel') ? tf.transpose(values) : values);
  });
}
