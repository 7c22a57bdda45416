import { type Edit, edit } from '../core/edit.ts';
import { TransferError } from '../core/errors.ts';
import type { LayerInfo, WeightInfo } from '../core/handle.ts';
import { assertSettings } from '../core/settings.ts';
import { parts } from './encoder/part-names.ts';
import { factorsOf, updateOf } from './low-rank.ts';

/** Settings of {@link lora}, in the words of peft. */
export interface LoraSettings {
  /** The rank of each update. Default: 8. */
  readonly r?: number;
  /** Updates are scaled by `alpha / r`. Default: 8. */
  readonly alpha?: number;
  /**
   * Which layers, by the ends of their names: `['query', 'value']`, `['attention.output.dense']`, `['project_conv']`.
   * `'all-linear'` (the default): every dense layer of the base, those within the blocks of an encoder included.
   */
  readonly targetModules?: 'all-linear' | readonly string[];
  /** Scales by `alpha / sqrt(r)` (Kalajdzievski, 2023). Default: false. */
  readonly rankStabilized?: boolean;
  /** Seed of the first A. Default: 0. */
  readonly seed?: number;
}

/**
 * Freezes the base and gives kernels of it an update of low rank that trains: `W + alpha / r A B` (LoRA; Hu et al., 2022).
 * A begins evenly drawn up to `1 / sqrt(inputs)`, as in peft, B with zeros, so that the model computes what it computed
 * before. Dense layers, the dense parts of an encoder's blocks and convolutions can have one.
 *
 * @param settings Rank, alpha, and which layers. Updates that the model has already go on from where they are.
 * @returns The edit.
 * @throws TransferError `INVALID_ARGUMENT` for a rank that is no whole number from 1, an alpha that is not above 0, or names that
 * are none; where it is applied, `NOT_FOUND` where a name is that of no layer; `UNSUPPORTED` for a dropout above 0, and for a layer
 * that is none of those (a depthwise convolution, say); `INVALID_ORDER` where a layer has an update of another rank or scale.
 *
 * @example
 * ```ts
 * import { lora, pipe, sequence, train } from 'tfjs-transfer';
 * import { tinyCnn } from 'tfjs-transfer/bases';
 *
 * const strategy = sequence(lora({ r: 4, targetModules: ['pointwise'] }), train({ epochs: 10, learningRate: 1e-3 }));
 * const base = pipe(tinyCnn(), lora({ targetModules: ['pointwise'] }));
 * console.log([...base.settings.trains][0]); // block1_pointwise/kernel/lora_A
 * ```
 */
export function lora(settings: LoraSettings = {}): Edit {
  assertLora(settings);
  const { r = 8, alpha = 8, targetModules = 'all-linear', rankStabilized = false, seed = 0 } = settings;
  const update = { r, scale: alpha / (rankStabilized ? Math.sqrt(r) : r), seed };
  return edit('lora', settings as Readonly<Record<string, unknown>>, ({ layers }) => {
    const named = layers
      .filter(({ part }) => part === 'base')
      .flatMap((layer) => layer.weights.filter(isKernel).map((kernel) => ({ layer, kernel })))
      .filter(({ layer, kernel }) =>
        targetModules === 'all-linear' ? isDense(layer) : isNamed(namesOf(layer, kernel), targetModules),
      );
    assertAdaptable(layers, named, targetModules);
    const chosen = new Set(named.map(({ kernel }) => kernel));
    return {
      trains: new Set(named.flatMap(({ kernel: { key } }) => [factorsOf(key).A, factorsOf(key).B])),
      layers: layers.map((layer) => ({
        ...layer,
        weights: [
          ...layer.weights,
          ...layer.weights
            .filter((kernel) => chosen.has(kernel))
            .flatMap((kernel) => newOnes(layer, updateOf(kernel, update))),
        ],
      })),
    };
  });
}

const isDense = ({ className }: LayerInfo) => ['Dense', 'TextBlock', 'TextPooler'].includes(className);

/** Layers whose kernels have their outputs last, and are one matrix for all places that they look at. */
const isAdaptable = (layer: LayerInfo) => isDense(layer) || /^Conv[123]D$/.test(layer.className);

