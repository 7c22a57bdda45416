import * as tfl from '@tensorflow/tfjs-layers';
import { describe, expect, test } from 'vitest';
import { cpu } from '../../src/backends/cpu.ts';
import { tinyCnn } from '../../src/bases/tiny-cnn.ts';
import { classBalancedWeights } from '../../src/core/class-balanced-weights.ts';
import type { Edit } from '../../src/core/edit.ts';
import { bitFit, unfreezeOnly, unfreezeTop } from '../../src/core/edits.ts';
import { gradualUnfreeze } from '../../src/core/gradual-unfreeze.ts';
import { pipe } from '../../src/core/pipe.ts';
import { discriminative } from '../../src/core/rate-edits.ts';

import { slantedTriangular } from '../../src/core/schedules.ts';
import { asBase } from '../../src/model/as-base.ts';
import { dispose } from '../../src/model/dispose.ts';
import { useBackend } from '../../src/model/use-backend.ts';
import { strategyFromJSON } from '../../src/train/strategy-from-json.ts';

describe('slantedTriangular', () => {
  test('is equation 3 of Howard and Ruder', () => {
    const [steps, fraction, ratio, peak] = [40, 0.1, 32, 0.01];
    const cut = 4;
    for (let t = 0; t < steps; t++) {
      const p = t < cut ? t / cut : 1 - (t - cut) / (cut * (1 / fraction - 1));
      const expected = (peak * (1 + p * (ratio - 1))) / ratio;
      expect(slantedTriangular().rateAt(peak, t, steps)).toBeCloseTo(expected, 9);
    }
  });

  test('is a rate above 0 and not above its peak, however few the steps', () => {
    for (const steps of [1, 2, 3, 9, 11]) {
      for (let t = 0; t < steps; t++) {
        const rate = slantedTriangular().rateAt(1, t, steps);
        expect(rate).toBeGreaterThan(0);
        expect(rate).toBeLessThanOrEqual(1);
      }
    }
  });
});

describe('classBalancedWeights', () => {
  test('are by hand what they are by the function', () => {
    // (1 - .9) / (1 - .9^1) = 1, (1 - .9) / (1 - .9^2) = 1 / 1.9; their mean becomes 1.
    const [one, two] = classBalancedWeights([1, 2], 0.9) as [number, number];
    expect(one).toBeCloseTo(2 / (1 + 1 / 1.9), 9);
    expect(two).toBeCloseTo(2 / (1 + 1.9), 9);
    expect(classBalancedWeights([5, 50, 500], 0)).toEqual([1, 1, 1]);
  });

  test('give an absent class nothing, and leave the rest at a mean of 1', () => {
    const weights = classBalancedWeights([0, 10, 100]);
    expect(weights[0]).toBe(0);
    expect(((weights[1] as number) + (weights[2] as number)) / 2).toBeCloseTo(1, 9);
  });

  test.each([[[0, 0]], [[-1, 2]], [[1.5]], [[]]])('refuse the counts %j', (counts) => {
    expect(() => classBalancedWeights(counts)).toThrow(/Pass how many examples each class has/);
  });

  test('refuse a beta of 1', () => {
    expect(() => classBalancedWeights([1, 2], 1)).toThrow(/below 1/);
  });
});

describe('edits', async () => {
  await useBackend(cpu());

  test('unfreezeOnly opens what it names and nothing else', () => {
    const { settings } = pipe(tinyCnn(), unfreezeOnly('block1', 'stem'));
    expect([...settings.trains].every((key) => /^(block1|stem)/.test(key))).toBe(true);
    expect(new Set([...settings.trains].map((key) => /^[a-z]+\d*/.exec(key)?.[0]))).toEqual(
      new Set(['stem', 'block1']),
    );
    expect(() => pipe(tinyCnn(), unfreezeOnly('block9'))).toThrow(/unfreezeOnly\('block9'\): no layer/);
    expect(() => (unfreezeOnly as () => unknown)()).toThrow(/unfreezeOnly received no names/);
  });

  test('a name that ends in a number begins no longer number', () => {
    const dense = (name: string, settings: object = {}) => tfl.layers.dense({ name, units: 1, ...settings });
    const names = ['block_2', 'block_1_a', 'block_1b', 'block_10_a', 'block_1_c'];
    const base = asBase(
      tfl.sequential({ layers: names.map((name, i) => dense(name, i === 0 ? { inputShape: [1] } : {})) }),
    );
    const opened = (...edits: readonly Edit[]) =>
      edits.map((edit) =>
        [...pipe(base, edit).settings.trains].filter((key) => key.endsWith('kernel')).map((key) => key.split('/')[0]),
      );
    expect(opened(unfreezeOnly('block_1'), unfreezeOnly('block_'), unfreezeTop('block_1'))).toEqual([
      ['block_1_a', 'block_1b', 'block_1_c'],
      names,
      names.slice(1),
    ]);
    expect(() => pipe(base, unfreezeOnly('block_1_d'))).toThrow(/no layer/);
    dispose(base);
  });

  test('bitFit opens biases and the offsets of normalisations', () => {
    const trains = [...pipe(tinyCnn(), bitFit()).settings.trains];
    expect(trains.length).toBeGreaterThan(0);
    expect(trains.filter((key) => !/\/(bias|beta)$/.test(key))).toEqual([]);
  });

  test('discriminative reaches its lowest factor at the lowest group, evenly in the logarithm', () => {
    const { units, settings } = pipe(tinyCnn(), discriminative({ lowest: 0.01 }));
    const rate = (name: string | undefined) => settings.rates.get(name as string) as number;
    expect(rate(units[0]?.name)).toBeCloseTo(0.01, 9);
    const groups = [...new Map(units.map((unit) => [unit.group, unit.name])).values()].map(rate);
    const ratios = groups.slice(1).map((factor, i) => factor / (groups[i] as number));
    for (const ratio of ratios) expect(ratio).toBeCloseTo(ratios[0] as number, 9);
    expect(() => discriminative({ lowest: 0.1, decay: 0.5 })).toThrow(/Pass one of them/);
    expect(() => discriminative({ lowest: 0 })).toThrow(/lowest above 0/);
  });

  test('go to JSON and back', () => {
    const strategy = [
      unfreezeOnly('block1'),
      bitFit(),
      discriminative({ lowest: 0.1 }),
      ...gradualUnfreeze([0, 1], { epochs: 1 }),
    ];
    const text = JSON.stringify(strategy);
    expect(JSON.stringify(strategyFromJSON(text))).toBe(text);
  });
});
