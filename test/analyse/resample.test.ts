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
import { half, logMEOf, shrunkScoreOf } from '../../src/analyse/resample.ts';
import { normal, randomStream } from '../../src/core/random.ts';

function made(n: number, d: number, seed = 2): { x: number[][]; y: number[]; matrix: Matrix } {
  const random = randomStream(seed, n, d);
  const y = Array.from({ length: n }, (_, i) => i % 3);
  const x = y.map((label) => Array.from({ length: d }, (_, j) => normal(random) + 3 + (j === label ? 1 : 0)));
  return { x, y, matrix: { rows: n, columns: d, values: Float64Array.from(x.flat()) } };
}

describe.each([
  [41, 6],
  [20, 50],
])('a half of %d examples with %d features', (n, d) => {
  const { x, y, matrix } = made(n, d);
  const members = membersOf(y, 'test');
  const drawn = half(members, randomStream(5));
  const picks = drawn.flat();
  const rows = picks.map((i) => x[i] as number[]);
  const labels = picks.map((i) => y[i] as number);

  test('has half of the examples, each once', () => {
    expect(picks).toHaveLength(Math.ceil(n / 2));
    expect(new Set(picks).size).toBe(picks.length);
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

test('a half of two examples, or three, has both classes', () => {
  for (let seed = 0; seed < 20; seed++) {
    expect(
      half([[0], [1]], randomStream(seed))
        .flat()
        .sort(),
    ).toEqual([0, 1]);
    expect(half([[0, 2], [1]], randomStream(seed))).toHaveLength(2);
  }
});

test('an interval covers what new examples score', async () => {
  const width = async (n: number, d: number) => {
    const all = Array.from({ length: 40 }, (_, seed) => made(n, d, seed));
    const scores = await Promise.all(all.map(({ x, y }) => logME(x, y)));
    const { matrix, y } = all[0] as (typeof all)[number];
    const random = randomStream(1);
    const members = membersOf(y, 'test');
    const kernel = kernelOf(matrix);
    const halves = await Promise.all(Array.from({ length: 40 }, () => logMEOf(kernel, half(members, random), d)));
    return deviation(halves) / deviation(scores);
  };
  for (const [n, d] of [
    [60, 6],
    [40, 60],
  ] as const) {
    const ratio = await width(n, d);
    console.log(`${n} examples, ${d} features: halves spread ${ratio.toFixed(2)} times as much as new examples`);
    expect(ratio).toBeGreaterThan(0.5);
    expect(ratio).toBeLessThan(2);
  }
});

function deviation(numbers: readonly number[]): number {
  const mean = numbers.reduce((sum, number) => sum + number, 0) / numbers.length;
  return Math.sqrt(numbers.reduce((sum, number) => sum + (number - mean) ** 2, 0) / (numbers.length - 1));
}
