import { TransferError } from './errors.ts';
import type { Base, LayerInfo, LayerPath, Settings, TransferModel, Unit } from './handle.ts';
import { kindOf } from './kind-of.ts';

/**
 * A change of a handle's settings, or of what its layers are said to hold: a function that carries its own record, so that it works in {@link pipe}, in
 * {@link sequence}, and as JSON. It touches no tensor; what it returns shares the weights of what it was given.
 */
export interface Edit {
  <Model extends Base | TransferModel>(model: Model): Model;
  readonly kind: 'edit';
  readonly name: string;
  /** The record alone: what `JSON.stringify` writes. */
  toJSON(): Readonly<Record<string, unknown>>;
}

/**
 * Makes an edit.
 *
 * @param name Its name.
 * @param settings What it was given, for its record.
 * @param change What it changes.
 */
export function edit(
  name: string,
  settings: Readonly<Record<string, unknown>>,
  change: (model: Base | TransferModel) => Partial<Settings> & { readonly layers?: readonly LayerInfo[] },
): Edit {
  const record = { kind: 'edit', name, ...settings };
  const apply = <Model extends Base | TransferModel>(model: Model): Model => {
    assertHandle(name, model);
    const { layers = model.layers, ...changed } = change(model);
    const settings: Settings = Object.freeze({ ...model.settings, ...changed });
    return Object.freeze({ ...model, layers, settings } as Model) as Model;
  };
  Object.assign(apply, { kind: 'edit', ...settings });
  Object.defineProperty(apply, 'name', { value: name, enumerable: true });
  Object.defineProperty(apply, 'toJSON', { value: () => record });
  return apply as unknown as Edit;
}

/**
 * Refuses what is no base and no model.
 *
 * @param name Who received it.
 * @param model What was received.
 * @throws TransferError `INVALID_ORDER`.
 */
export function assertHandle(name: string, model: unknown): void {
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

/** The keys of all weights of layers. */
export const keysOf = (model: Base | TransferModel, layers: ReadonlySet<LayerPath>) =>
  new Set(model.layers.filter(({ path }) => layers.has(path)).flatMap(({ weights }) => weights.map(({ key }) => key)));

/** The layers of units. */
export const pathsOf = (units: readonly Unit[]) => new Set(units.flatMap(({ layers }) => layers));
