import { permutation, type Random } from '../core/random.ts';
import { meanEvidence } from './log-me.ts';
import { type Matrix, rowOf } from './matrix.ts';
import { shrunkScore } from './regularized-h-score.ts';
import { spectrumOfKernel } from './spectrum.ts';

/** The examples of each class that has any. */
export type Members = readonly (readonly number[])[];

/**
 * Draws half of the examples, again where fewer than two classes were drawn. Scores of halves spread as much as those of
 * new draws of all examples (delete-half jackknife; Shao and Wu, 1989). Drawing with replacement would not do: two copies
 * of an example look to LogME like a model that explains everything, and its scores are of another kind.
 *
 * @param members The examples of each class.
 * @param random The source of numbers.
 */
export function half(members: Members, random: Random): Members {
  const all = members.flatMap((positions, label) => positions.map((position) => ({ position, label })));
  const size = Math.max(2, Math.ceil(all.length / 2));
  for (;;) {
    const drawn = members.map((): number[] => []);
    for (const at of permutation(all.length, random).slice(0, size)) {
      const { position, label } = all[at] as (typeof all)[number];
      (drawn[label] as number[]).push(position);
    }
    const present = drawn.filter((positions) => positions.length > 0);
    if (present.length >= 2) return present;
  }
}

/**
 * The regularised H-score of some of the examples.
 *
 * @param kernel The products of all examples with each other.
 * @param members Those of each class.
 * @param d How many features there are.
 */
export function shrunkScoreOf(kernel: Matrix, members: Members, d: number): number {
  return shrunkScore(centredKernel(productsOf(kernel, members)), placesOf(members), d);
}

/**
 * LogME of some of the examples.
 *
 * @param kernel The products of all examples with each other.
 * @param members Those of each class.
 * @param d How many features there are.
 */
export async function logMEOf(kernel: Matrix, members: Members, d: number): Promise<number> {
  const products = productsOf(kernel, members);
  const targets = placesOf(members).map((places) => {
    const target = new Float64Array(products.rows);
    for (const i of places) target[i] = 1;
    return target;
  });
  return meanEvidence(await spectrumOfKernel(products), targets, products.rows, d);
}

/** The products of some of the examples with each other, class by class. */
function productsOf(kernel: Matrix, members: Members): Matrix {
  const picks = members.flat();
  const n = picks.length;
  const values = new Float64Array(n * n);
  for (const [i, pick] of picks.entries()) {
    const row = rowOf(kernel, pick);
    for (const [j, other] of picks.entries()) values[i * n + j] = row[other] as number;
  }
  return { rows: n, columns: n, values };
}

/** Where {@link productsOf} puts the examples of each class. */
function placesOf(members: Members): Members {
  let next = 0;
  return members.map((positions) => positions.map(() => next++));
}

/** What the products would be if the mean were taken off every example. */
function centredKernel({ rows: n, values }: Matrix): Matrix {
  const matrix = { rows: n, columns: n, values: values.slice() };
  const means = Array.from({ length: n }, (_, i) => rowOf(matrix, i).reduce((sum, value) => sum + value, 0) / n);
  const mean = means.reduce((sum, value) => sum + value, 0) / n;
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) {
      (matrix.values[i * n + j] as number) += mean - (means[i] as number) - (means[j] as number);
    }
  }
  return matrix;
}
