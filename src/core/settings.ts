import type { LayerPath, Settings, WeightKey } from './handle.ts';

/** The settings of a new base: nothing of it trains. */
export const allFrozen: Settings = Object.freeze({
  trains: new Set<WeightKey>(),
  rates: new Map<LayerPath, number>(),
  batchNorm: 'frozen',
});
