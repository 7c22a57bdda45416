import { expect, test } from 'vitest';
import { normal, permutation, randomStream } from '../../src/core/random.ts';

const draw = (count: number, random: () => number) => Array.from({ length: count }, random);
const mean = (numbers: readonly number[]) => numbers.reduce((sum, value) => sum + value, 0) / numbers.length;

test('a key has one stream, and neighbouring keys have others', () => {
  expect(draw(5, randomStream(0, 'a'))).toEqual(draw(5, randomStream(0, 'a')));
  const first = [randomStream(0), randomStream(1), randomStream(0, 0), randomStream('0', 'x')].map((random) =>
    random(),
  );
  expect(new Set(first).size).toBe(4);
});

test('numbers are uniform, within a stream and over the first of many keys', () => {
  const streams = [
    draw(100_000, randomStream(0)),
    Array.from({ length: 100_000 }, (_, step) => randomStream(0, 'step', step)()),
  ];
  for (const numbers of streams) {
    const counts = Array.from({ length: 64 }, () => 0);
    for (const number of numbers) (counts[Math.floor(number * 64)] as number) += 1;
    const expected = numbers.length / 64;
    const chiSquare = counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
    // 63 degrees of freedom: 99.9 % lie below 103, and 99.9 % above 33.
    expect(chiSquare).toBeLessThan(103);
    expect(chiSquare).toBeGreaterThan(33);
    const lagged = mean(numbers.slice(1).map((number, i) => (number - 0.5) * ((numbers[i] as number) - 0.5)));
    expect(Math.abs(lagged)).toBeLessThan(0.001);
  }
});

test('normal numbers have mean 0 and deviation 1', () => {
  const random = randomStream(7);
  const numbers = draw(50_000, () => normal(random));
  expect(Math.abs(mean(numbers))).toBeLessThan(0.02);
  expect(mean(numbers.map((number) => number ** 2))).toBeCloseTo(1, 1);
});

test('a permutation holds every number once, and each place is as likely', () => {
  expect(permutation(50, randomStream(3)).sort((a, b) => a - b)).toEqual(Array.from({ length: 50 }, (_, i) => i));
  const places = Array.from({ length: 5 }, () => 0);
  for (let seed = 0; seed < 5000; seed++) (places[permutation(5, randomStream(seed)).indexOf(0)] as number) += 1;
  for (const count of places) expect(Math.abs(count - 1000)).toBeLessThan(120);
});
