import * as tf from '@tensorflow/tfjs-core';
import { TransferError } from '../../core/errors.ts';
import type { Base, LayerInfo, TransferModel, WeightKey } from '../../core/handle.ts';
import type { StoredFile } from '../../core/store.ts';
import { type WritableTensor, writeSafetensors } from '../../formats/safetensors-write.ts';
import { download } from '../device.ts';
import { type Network, networkBehind } from '../network.ts';
import { layersOf, tensorOf } from '../weights.ts';
import { familyWith } from './encoder-config.ts';
import { encoderJson } from './encoder-json.ts';
import { kinds } from './kinds.ts';
import type { LayerSettings } from './layer-class.ts';
import { classOf, families } from './pytorch-head.ts';
import { sourceName } from './weight-names.ts';

/** What a folder says of the layer that a base ends with. */
const cuts: Readonly<Record<string, string>> = {
  [kinds.mean.className]: 'mean',
  [kinds.first.className]: 'first',
  [kinds.pooler.className]: 'pooler',
  [kinds.block.className]: 'tokens',
};

/** Weights by what they are called in a file. */
type Named = readonly (readonly [name: string, key: WeightKey])[];

/**
 * The files of an encoder in the layout of Hugging Face: config.json, model.safetensors, and head.safetensors where no
 * class of transformers has such a head.
 *
 * @param model The model, or a base.
 * @param padding The id of padding.
 * @throws TransferError `UNSUPPORTED` where it is no encoder, or has weights that such a folder has no names for.
 */
export async function huggingFaceFiles(model: Base | TransferModel, padding: number): Promise<readonly StoredFile[]> {
  const network = networkBehind(model);
  const settings = settingsOf(model, network);
  const [own, above] = (['base', 'head'] as const).map((part) =>
    model.layers.filter((layer) => layer.part === part),
  ) as [LayerInfo[], LayerInfo[]];
  const embeddings = settings.get('embeddings') as LayerSettings;
  const family = familyWith(embeddings);
  const cut = cuts[own.at(-1)?.className as string] as string;
  const head = model.kind === 'transfer' ? model.head : undefined;
  const known = head && classOf(family, cut, head, embeddings.width as number);
  const encoder: Named = own.flatMap(({ path, weights }) =>
    weights.map(({ key }) => {
      const name = sourceName(family, path, key.slice(path.length + 1));
      return [known ? `${family}.${name}` : name, key] as const;
    }),
  );
  const dense = above.filter(({ weights }) => weights.length > 0);
  const heads: Named = dense.flatMap(({ path, weights }, index) =>
    weights.map(({ key }) => [`${known?.layers[index] ?? path}.${leafOf(key)}`, key] as const),
  );
  // A pooler that belongs to the head of a class is there under both names: loadBase reads that of the encoder.
  const pooler: Named = known?.pooler
    ? ['kernel', 'bias'].map((leaf) => [`${known.pooler}.${leafOf(leaf)}`, `pooler/dense/${leaf}`] as const)
    : [];
  const config = encoderJson({
    family,
    blocks: own.filter(({ className }) => className === kinds.block.className).length,
    embeddings,
    block: settings.get('layer_0') as LayerSettings,
    cut,
    architecture: known?.name ?? `${families[family]}Model`,
    head: known && head,
    padding,
  });
  const file = (weights: Named, metadata = {}) => safetensorsOf(network, model, weights, metadata);
  return [
    { name: 'model.safetensors', bytes: await file(known ? [...encoder, ...pooler, ...heads] : encoder) },
    ...(head && !known
      ? [{ name: 'head.safetensors', bytes: await file(heads, { head: JSON.stringify(head), reads: cut }) }]
      : []),
    { name: 'config.json', bytes: new TextEncoder().encode(`${JSON.stringify(config, null, 2)}\n`) },
  ];
}

const leafOf = (key: WeightKey) => (key.endsWith('kernel') ? 'weight' : 'bias');

async function safetensorsOf({ variables }: Network, { lease }: Base | TransferModel, named: Named, metadata: object) {
  const tensors = new Map<string, WritableTensor>();
  for (const [name, key] of named) {
    const tensor = tensorOf(variables, lease.values, key);
    // PyTorch keeps the kernel of a product as `[outputs, inputs]`.
    const turned = key.endsWith('kernel') ? tf.transpose(tensor) : tf.clone(tensor);
    const values = (await download(turned).finally(() => turned.dispose())) as Float32Array;
    tensors.set(name, { shape: turned.shape, values });
  }
  return writeSafetensors(tensors, { format: 'pt', ...metadata });
}

/** The settings of each layer of an encoder, where the base is one and nothing else. */
function settingsOf(model: Base | TransferModel, { graph }: Network): ReadonlyMap<string, LayerSettings> {
  const settings = new Map(
    layersOf(graph).map(({ layer, path }) => [path, layer.getConfig().settings as unknown as LayerSettings]),
  );
  for (const { path, className, weights, part } of model.layers) {
    if (part === 'head') continue;
    const kind = Object.values(kinds).find((one) => one.className === className);
    const names = kind && Object.keys(kind.weights(settings.get(path) as LayerSettings));
    const strange = weights.find(({ key }) => !names?.includes(key.slice(path.length + 1)));
    if (names && !strange && !path.includes('/')) continue;
    throw new TransferError(
      'UNSUPPORTED',
      `saveHuggingFace: "${model.origin.name}" has ${strange ? `the weight ${strange.key}` : `the layer ${path}`}, which no folder ` +
        'of an encoder has. Merge updates of low rank first (merge of tfjs-transfer/adapters), or save it with saveModel.',
    );
  }
  return settings;
}
