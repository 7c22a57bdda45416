import { TransferError } from './errors.ts';
import type { Base, BatchNormPolicy, LayerPath, Settings, TransferModel, Unit } from './handle.ts';
import { kindOf } from './kind-of.ts';
import { allFrozen, assertBare } from './settings.ts';

/**
 * A change of a handle's settings: a function that carries its own record, so that it works in {@link pipe}, in
 * {@link sequence}, and as JSON. It touches no tensor; what it returns shares the weights of what it was given.
 */
export interface Edit {
  <Model extends Base | TransferModel>(model: Model): Model;
  readonly kind: 'edit';
  readonly name: string;
  /** The record alone: what `JSON.stringify` writes. */
  toJSON(): Readonly<Record<string, unknown>>;
}

function edit(
  name: string,
  settings: Readonly<Record<string, unknown>>,
  change: (model: Base | TransferModel) => Partial<Settings>,
): Edit {
  const record = { kind: 'edit', name, ...settings };
  const apply = <Model extends Base | TransferModel>(model: Model): Model => {
    assertHandle(name, model);
    const settings: Settings = Object.freeze({ ...model.settings, ...change(model) });
    return Object.freeze({ ...model, settings } as Model) as Model;
  };
  Object.assign(apply, { kind: 'edit', ...settings });
  Object.defineProperty(apply, 'name', { value: name, enumerable: true });
  Object.defineProperty(apply, 'toJSON', { value: () => record });
  return apply as unknown as Edit;
}

function assertHandle(name: string, model: unknown): void {
  const kind = kindOf(model);
  if (kind === 'base' || kind === 'transfer') return;
  throw new TransferError(
    'INVALID_ORDER',
    `${name} received ${kind ? `a value of kind "${kind}"` : typeof model}, not a base or a model. ` +
      (kind === 'edit'
        ? 'An edit is called before it is applied: pipe(base, freeze(), attachHead(head)).'
        : 'Pass what loadBase, attachHead or fineTune returns (await loadBase first).'),
  );
}

const keysOf = (model: Base | TransferModel, layers: ReadonlySet<LayerPath>) =>
  new Set(model.layers.filter(({ path }) => layers.has(path)).flatMap(({ weights }) => weights.map(({ key }) => key)));

/**
 * Freezes the whole base: every weight and every moving statistic stays bit for bit what it is. The head still trains.
 *
 * @returns The edit.
 *
 * @example
 * ```ts
 * import { freeze, pipe } from 'tfjs-transfer';
 * import { tinyCnn } from 'tfjs-transfer/bases';
 *
 * const base = pipe(tinyCnn(), freeze());
 * console.log(base.settings.trains.size); // 0
 * ```
 */
export function freeze(...given: readonly []): Edit {
  assertBare('freeze', given);
  return edit('freeze', {}, () => ({ trains: allFrozen.trains }));
}

/**
 * Opens the whole base to training.
 *
 * @returns The edit.
 *
 * @example
 * ```ts
 * import { batchNorm, pipe, unfreeze } from 'tfjs-transfer';
 * import { tinyCnn } from 'tfjs-transfer/bases';
 *
 * const base = pipe(tinyCnn(), unfreeze(), batchNorm('train'));
 * ```
 */
export function unfreeze(...given: readonly []): Edit {
  assertBare('unfreeze', given);
  return edit('unfreeze', {}, (model) => ({ trains: keysOf(model, pathsOf(model.units)) }));
}

/**
 * Opens the top of the base to training and freezes the rest.
 *
 * @param top How many units, counted from the output down: a layer with weights together with the BatchNormalization
 * that follows it. Or the name (or the beginning of the names, `'block6a'`) of the first layer that trains.
 * @returns The edit. `unfreezeTop(0)` is {@link freeze}.
 * @throws TransferError `INVALID_ARGUMENT` where the base has fewer units; `NOT_FOUND` where no layer has that name.
 *
 * @example
 * ```ts
 * import { pipe, unfreezeTop } from 'tfjs-transfer';
 * import { tinyCnn } from 'tfjs-transfer/bases';
 *
 * const base = pipe(tinyCnn(), unfreezeTop('block3'));
 * console.log([...base.settings.trains][0]); // block3_depthwise/depthwise_kernel
 * ```
 */
