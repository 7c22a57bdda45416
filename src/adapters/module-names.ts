import type { Base, LayerInfo, TransferModel, WeightInfo, WeightKey } from '../core/handle.ts';
import { type Family, familyWith } from '../model/encoder/encoder-config.ts';
import type { LayerSettings } from '../model/encoder/layer-class.ts';
import { sourceName } from '../model/encoder/weight-names.ts';
import { isFactor } from '../model/low-rank.ts';
import { networkBehind } from '../model/network.ts';

/** What peft calls the layers of a model. */
export interface ModuleNames {
  /** The family of an encoder, whose name its layers' begin with. */
  readonly family: Family | undefined;
  /** What the layer of each kernel of the base is called, by the key of the kernel. */
  readonly kernels: ReadonlyMap<WeightKey, string>;
  /** The same of the head's kernels and biases, `classifier.weight`. */
  readonly head: ReadonlyMap<WeightKey, string>;
}

/**
 * Names the layers of a model: those of an encoder as transformers does, others by their paths; the last layer of the head
 * is the `classifier`.
 *
 * @param model The model.
 */
export function moduleNames(model: TransferModel): ModuleNames {
  const family = familyOf(model);
  const kernels = model.layers.flatMap((layer) =>
    layer.part === 'base'
      ? layer.weights.filter(isKernel).map(({ key }) => [key, nameOf(layer, key, family)] as const)
      : [],
  );
  const heads = model.layers.filter(({ part, weights }) => part === 'head' && weights.length > 0);
  const head = heads.flatMap(({ path, weights }, index) =>
    weights.map(({ key }) => {
      const name = index === heads.length - 1 ? 'classifier' : path.replaceAll('/', '.');
      return [key, `${name}.${key.endsWith('/kernel') ? 'weight' : 'bias'}`] as const;
    }),
  );
  return { family, kernels: new Map(kernels), head: new Map(head) };
}

const isKernel = ({ key }: WeightInfo) => /\/kernel(_\d+)?$/.test(key) && !isFactor(key);

function nameOf({ path, className }: LayerInfo, key: WeightKey, family: Family | undefined): string {
  if (!family || !/^Text(Block|Pooler)$/.test(className))
    return key.slice(0, key.lastIndexOf('/')).replaceAll('/', '.');
  return `${family}.${sourceName(family, path, key.slice(path.length + 1)).replace(/\.weight$/, '')}`;
}

/** The family of an encoder; undefined where the base is none. */
function familyOf(model: Base | TransferModel): Family | undefined {
  const { applications } = networkBehind(model).graph;
  const layer = applications.find(({ layer: one }) => one.getClassName() === 'TextEmbeddings')?.layer;
  return layer && familyWith(layer.getConfig().settings as unknown as LayerSettings);
}
