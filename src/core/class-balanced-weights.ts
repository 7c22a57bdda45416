import { TransferError } from './errors.ts';

/**
 * Weights of classes by the effective number of their examples: `(1 - beta) / (1 - beta^n)`, scaled to a mean of 1 (Cui et
 * al., 2019, equation 4). A class without an example gets 0.
 *
 * @param counts How many examples each class has, by the order of the head's labels.
 * @param beta From 0 (all classes alike) to below 1 (towards one over the count). Default: 0.999.
 * @returns One weight for each class.
 * @throws TransferError `INVALID_ARGUMENT` where no class has an example, or beta is out of its range.
 *
 * @example
 * ```ts
 * import { classBalancedWeights, softmaxCrossEntropy, train } from 'tfjs-transfer';
 *
 * train({ epochs: 5, loss: softmaxCrossEntropy({ classWeights: classBalancedWeights([900, 100]), gamma: 2 }) });
 * ```
 */
export function classBalancedWeights(counts: readonly number[], beta = 0.999): number[] {
  if (!(beta >= 0 && beta < 1)) {
    throw new TransferError(
      'INVALID_ARGUMENT',
      `classBalancedWeights received beta ${beta}. Pass a number from 0 to below 1.`,
    );
  }
  if (
    !Array.isArray(counts) ||
    !counts.every((count) => Number.isInteger(count) && count >= 0) ||
    !counts.some(Boolean)
  ) {
    throw new TransferError(
      'INVALID_ARGUMENT',
      `classBalancedWeights received ${JSON.stringify(counts)}. Pass how many examples each class has, one of them above 0.`,
    );
  }
  const weights = counts.map((count) => (count === 0 ? 0 : (1 - beta) / (1 - beta ** count)));
  const seen = counts.filter(Boolean).length;
  const sum = weights.reduce((total, weight) => total + weight, 0);
  return weights.map((weight) => (weight * seen) / sum);
}