export function unfreezeTop(top: number | string): Edit {
  return edit('unfreezeTop', { top }, ({ units, ...model }) => {
    const start = typeof top === 'number' ? units.length - counted(top, units) : firstNamed(top, units);
    return { trains: keysOf({ units, ...model } as Base, pathsOf(units.slice(start))) };
  });
}

const pathsOf = (units: readonly Unit[]) => new Set(units.flatMap(({ layers }) => layers));

function counted(top: number, units: readonly Unit[]): number {
  if (Number.isInteger(top) && top >= 0 && top <= units.length) return top;
  throw new TransferError(
    'INVALID_ARGUMENT',
    `unfreezeTop(${top}): the base has ${units.length} layers with weights (a BatchNormalization counts with the layer ` +
      `before it). Pass a whole number from 0 to ${units.length}, or a layer's name.`,
  );
}

function firstNamed(name: string, units: readonly Unit[]): number {
  const exact = units.findIndex(({ layers }) => layers.includes(name));
  const start = exact >= 0 ? exact : units.findIndex(({ layers }) => layers.some((path) => path.startsWith(name)));
  if (start >= 0 && name !== '') return start;
  throw new TransferError(
    'NOT_FOUND',
    `unfreezeTop('${name}'): no layer with weights has this name or begins with it. The units are, from input to ` +
      `output: ${units.map((unit) => unit.name).join(', ')}.`,
  );
}

/**
 * Says how BatchNormalization above the frontier behaves while training.
 *
 * @param policy `frozen` (the default of every base): inference mode, nothing changes, right for small data.
 * `statistics`: batch statistics, moving ones updated, gamma and beta fixed. `train`: everything, for training from
 * scratch or on much data.
 * @returns The edit.
 * @throws TransferError `INVALID_ARGUMENT` where the policy is none of the three.
 *
 * @example
 * ```ts
 * import { batchNorm, pipe, unfreezeTop } from 'tfjs-transfer';
 * import { tinyCnn } from 'tfjs-transfer/bases';
 *
 * const base = pipe(tinyCnn(), unfreezeTop(2), batchNorm('statistics'));
 * ```
 */
export function batchNorm(policy: BatchNormPolicy): Edit {
  if (!['frozen', 'statistics', 'train'].includes(policy)) {
    throw new TransferError(
      'INVALID_ARGUMENT',
      `batchNorm('${String(policy)}'): pass 'frozen', 'statistics' or 'train'.`,
    );
  }
  return edit('batchNorm', { policy }, () => ({ batchNorm: policy }));
}

/** Settings of {@link discriminative}. */
export interface DiscriminativeSettings {
  /** The factor from one group to the one below it. Default: 0.5. ULMFiT uses 1 / 2.6. */
  readonly decay?: number;
}

/**
 * Lowers the learning rate from the output down: the head keeps its rate, the top group of the base has `decay` times
 * the base's rate, the next one `decay^2`. A group is a block where names show blocks, else a unit. Updates are scaled,
 * not gradients.
 *
 * @param settings The decay.
 * @returns The edit (Howard and Ruder, 2018, section 3.2).
 * @throws TransferError `INVALID_ARGUMENT` where the decay is not above 0 and at most 1.
 *
 * @example
 * ```ts
 * import { discriminative, pipe, unfreezeTop } from 'tfjs-transfer';
 * import { tinyCnn } from 'tfjs-transfer/bases';
 *
 * const base = pipe(tinyCnn(), unfreezeTop(4), discriminative({ decay: 0.5 }));
 * ```
 */
export function discriminative({ decay = 0.5 }: DiscriminativeSettings = {}): Edit {
  if (!(decay > 0 && decay <= 1)) {
    throw new TransferError(
      'INVALID_ARGUMENT',
      `discriminative({ decay: ${decay} }): pass a decay above 0 and at most 1.`,
    );
  }
  return edit('discriminative', { decay }, ({ units }) => {
    const groups = [...new Set(units.map(({ group }) => group))].reverse();
    const rate = ({ group }: Unit) => decay ** (groups.indexOf(group) + 1);
    return { rates: new Map(units.flatMap((unit) => unit.layers.map((path) => [path, rate(unit)] as const))) };
  });
}
