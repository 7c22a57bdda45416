import * as tf from '@tensorflow/tfjs-core';
// The gradients of tfjs-core's operations: tfjs-layers registers them (trap T14).
import '@tensorflow/tfjs-layers';
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { cpu } from '../../src/backends/cpu.ts';
import { wasm } from '../../src/backends/wasm.ts';
import { activations, dense, normalize } from '../../src/model/encoder/operations.ts';
import { useBackend } from '../../src/model/use-backend.ts';
import { expectClose, finiteDifferences, gradients, type Operation, result } from './gradient-cases.ts';
import { type KernelCase, type Numbers, numbers, run } from './kernel-cases.ts';

beforeAll(async () => {
  await useBackend(cpu());
  await useBackend(wasm());
});

const gelu = activations.gelu as Operation;
const onWasm = (call: KernelCase) => run(call, 'wasm');
const settings = { numRuns: 500, seed: 20 };
const small = (max: number, min = 1) => fc.integer({ min, max });

/** Numbers in [-size, size). */
const scaled = (shape: readonly number[], seed: number, size: number): Numbers => {
  const { values } = numbers(shape, seed);
  return { shape, values: Float32Array.from(values, (value) => size * value) };
};

describe('GELU', () => {
  const cases = fc.record({ seed: fc.nat(1e6), shape: fc.tuple(small(4), small(4), small(15, 8)) });

  test('agrees with cpu, and its gradient too', async () => {
    const property = fc.asyncProperty(cases, async ({ seed, shape }) => {
      const [x, dy] = [scaled(shape, seed, 6), numbers(shape, seed + 1)];
      expectClose([await onWasm({ kernelName: 'Gelu', inputs: { x }, attrs: {} })], [await result('cpu', gelu, [x])]);
      const gradient = await onWasm({ kernelName: 'GeluGrad', inputs: { dy, x }, attrs: {} });
      expectClose([gradient], await gradients('cpu', gelu, [x], dy));
    });
    await fc.assert(property, settings);
  });

  test('agrees with finite differences', async () => {
    /** By its series, which is exact to 1e-11 for what is asked for here. */
    const erf = (x: number) => {
      let [term, sum] = [x, x];
      for (let n = 1; n < 60; n++) {
        term *= (-x * x) / n;
        sum += term / (2 * n + 1);
      }
      return (2 / Math.sqrt(Math.PI)) * sum;
    };
    const exact = (x: number[]) => x.map((value) => (value / 2) * (1 + erf(value * Math.SQRT1_2)));
    const property = fc.asyncProperty(cases, async ({ seed, shape }) => {
      const [x, dy] = [scaled(shape, seed, 4), numbers(shape, seed + 1)];
      expectClose(await gradients('wasm', gelu, [x], dy), finiteDifferences(exact, [x], dy));
    });
    await fc.assert(property, settings);
  });

  test('is 0, x or NaN far from 0', async () => {
    const x = Float32Array.of(-1e30, -1e9, -40, -0, 0, 40, 1e9, Number.NaN, Number.POSITIVE_INFINITY);
    const { values } = await result('wasm', gelu, [{ shape: [9], values: x }]);
    expect([...values].map((value) => value + 0)).toEqual([
      0,
      0,
      0,
      0,
      0,
      40,
      1e9,
      Number.NaN,
      Number.POSITIVE_INFINITY,
    ]);
    const weights = { shape: [9], values: new Float32Array(9).fill(1) };
    const [slopes] = await gradients('wasm', gelu, [{ shape: [9], values: x.map((value) => value || 40) }], weights);
    expect([...(slopes as Numbers).values].slice(0, 7)).toEqual([0, 0, 0, 1, 1, 1, 1]);
  });
});

