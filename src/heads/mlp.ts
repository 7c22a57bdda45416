import { TransferError } from '../core/errors.ts';
import type { Head } from '../core/head.ts';
import { assertSettings } from '../core/settings.ts';

/** Settings of {@link mlp}. */
export interface MlpSettings {
  /** The width of each hidden layer, from the base up. */
  readonly hidden: readonly [number, ...number[]];
}

/**
 * Puts hidden layers with ReLU before the last layer of a head: a multilayer perceptron.
 *
 * @param head The head: a classifier, multi-label classifier or regressor.
 * @param settings The hidden widths.
 * @returns The head, for `attachHead`.
 * @throws TransferError `INVALID_ARGUMENT` where a width is no whole number above 0.
 *
 * @example
 * ```ts
 * import { classifier, mlp } from 'tfjs-transfer/heads';
 *
 * const head = mlp(classifier(['cat', 'dog'], { dropout: 0.2 }), { hidden: [128] });
 * ```
 */
export function mlp(head: Head, settings: MlpSettings): Head {
  assertSettings('mlp', settings, { hidden: undefined });
  const { hidden } = settings;
  const wrong = hidden.find((width) => !(Number.isInteger(width) && width > 0));
  if (wrong !== undefined || hidden.length === 0) {
    throw new TransferError(
      'INVALID_ARGUMENT',
      `mlp received hidden: ${JSON.stringify(hidden)}. Pass whole numbers above 0, such as [128].`,
    );
  }
  const layers = hidden.map((units) => ({ kind: 'dense', units, activation: 'relu' }) as const);
  return { ...head, name: `mlp(${head.name})`, layers: [...layers, ...head.layers] };
}
