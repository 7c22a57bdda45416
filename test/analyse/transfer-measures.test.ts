import { describe, expect, test } from 'vitest';
import { estimate, meanCurve, measuresOf } from '../../src/analyse/transfer-measures.ts';

describe('estimate', () => {
  test('is the mean with the interval of Student, as a table of t has it', () => {
    // Mean 2, standard deviation 1, n = 3: 2 +- 4.303 / sqrt(3).
    const { mean, interval } = estimate([1, 2, 3]);
    expect(mean).toBe(2);
    expect(interval?.[0]).toBeCloseTo(2 - 4.303 / Math.sqrt(3), 9);
    expect(interval?.[1]).toBeCloseTo(2 + 4.303 / Math.sqrt(3), 9);
  });

  test('has no interval of one number, and an interval of no width where all are equal', () => {
    expect(estimate([4])).toEqual({ mean: 4 });
    expect(estimate([4, 4]).interval).toEqual([4, 4]);
  });

  test('uses the normal distribution where there are many', () => {
    const numbers = Array.from({ length: 50 }, (_, i) => i % 2);
    const { interval } = estimate(numbers);
    expect(interval?.[1]).toBeCloseTo(0.5 + 1.96 * Math.sqrt((50 * 0.25) / 49 / 50), 6);
  });
});

describe('measuresOf', () => {
  const transfer = [
    [0.5, 0.8, 0.9],
    [0.4, 0.8, 0.9],
  ];
  const scratch = [
    [0.2, 0.3, 0.8],
    [0.2, 0.4, 0.8],
  ];

  test('are by hand what they are by the function', () => {
    const { jumpstart, asymptote, totalReward, ratio, timeToThreshold, verdict } = measuresOf(transfer, scratch);
    expect(jumpstart.mean).toBeCloseTo(0.25, 9);
    expect(asymptote.mean).toBeCloseTo(0.1, 9);
    expect(totalReward.mean).toBeCloseTo((2.2 - 1.3) / 6 + (2.1 - 1.4) / 6, 9);
    expect(ratio.mean).toBeCloseTo((2.2 / 1.3 + 2.1 / 1.4) / 2, 9);
    // The mean curve of the transfer is at 0.8 after one epoch.
    expect(timeToThreshold).toEqual({ threshold: 0.8, transfer: 1, scratch: 2 });
    expect(verdict).toBe('neutral'); // two seeds say little: the interval is wide
  });

  test('the verdict follows the interval of the total reward', () => {
    const steady = [
      [0.5, 0.8, 0.9],
      [0.5, 0.8, 0.91],
      [0.5, 0.81, 0.9],
    ];
    const slow = [
      [0.2, 0.3, 0.8],
      [0.2, 0.31, 0.8],
      [0.2, 0.3, 0.81],
    ];
    expect(measuresOf(steady, slow).verdict).toBe('positive');
    expect(measuresOf(slow, steady).verdict).toBe('negative');
    expect(measuresOf(slow, slow).verdict).toBe('neutral');
    expect(measuresOf([[0, 1]], [[0, 0]]).verdict).toBe('neutral'); // one seed has no interval
  });

  test('a threshold that nobody reaches is undefined, and nothing is NaN', () => {
    const { timeToThreshold, ratio } = measuresOf([[0, 0]], [[0, 0]], 0.9);
    expect(timeToThreshold).toEqual({ threshold: 0.9, transfer: undefined, scratch: undefined });
    expect(ratio.mean).toBe(1);
    expect(measuresOf([[0.5, 0.5]], [[0, 0]]).ratio.mean).toBe(Number.MAX_VALUE);
  });
});

test('meanCurve holds a run that ended early where it was', () => {
  expect(
    meanCurve([
      [0, 1],
      [0, 0.5, 1],
    ]),
  ).toEqual([0, 0.75, 1]);
});