describe('layer normalization', () => {
  const cases = fc
    .record({
      seed: fc.nat(1e6),
      outer: fc.array(small(4), { minLength: 0, maxLength: 2 }),
      width: fc.oneof({ weight: 9, arbitrary: small(40) }, { weight: 1, arbitrary: fc.constant(384) }),
      epsilon: fc.constantFrom(1e-12, 1e-5, 0.1),
      offset: fc.constantFrom(0, 3),
    })
    // The fewer numbers, the likelier that they nearly agree: what is left of their differences is rounding then.
    .filter(({ width, epsilon }) => width > 8 || epsilon === 0.1);
  const made = ({ seed, outer, width, offset }: { seed: number; outer: number[]; width: number; offset: number }) => {
    const shape = [...outer, width];
    const { values } = numbers(shape, seed);
    const x = { shape, values: values.map((value) => value + offset) };
    return { x, gamma: numbers([width], seed + 1), beta: numbers([width], seed + 2), dy: numbers(shape, seed + 3) };
  };

  test('agrees with cpu, and its gradients too', async () => {
    const property = fc.asyncProperty(cases, async ({ epsilon, ...rest }) => {
      const { x, gamma, beta, dy } = made(rest);
      const composed: Operation = (a, b, c) => normalize(a as tf.Tensor, b as tf.Tensor, c as tf.Tensor, epsilon);
      const attrs = { epsilon };
      const whole = await onWasm({ kernelName: 'LayerNorm', inputs: { x, gamma, beta }, attrs });
      expectClose([whole], [await result('cpu', composed, [x, gamma, beta])]);
      const expected = await gradients('cpu', composed, [x, gamma, beta], dy);
      const own = [
        await onWasm({ kernelName: 'LayerNormGrad', inputs: { dy, x, gamma }, attrs }),
        await onWasm({ kernelName: 'LayerNormScaleGrad', inputs: { dy, x }, attrs }),
      ];
      expectClose(own, expected.slice(0, 2));
      expectClose(await gradients('wasm', composed, [x, gamma, beta], dy), expected);
    });
    await fc.assert(property, settings);
  });

  test('agrees with finite differences', async () => {
    const property = fc.asyncProperty(cases, async ({ epsilon, ...rest }) => {
      fc.pre(rest.width <= 40);
      const { x, gamma, beta, dy } = made({ ...rest, outer: rest.outer.slice(0, 1) });
      const exact = (values: number[], scales: number[], shifts: number[]) =>
        values.map((value, i) => {
          const { width } = rest;
          const row = values.slice(i - (i % width), i - (i % width) + width);
          const mean = row.reduce((sum, number) => sum + number, 0) / width;
          const variance = row.reduce((sum, number) => sum + (number - mean) ** 2, 0) / width;
          const normal = (value - mean) / Math.sqrt(variance + epsilon);
          return normal * (scales[i % width] as number) + (shifts[i % width] as number);
        });
      const operation: Operation = (a, b, c) => normalize(a as tf.Tensor, b as tf.Tensor, c as tf.Tensor, epsilon);
      const actual = await gradients('wasm', operation, [x, gamma, beta], dy);
      expectClose(actual, finiteDifferences(exact, [x, gamma, beta], dy));
    });
    await fc.assert(property, settings);
  });
});

test('a dense layer agrees with cpu, and its gradients too', async () => {
  const cases = fc.record({
    seed: fc.nat(1e6),
    outer: small(5),
    rows: small(9),
    inputs: small(20),
    outputs: small(20),
  });
  const operation = dense as Operation;
  const property = fc.asyncProperty(cases, async ({ seed, outer, rows, inputs, outputs }) => {
    const x = numbers([outer, rows, inputs], seed);
    const given = [x, numbers([inputs, outputs], seed + 1), numbers([outputs], seed + 2)];
    expectClose([await result('wasm', operation, given)], [await result('cpu', operation, given)]);
    const dy = numbers([outer, rows, outputs], seed + 3);
    expectClose(await gradients('wasm', operation, given, dy), await gradients('cpu', operation, given, dy));
  });
  await fc.assert(property, settings);
});

test('rows that are looked up agree with cpu', async () => {
  const cases = fc.record({
    seed: fc.nat(1e6),
    rows: small(9),
    rest: fc.array(small(5), { maxLength: 2 }),
    picks: small(12),
  });
  const property = fc.asyncProperty(cases, async ({ seed, rows, rest, picks }) => {
    const ids = numbers([picks, 2], seed + 1).values.map((value) => Math.floor(((value + 1) / 2) * rows));
    const call: KernelCase = {
      kernelName: tf.GatherV2,
      inputs: { x: numbers([rows, ...rest], seed), indices: { shape: [picks, 2], values: Int32Array.from(ids) } },
      attrs: { axis: 0, batchDims: 0 },
    };
    expect((await onWasm(call)).values).toEqual((await run(call, 'cpu')).values);
  });
  await fc.assert(property, settings);
  await tf.setBackend('wasm');
  expect(() => tf.gather(tf.zeros([3, 2]), tf.tensor1d([3], 'int32'))).toThrow('not in [0, 2]');
});

test('axes that are swapped agree with cpu', async () => {
  const cases = fc.record({ seed: fc.nat(1e6), shape: fc.tuple(small(4), small(6), small(6), small(9)) });
  const property = fc.asyncProperty(cases, async ({ seed, shape }) => {
    const call = { kernelName: tf.Transpose, inputs: { x: numbers(shape, seed) }, attrs: { perm: [0, 2, 1, 3] } };
    expect(await onWasm(call)).toEqual(await run(call, 'cpu'));
  });
  await fc.assert(property, settings);
});
