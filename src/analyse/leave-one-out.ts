import type { LearnedHead } from './learned-head.ts';
import { withOne } from './learned-head.ts';
import { dot } from './matrix.ts';
import type { Regression } from './ridge.ts';
import { entryOf, timesSymmetric } from './symmetric.ts';

/**
 * What a ridge head would score each of its examples if it had learned from all the others: cross-validation with as many
 * folds as examples, from one solution (Allen, 1974).
 *
 * @param head A head of `ridge`.
 * @param penalty Its penalty.
 * @returns A score for each class, for each example.
 */
export function leaveOneOut({ state, examples, labels }: LearnedHead, penalty: number): readonly (readonly number[])[] {
  const { form, inverse, weights } = state as Regression;
  return examples.map(({ features, label }, i) => {
    const x = withOne(features);
    const leverage = form === 'dual' ? 1 - penalty * entryOf(inverse, i, i) : dot(x, timesSymmetric(inverse, x));
    return labels.map((_, c) => {
      const target = c === label ? 1 : 0;
      return target - (target - dot(weights[c] as Float64Array, x)) / (1 - leverage);
    });
  });
}
