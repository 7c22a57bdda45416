import { TransferError } from '../core/errors.ts';
import { cholesky, inverseOf } from './cholesky.ts';
import { type LearnedState, type Learner, type Lesson, type Method, regrouped, withOne } from './learned-head.ts';
import { addTo, combined, dot, kernelOf, type Matrix, rowOf, transposed } from './matrix.ts';
import { assertPositive } from './penalty.ts';
import { entryOf, grown, plusOuter, type Symmetric, shrunk, timesSymmetric } from './symmetric.ts';

/**
 * Learns a linear regression to 1 for the class and 0 for the others, with a penalty on the squares of the weights and of
 * the constant (Hoerl and Kennard, 1970). One solution in closed form: mostly the best of the heads that need no training.
 *
 * Where there are fewer examples than features it is kept in terms of the examples (dual), else of the features (primal);
 * a head stays as it was learned. Adding or removing an example changes the inverse by one rank (Sherman and Morrison, 1950).
 *
 * @param settings The penalty: above 0, in units of a squared feature. Default: 1.
 * @returns The learner, for {@link learn}. Its scores are regressed values, near 0 and 1: their order says more than the
 * softmax of them.
 * @throws TransferError `INVALID_ARGUMENT` where the penalty is not above 0. {@link learn} throws `INVALID_DATA` where it
 * vanishes beside features that are too large.
 *
 * @example
 * ```ts
 * import { learn, predictScores, ridge } from 'tfjs-transfer/analyse';
 *
 * const head = await learn(ridge({ penalty: 0.1 }), [[0, 1], [0, 3], [4, 0]], [0, 0, 1], ['up', 'right']);
 * const [up = 0, right = 0] = predictScores(head, [0, 2]);
 * console.log(up > right); // true
 * ```
 */
export function ridge(settings: { readonly penalty?: number } = {}): Learner {
  return { kind: 'learner', name: 'ridge', penalty: assertPositive('ridge', settings) };
}

/** The inverse of X^T X + penalty (primal) or X X^T + penalty (dual), where X has a column of ones. */
export interface Regression extends LearnedState {
  readonly form: 'primal' | 'dual';
  readonly inverse: Symmetric;
  readonly weights: readonly Float64Array[];
}

const rowsOf = ({ examples, size }: Pick<Lesson, 'examples' | 'size'>): Matrix => {
  const values = new Float64Array(examples.length * (size + 1)).fill(1);
  for (const [i, { features }] of examples.entries()) values.set(features, i * (size + 1));
  return { rows: examples.length, columns: size + 1, values };
};

/** What {@link ridge} does. */
export const regression = (penalty: number): Method<Regression> => ({
  learn(lesson) {
    const x = rowsOf(lesson);
    const form = lesson.examples.length < lesson.size ? 'dual' : 'primal';
    const products = kernelOf(form === 'dual' ? x : transposed(x));
    for (let i = 0; i < products.rows; i++) (rowOf(products, i)[i] as number) += penalty;
    const factor = cholesky(products);
    if (!factor) {
      throw new TransferError(
        'INVALID_DATA',
        `ridge: the penalty ${penalty} vanishes beside the squares of the features, by rounding. Scale the features down, or pass a larger penalty.`,
      );
    }
    const inverse = inverseOf(factor);
    const weights = Array.from({ length: lesson.classes }, (_, label) => {
      const target = Float64Array.from(lesson.examples, (example) => (example.label === label ? 1 : 0));
      return form === 'dual'
        ? combined(x, timesSymmetric(inverse, target))
        : timesSymmetric(inverse, combined(x, target));
    });
    return { form, inverse, weights };
  },
  add({ form, inverse, weights }, { examples, size }) {
    const { features, label } = examples[examples.length - 1] as (typeof examples)[number];
    const x = withOne(features);
    if (form === 'primal') {
      const gain = timesSymmetric(inverse, x);
      const scale = 1 + dot(gain, x);
      return {
        form,
        inverse: plusOuter(inverse, -1 / scale, gain),
        weights: moved(weights, gain, x, label, 1 / scale),
      };
    }
    const before = examples.slice(0, -1);
    const products = before.map((example) => dot(example.features, x, size) + 1);
    const share = timesSymmetric(inverse, Float64Array.from(products));
    const rest = x.slice();
    addTo(rest, -1, sumOf(before, share, size));
    const scale = dot(x, rest) + penalty;
    return { form, inverse: bordered(inverse, share, scale), weights: moved(weights, rest, x, label, 1 / scale) };
  },
  remove({ form, inverse, weights }, { examples, size }, { features, label }, index) {
    const x = withOne(features);
    if (form === 'primal') {
      const gain = timesSymmetric(inverse, x);
      const scale = 1 - dot(gain, x);
      return {
        form,
        inverse: plusOuter(inverse, 1 / scale, gain),
        weights: moved(weights, gain, x, label, -1 / scale),
      };
    }
    const own = entryOf(inverse, index, index);
    const others = Float64Array.from(examples, (_, i) => entryOf(inverse, index, i < index ? i : i + 1));
    const direction = sumOf(examples, others, size);
    addTo(direction, own, x);
    return {
      form,
      inverse: plusOuter(shrunk(inverse, index), -1 / own, others),
      weights: moved(weights, direction, x, label, -1 / (own * penalty)),
    };
  },
  regroup: ({ form, inverse, weights }, { size }, from) => ({ form, inverse, weights: regrouped(weights, from, size) }),
});

/** The sum of the examples, each with its factor and its 1. */
function sumOf(examples: Lesson['examples'], factors: Float64Array, size: number): Float64Array {
  const sum = new Float64Array(size + 1);
  for (const [i, { features }] of examples.entries()) addTo(sum, factors[i] as number, features);
  sum[size] = factors.reduce((before, factor) => before + factor, 0);
  return sum;
}

/** Moves the weights of each class along a direction by what they miss of an example's target. */
function moved(
  weights: readonly Float64Array[],
  direction: Float64Array,
  x: Float64Array,
  label: number,
  factor: number,
): readonly Float64Array[] {
  return weights.map((old, index) => {
    const result = old.slice();
    addTo(result, factor * ((index === label ? 1 : 0) - dot(old, x)), direction);
    return result;
  });
}

/** The inverse of a matrix with one more row and column, by that of the matrix (its Schur complement is `scale`). */
function bordered(inverse: Symmetric, share: Float64Array, scale: number): Symmetric {
  const edge = new Float64Array(inverse.rows + 1);
  edge.set(share);
  edge[inverse.rows] = -1;
  return plusOuter(grown(inverse), 1 / scale, edge);
}
