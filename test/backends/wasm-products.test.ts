import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { cpu } from '../../src/backends/cpu.ts';
import { wasm } from '../../src/backends/wasm.ts';
import { isRepaired } from '../../src/core/repaired.ts';
import { useBackend } from '../../src/model/use-backend.ts';
import { difference, numbers, pictureWindows, run } from './kernel-cases.ts';

beforeAll(async () => {
  await useBackend(cpu());
  await useBackend(wasm());
});

const small = (max: number, min = 1) => fc.integer({ min, max });
const activation = fc.constantFrom('linear', 'relu', 'relu6');

const sides = fc.record({
  seed: fc.nat(1e6),
  m: small(20),
  // Past the depth of a block, at times.
  k: fc.oneof(small(20), small(800, 380)),
  n: small(30),
  batches: fc.constantFrom(
    [[], []],
    [[2], [2]],
    [[3], [1]],
    [[1], [3]],
    [
      [2, 1],
      [1, 3],
    ],
    [
      [2, 2],
      [2, 2],
    ],
  ),
  transposeA: fc.boolean(),
  transposeB: fc.boolean(),
});

async function agrees(call: Parameters<typeof run>[0]): Promise<void> {
  const expected = await run(call, 'cpu');
  expect(difference(await run(call, 'wasm'), expected)).toBeLessThan(1e-4);
}

describe('kernels of our own are those of cpu, 500 cases each', () => {
  const settings = { numRuns: 500, seed: 23 };

  test('BatchMatMul, either side transposed, batches broadcast', async () => {
    expect(isRepaired(tf.getKernel('BatchMatMul', 'wasm'))).toBe(true);
    const property = fc.asyncProperty(sides, ({ seed, m, k, n, batches: [one, other], transposeA, transposeB }) =>
      agrees({
        kernelName: 'BatchMatMul',
        inputs: {
          a: numbers([...one, ...(transposeA ? [k, m] : [m, k])], seed),
          b: numbers([...other, ...(transposeB ? [n, k] : [k, n])], seed + 1),
        },
        attrs: { transposeA, transposeB },
      }),
    );
    await fc.assert(property, settings);
  });

  test('_FusedMatMul, with bias and activation', async () => {
    const property = fc.asyncProperty(sides, activation, ({ seed, m, k, n, transposeA, transposeB }, activation) =>
      agrees({
        kernelName: '_FusedMatMul',
        inputs: {
          a: numbers([1, ...(transposeA ? [k, m] : [m, k])], seed),
          b: numbers([1, ...(transposeB ? [n, k] : [k, n])], seed + 1),
          ...(seed % 3 > 0 && { bias: numbers([n], seed + 2) }),
        },
        attrs: { transposeA, transposeB, activation },
      }),
    );
    await fc.assert(property, settings);
  });

  test.each(['FusedConv2D', 'FusedDepthwiseConv2D'])('%s, with bias and activation', async (kernelName) => {
    expect(isRepaired(tf.getKernel(kernelName, 'wasm'))).toBe(true);
    const property = fc.asyncProperty(pictureWindows, activation, small(20), async (windows, activation, channels) => {
      const { seed, batch, size, outChannels, filter, strides, dilations, padding } = windows;
      const isDepthwise = kernelName === 'FusedDepthwiseConv2D';
      const last = isDepthwise ? (outChannels % 2) + 1 : outChannels;
      fc.pre(!isDepthwise || Math.max(...strides) === 1 || Math.max(...dilations) === 1);
      const attrs = { strides, dilations, dataFormat: 'NHWC', activation, ...padding };
      const x = numbers([batch, ...size, channels], seed);
      const weights = numbers([...filter, channels, last], seed + 1);
      const shape = tf.backend_util.computeConv2DInfo(
        x.shape as [number, number, number, number],
        weights.shape as [number, number, number, number],
        strides,
        dilations,
        attrs.pad as 'same',
        'dimRoundingMode' in attrs ? (attrs.dimRoundingMode as 'floor') : undefined,
        isDepthwise,
      ).outShape;
      fc.pre(shape.every((length) => length > 0));
      const bias = numbers([shape[3]], seed + 2);
      await agrees({ kernelName, inputs: { x, filter: weights, bias }, attrs });
    });
    await fc.assert(property, settings);
  });

  test.each([
    ['ReluGrad', Number.POSITIVE_INFINITY],
    ['Relu6Grad', 6],
  ])('%s passes the gradient within the bounds', async (kernelName, high) => {
    const property = fc.asyncProperty(fc.nat(1e6), small(60), async (seed, size) => {
      const y = numbers([size], seed, 4);
      const scaled = { ...y, values: Float32Array.from(y.values, (value) => Math.min(high, Math.max(0, value * 9))) };
      const dy = numbers([size], seed + 1);
      const expected = dy.values.map((value, i) =>
        (scaled.values[i] as number) > 0 && (scaled.values[i] as number) < high ? value : 0,
      );
      const actual = await run({ kernelName, inputs: { dy, y: scaled }, attrs: {} }, 'wasm');
      expect([...actual.values]).toEqual([...expected]);
    });
    await fc.assert(property, settings);
  });
});

test('a full heap is an error that names the bytes, and the backend goes on', async () => {
  await useBackend(wasm());
  const kept: tf.Tensor[] = [tf.matMul(tf.ones([2, 2]), tf.ones([2, 2]))];
  // 128 MiB each.
  const [tall, wide] = [tf.ones([2 ** 13, 1]), tf.ones([1, 2 ** 12])] as [tf.Tensor2D, tf.Tensor2D];
  const fill = () => {
    for (let i = 0; i < 40; i++) kept.push(tf.matMul(tall, wide));
  };
  expect(fill).toThrow(
    expect.objectContaining({ code: 'OUT_OF_MEMORY', message: expect.stringMatching(/no room for \d+ bytes more/) }),
  );
  tf.dispose([...kept, tall, wide]);
  expect([...tf.matMul(tf.ones([2, 2]), tf.ones([2, 2])).dataSync()]).toEqual([2, 2, 2, 2]);
});
