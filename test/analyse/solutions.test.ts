import { describe, expect, test } from 'vitest';
import {
  learn,
  logisticRegression,
  nearestMean,
  nearestNeighbours,
  predictScores,
  ridge,
} from '../../src/analyse/index.ts';
import { normal, randomStream } from '../../src/core/random.ts';

/** Solves a square system by Gauss' elimination with pivoting: slow, and unlike what it is compared with. */
function gauss(matrix: readonly (readonly number[])[], right: readonly number[]): number[] {
  const rows = matrix.map((row, i) => [...row, right[i] as number]);
  const n = rows.length;
  const at = (i: number, j: number) => (rows[i] as number[])[j] as number;
  for (let k = 0; k < n; k++) {
    let best = k;
    for (let i = k; i < n; i++) if (Math.abs(at(i, k)) > Math.abs(at(best, k))) best = i;
    [rows[k], rows[best]] = [rows[best] as number[], rows[k] as number[]];
    for (let i = 0; i < n; i++) {
      if (i === k) continue;
      const factor = at(i, k) / at(k, k);
      for (let j = k; j <= n; j++) (rows[i] as number[])[j] = at(i, j) - factor * at(k, j);
    }
  }
  return rows.map((row, i) => (row[n] as number) / (row[i] as number));
}

function made(n: number, d: number): { x: number[][]; y: number[] } {
  const random = randomStream(3, n, d);
  const y = Array.from({ length: n }, (_, i) => i % 3);
  return { x: y.map((label) => Array.from({ length: d }, () => 2 * normal(random) + label)), y };
}
const names = ['a', 'b', 'c'];
const product = (a: readonly number[], b: readonly number[]) =>
  a.reduce((sum, value, i) => sum + value * (b[i] as number), 0);

describe.each([
  [50, 7],
  [9, 20],
])('%d examples, %d features', (n, d) => {
  const { x, y } = made(n, d);
  const asked = made(5, d).x;

  test.each([1e-2, 1, 30])('ridge is the direct solution at penalty %d', async (penalty) => {
    const head = await learn(ridge({ penalty }), x, y, names);
    const rows = x.map((row) => [...row, 1]);
    const normalMatrix = Array.from({ length: d + 1 }, (_, i) =>
      Array.from({ length: d + 1 }, (_, j) =>
        rows.reduce((sum, row) => sum + (row[i] as number) * (row[j] as number), i === j ? penalty : 0),
      ),
    );
    for (const label of [0, 1, 2]) {
      const moments = Array.from({ length: d + 1 }, (_, i) =>
        rows.reduce((sum, row, at) => sum + (y[at] === label ? (row[i] as number) : 0), 0),
      );
      const weights = gauss(normalMatrix, moments);
      for (const one of asked) {
        const difference = (predictScores(head, one)[label] as number) - product(weights, [...one, 1]);
        expect(Math.abs(difference)).toBeLessThan(1e-8);
      }
    }
  });

  test.each([1e-2, 1])('logistic regression stands where the gradient is 0, at penalty %d', async (penalty) => {
    const head = await learn(logisticRegression({ penalty }), x, y, names);
    const { weights = [] } = head.state;
    const gradient = weights.map((own) => [...own].map((weight, i) => (i < d ? penalty * weight : 0)));
    for (const [at, row] of x.entries()) {
      const powers = predictScores(head, row).map(Math.exp);
      const sum = powers.reduce((before, power) => before + power, 0);
      for (const [c, power] of powers.entries()) {
        const missed = power / sum - (y[at] === c ? 1 : 0);
        for (const [i, value] of [...row, 1].entries())
          (gradient[c] as number[])[i] = (gradient[c]?.[i] ?? 0) + missed * value;
      }
    }
    for (const own of gradient) for (const entry of own) expect(Math.abs(entry)).toBeLessThan(1e-5);
  });

  test('the nearest mean is the nearest', async () => {
    const head = await learn(nearestMean(), x, y, names);
    const means = [0, 1, 2].map((label) => {
      const own = x.filter((_, i) => y[i] === label);
      return Array.from({ length: d }, (_, j) => own.reduce((sum, row) => sum + (row[j] as number), 0) / own.length);
    });
    for (const one of asked) {
      const scores = predictScores(head, one);
      const half = means.map((mean) => -mean.reduce((sum, value, j) => sum + (value - (one[j] as number)) ** 2, 0) / 2);
      for (const c of [1, 2]) {
        expect((scores[c] as number) - (scores[0] as number)).toBeCloseTo((half[c] as number) - (half[0] as number), 8);
      }
    }
  });

  test('neighbours vote', async () => {
    const one = await learn(nearestNeighbours(1), x, y, names);
    for (const [i, row] of x.entries()) expect(predictScores(one, row)[y[i] as number]).toBe(1);
    const all = await learn(nearestNeighbours(1000), x, y, names);
    const shares = [0, 1, 2].map((label) => y.filter((own) => own === label).length / n);
    expect(predictScores(all, asked[0] as number[]).map((share) => share.toFixed(9))).toEqual(
      shares.map((share) => share.toFixed(9)),
    );
  });
});

test.each([1e8, 1.8e8])('ridge refuses features of %d that its penalty vanishes beside', async (value) => {
  const x = Array.from({ length: 6 }, () => [value, value, value]);
  await expect(learn(ridge(), x, [0, 1, 0, 1, 0, 1], ['a', 'b'])).rejects.toMatchObject({
    code: 'INVALID_DATA',
    message: expect.stringMatching(/larger penalty/),
  });
});