const isKernel = ({ key, role }: WeightInfo) => role === 'parameter' && /\/\w*(kernel|embeddings?)(_\d+)?$/.test(key);

/** What a kernel's layer is called, with dots: here, and, within a block, by BERT and DistilBERT. */
function namesOf({ path }: LayerInfo, { key }: WeightInfo): readonly string[] {
  const own = key.slice(0, key.lastIndexOf('/'));
  const part = own.slice(path.length + 1) as keyof typeof parts.bert;
  const index = path.slice(path.lastIndexOf('_') + 1);
  const others = Object.values(parts).flatMap((named) =>
    named[part] ? `${named.layers}.${index}.${named[part]}` : [],
  );
  return [own.replaceAll('/', '.'), ...others];
}

const isNamed = (names: readonly string[], targets: readonly string[]) =>
  targets.some((target) => names.some((name) => `.${name}`.endsWith(`.${target}`) || name.endsWith(`_${target}`)));

/** The factors that a layer has not; those that it has must be of the same rank and scale. */
function newOnes({ path, weights }: LayerInfo, factors: readonly WeightInfo[]): readonly WeightInfo[] {
  const known = new Map(weights.map((weight) => [weight.key, weight]));
  const isOther = factors.some(({ key, shape, first }) => {
    const there = known.get(key);
    return there && (String(there.shape) !== String(shape) || (typeof first === 'number' && there.first !== first));
  });
  if (!isOther) return factors.filter(({ key }) => !known.has(key));
  throw new TransferError(
    'INVALID_ORDER',
    `lora: ${path} has an update of another rank or scale. Pass its r and alpha to train it on, or merge(model) first.`,
  );
}

/** A dropout before A, which peft has, is refused by name. */
function assertLora(settings: LoraSettings & { readonly dropout?: number }): void {
  assertSettings('lora', settings, {
    r: 8,
    alpha: 16,
    targetModules: undefined,
    rankStabilized: true,
    dropout: 0,
    seed: 0,
  });
  const { r = 8, alpha = 8, targetModules = 'all-linear', dropout = 0 } = settings;
  if (dropout !== 0) {
    throw new TransferError(
      'UNSUPPORTED',
      `lora received dropout: ${dropout}. Updates have none here; leave it away, or pass 0.`,
    );
  }
  const isList = Array.isArray(targetModules) && targetModules.every((name) => typeof name === 'string' && name !== '');
  const wrong = [
    !(Number.isInteger(r) && r >= 1) && `r: ${r}; pass a whole number from 1`,
    !(Number.isFinite(alpha) && alpha > 0) && `alpha: ${alpha}; pass a number above 0`,
    targetModules !== 'all-linear' &&
      !(isList && targetModules.length > 0) &&
      `targetModules: ${JSON.stringify(targetModules)}; pass 'all-linear' or names such as ['query', 'value']`,
  ].filter(Boolean);
  if (wrong.length) throw new TransferError('INVALID_ARGUMENT', `lora received ${wrong.join('; ')}.`);
}

type Named = readonly { readonly layer: LayerInfo; readonly kernel: WeightInfo }[];

function assertAdaptable(layers: readonly LayerInfo[], named: Named, targets: 'all-linear' | readonly string[]): void {
  const other = named.find(({ layer }) => !isAdaptable(layer));
  if (other) {
    throw new TransferError(
      'UNSUPPORTED',
      `lora: ${other.layer.path} is a ${other.layer.className}, which can have no update of low rank. Dense layers, those within the blocks of encoders and convolutions that are not depthwise can: name these alone.`,
    );
  }
  const isFound = (target: string) => named.some(({ layer, kernel }) => isNamed(namesOf(layer, kernel), [target]));
  const absent = targets === 'all-linear' ? [] : targets.filter((target) => !isFound(target));
  if (named.length > 0 && absent.length === 0) return;
  const possible = layers
    .filter((layer) => layer.part === 'base' && isAdaptable(layer))
    .flatMap((layer) => layer.weights.filter(isKernel).map((kernel) => namesOf(layer, kernel)[0]));
  throw new TransferError(
    'NOT_FOUND',
    `lora: no layer of the base is ${absent.length ? `called ${absent.join(' or ')} (names match by their ends)` : 'dense'}. These can have an update: ${possible.join(', ') || 'none'}.`,
  );
}
