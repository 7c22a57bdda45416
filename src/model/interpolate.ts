import * as tf from '@tensorflow/tfjs-core';
import { assertList } from '../core/assert-list.ts';
import { TransferError } from '../core/errors.ts';
import type { TransferModel } from '../core/handle.ts';

import { kernelOf, updatedKernels, withoutUpdates } from './low-rank.ts';
import { leaseOf, networkBehind } from './network.ts';
import { tidy } from './tidy.ts';
import { assertTransferModel } from './transfer-model.ts';
import { tensorOf } from './weights.ts';

/**
 * Mixes the weights of models of one network: `sum of share * weight`. Between a model before and after tuning it is
 * WiSE-FT (Wortsman et al., 2022a), which often keeps what tuning loses on other data; of models tuned by several
 * strategies, in equal shares, it is a uniform soup (Wortsman et al., 2022b). They predict as one model: no pass more.
 *
 * @param models The models: what {@link fineTune} was given and what it returned, or several that it returned.
 * @param shares The share of each; they add up to 1. `[1 - alpha, alpha]` for two. Default: equal shares.
 * @returns A model of its own, with the settings of the last; the caller disposes it. Costs one pass over the weights.
 * @throws TransferError `INVALID_ARGUMENT` where shares are below 0 or do not add up to 1, or the models are not of one
 * network; `DISPOSED`.
 *
 * @example
 * ```ts
 * import { attachHead, interpolate, pipe } from 'tfjs-transfer';
 * import { tinyCnn } from 'tfjs-transfer/bases';
 * import { classifier } from 'tfjs-transfer/heads';
 *
 * const model = pipe(tinyCnn(), attachHead(classifier(['cat', 'dog'])));
 * const half = interpolate([model, model], [0.5, 0.5]);
 * console.log(half.head.labels); // ['cat', 'dog']
 * ```
 */
export function interpolate(models: readonly TransferModel[], shares?: readonly number[]): TransferModel {
  assertList('interpolate', models, '[before, after]');
  const given = shares ?? models.map(() => 1 / models.length);
  const last = models.at(-1);
  assertShares(models, given);
  for (const model of models) assertTransferModel(model);
  const networks = models.map(networkBehind);
  const network = networks[0] as (typeof networks)[number];
  if (!last || networks.some((other) => other !== network)) {
    throw new TransferError(
      'INVALID_ARGUMENT',
      'interpolate received models of different networks. Pass models that fineTune made of one and the same model.',
    );
  }
  const keys = new Set(models.flatMap(({ lease }) => Object.keys(lease.values).map(kernelOf)));
  const values = tidy(() => {
    // The mean of two products is not the product of two means: updates of low rank are mixed within their kernels.
    const weights = models.map(({ lease }) => ({
      ...lease.values,
      ...updatedKernels(network.variables, lease.values),
    }));
    return Object.fromEntries(
      [...keys].map((key) => {
        const terms = weights.map((own, i) => tf.mul(tensorOf(network.variables, own, key), given[i] as number));
        return [key, terms.reduce((sum, term) => tf.add(sum, term))];
      }),
    );
  });
  return Object.freeze({ ...last, layers: withoutUpdates(last.layers), lease: leaseOf(network, values) });
}

function assertShares(models: readonly TransferModel[], shares: readonly number[]): void {
  const sum = shares.reduce((total, share) => total + share, 0);
  if (models.length > 0 && shares.length === models.length && shares.every((share) => share >= 0)) {
    if (Math.abs(sum - 1) < 1e-6) return;
  }
  throw new TransferError(
    'INVALID_ARGUMENT',
    `interpolate received ${models.length} models and the shares ${JSON.stringify(shares)}. Pass one share from 0 to 1 for ` +
      'each model, adding up to 1: interpolate([before, after], [1 - alpha, alpha]).',
  );
}
