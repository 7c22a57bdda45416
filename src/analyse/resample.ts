import type { Random } from '../core/random.ts';
import { meanEvidence } from './log-me.ts';
import { type Matrix, rowOf } from './matrix.ts';
import { shrunkScore } from './regularized-h-score.ts';
import { spectrumOfKernel } from './spectrum.ts';

/** The examples of each class, any of them as often as it was drawn. */
export type Members = readonly (readonly number[])[];

/**
 * Draws as many examples as there are, with replacement (Efron, 1979), again where fewer than two classes were drawn.
 *
 * @param members The examples of each class.
 * @param random The source of numbers.
 */
export function resample(members: Members, random: Random): Members {
  const classOf = members.flatMap((positions, label) => positions.map((position) => ({ position, label })));
  for (;;) {
    const drawn = members.map((): number[] => []);
    for (let i = 0; i < classOf.length; i++) {
      const { position, label } = classOf[Math.floor(random() * classOf.length)] as (typeof classOf)[number];
      (drawn[label] as number[]).push(position);
    }
    const present = drawn.filter((positions) => positions.length > 0);
    if (present.length >= 2) return present;
  }
}

/**
 * The regularised H-score of a resample.
 *
 * @param kernel The products of all examples with each other.
 * @param members What was drawn.
 * @param d How many features there are.
 */
export function shrunkScoreOf(kernel: Matrix, members: Members, d: number): number {
  const picks = members.flat();
  const n = picks.length;
  const values = new Float64Array(n * n);
  for (const [i, pick] of picks.entries()) {
    const row = rowOf(kernel, pick);
    for (const [j, other] of picks.entries()) values[i * n + j] = row[other] as number;
  }
  let next = 0;
  const places = members.map((positions) => positions.map(() => next++));
  return shrunkScore(centredKernel({ rows: n, columns: n, values }), places, d);
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

/**
 * LogME of a resample. An example that was drawn k times is one that counts k-fold: the root of k times its features and
 * its targets have the same sums of products.
 *
 * @param kernel The products of all examples with each other.
 * @param members What was drawn.
 * @param d How many features there are.
 */
export async function logMEOf(kernel: Matrix, members: Members, d: number): Promise<number> {
  const counts = new Map<number, number>();
  const classOf = new Map<number, number>();
  for (const [label, positions] of members.entries()) {
    for (const i of positions) {
      counts.set(i, (counts.get(i) ?? 0) + 1);
      classOf.set(i, label);
    }
  }
  const distinct = [...counts.keys()];
  const roots = distinct.map((i) => Math.sqrt(counts.get(i) as number));
  const m = distinct.length;
  const values = new Float64Array(m * m);
  for (const [a, i] of distinct.entries()) {
    const row = rowOf(kernel, i);
    for (const [b, j] of distinct.entries()) {
      values[a * m + b] = (row[j] as number) * (roots[a] as number) * (roots[b] as number);
    }
  }
  const targets = members.map((_, label) =>
    Float64Array.from(distinct, (i, a) => (classOf.get(i) === label ? (roots[a] as number) : 0)),
  );
  return meanEvidence(await spectrumOfKernel({ rows: m, columns: m, values }), targets, members.flat().length, d);
}
