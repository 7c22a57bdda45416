import type { LayerInfo, LayerPath, Settings, WeightKey } from '../core/handle.ts';

/** What a run changes, worked out from the settings. */
export interface Trained {
  /** The weights that gradients change, those of the head included. */
  readonly keys: readonly WeightKey[];
  /** The layers of BatchNormalization that use and move the statistics of the batch. */
  readonly batchStatistics: ReadonlySet<LayerPath>;
  /** Every layer of which something changes: the frontier lies below the lowest of them. */
  readonly layers: ReadonlySet<LayerPath>;
}

/**
 * Works out what trains.
 *
 * @param layers The layers of the handle.
 * @param settings Its settings.
 */
export function trainedBy(layers: readonly LayerInfo[], settings: Settings): Trained {
  const open = layers.flatMap(({ path, part, className, inferenceOnly, weights }) =>
    weights
      .filter(({ key }) => part === 'head' || settings.trains.has(key))
      .map((weight) => ({ ...weight, path, normalizes: className === 'BatchNormalization', inferenceOnly })),
  );
  const byGradient = open.filter(
    ({ role, normalizes }) =>
      role === 'parameter' || (role === 'affine' && normalizes && settings.batchNorm === 'train'),
  );
  const moving = open.filter(
    ({ role, normalizes, inferenceOnly }) => role === 'statistic' && normalizes && !inferenceOnly,
  );
  const batchStatistics = new Set(settings.batchNorm === 'frozen' ? [] : moving.map(({ path }) => path));
  return {
    keys: byGradient.map(({ key }) => key),
    batchStatistics,
    layers: new Set([...byGradient.map(({ path }) => path), ...batchStatistics]),
  };
}
