import { describe, expect, test } from 'vitest';
import {
  learn,
  leep,
  logME,
  nce,
  predictScores,
  regularizedHScore,
  removeExample,
  ridge,
} from '../../src/analyse/index.ts';
import { leaveOneOut } from '../../src/analyse/leave-one-out.ts';
import { leepOf } from '../../src/analyse/leep.ts';
import { kernelOf, type Matrix } from '../../src/analyse/matrix.ts';
import { nceOf } from '../../src/analyse/nce.ts';
import { membersOf } from '../../src/analyse/read-features.ts';
import { logMEOf, resample, shrunkScoreOf } from '../../src/analyse/resample.ts';
import { normal, randomStream } from '../../src/core/random.ts';

function made(n: number, d: number): { x: number[][]; y: number[]; matrix: Matrix } {
  const random = randomStream(2, n, d);
  const y = Array.from({ length: n }, (_, i) => i % 3);
  const x = y.map((label) => Array.from({ length: d }, (_, j) => normal(random) + 3 + (j === label ? 1 : 0)));
  return { x, y, matrix: { rows: n, columns: d, values: Float64Array.from(x.flat()) } };
}

describe.each([
  [40, 6],
  [20, 50],
])('a resample of %d examples with %d features', (n, d) => {
  const { x, y, matrix } = made(n, d);
  const members = membersOf(y, 'test');
  const drawn = resample(members, randomStream(5));
  const picks = drawn.flat();
  const rows = picks.map((i) => x[i] as number[]);
  const labels = picks.map((i) => y[i] as number);

  test('has as many examples, some of them more than once', () => {
    expect(picks).toHaveLength(n);
    expect(new Set(picks).size).toBeLessThan(n);
    expect(new Set(picks).size).toBeGreaterThan(n / 2);
  });

  test('scores as if its examples were written out', async () => {
    expect(await logMEOf(kernelOf(matrix), drawn, d)).toBeCloseTo(await logME(rows, labels), 8);
    expect(shrunkScoreOf(kernelOf(matrix), drawn, d)).toBeCloseTo(await regularizedHScore(rows, labels), 8);
    const source = x.map((row) => {
      const powers = row.slice(0, 4).map(Math.exp);
      const sum = powers.reduce((before, power) => before + power, 0);
      return powers.map((power) => power / sum);
    });
    const probabilities = { rows: n, columns: 4, values: Float64Array.from(source.flat()) };
    const written = picks.map((i) => source[i] as number[]);
    expect(leepOf(probabilities, drawn)).toBeCloseTo(await leep(written, labels), 10);
    const guesses = source.map((row) => row.indexOf(Math.max(...row)));
    expect(nceOf(guesses, drawn)).toBeCloseTo(
      await nce(
        picks.map((i) => guesses[i] as number),
        labels,
      ),
      10,
    );
  });

  test('leaving one out is learning from the others', async () => {
    const penalty = 0.3;
    const head = await learn(ridge({ penalty }), x, y, ['a', 'b', 'c']);
    for (const [i, scores] of leaveOneOut(head, penalty).entries()) {
      const wanted = predictScores(removeExample(head, i), x[i] as number[]);
      for (const [c, score] of scores.entries()) expect(score).toBeCloseTo(wanted[c] as number, 8);
    }
  });
});

test('a resample of two examples has both classes', () => {
  for (let seed = 0; seed < 20; seed++) expect(resample([[0], [1]], randomStream(seed))).toHaveLength(2);
});
