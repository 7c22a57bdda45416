import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { cpu } from '../../src/backends/cpu.ts';
import { wasm } from '../../src/backends/wasm.ts';
import { useBackend } from '../../src/model/use-backend.ts';
import { difference, numbers, run } from './kernel-cases.ts';

beforeAll(async () => {
  await useBackend(cpu());
  await useBackend(wasm());
});

const upTo = (max: number, min = 1) => fc.integer({ min, max });

/** The windows that have loops of their own, over pictures with several blocks, with cut ones, and with less than one. */
const usual = fc.record({
  seed: fc.nat(1e6),
  batch: upTo(2),
  size: fc.tuple(upTo(6), upTo(24)),
  channels: upTo(3).map((fours) => 4 * fours),
  filter: fc.tuple(upTo(5), fc.constantFrom(3, 5)),
  strides: fc.constantFrom(1, 2).map((stride) => [stride, stride] as [number, number]),
  pad: fc.oneof(
    fc.constantFrom('same', 'valid'),
    fc.tuple(upTo(3, 0), upTo(3, 0), upTo(3, 0), upTo(3, 0)).map(([top, bottom, left, right]) => [
      [0, 0],
      [top, bottom],
      [left, right],
      [0, 0],
    ]),
  ),
  activation: fc.constantFrom('linear', 'relu', 'relu6'),
});

describe('the loops for usual windows are those of cpu, 500 cases each', () => {
  const agrees = async (
    callOf: (sizes: {
      readonly seed: number;
      readonly activation: string;
      readonly inputShape: readonly number[];
      readonly filterShape: readonly number[];
      readonly outShape: readonly number[];
    }) => { kernelName: string; inputs: Parameters<typeof run>[0]['inputs']; attrs?: object },
  ) => {
    const property = fc.asyncProperty(
      usual,
      async ({ seed, batch, size, channels, filter, strides, pad, activation }) => {
        const inputShape = [batch, ...size, channels] as [number, number, number, number];
        const filterShape = [...filter, channels, 1] as [number, number, number, number];
        const info = tf.backend_util.computeConv2DInfo(
          inputShape,
          filterShape,
          strides,
          1,
          pad as 'same',
          'floor',
          true,
        );
        fc.pre(info.outHeight > 0 && info.outWidth > 0);
        const made = callOf({ seed, activation, inputShape, filterShape, outShape: info.outShape });
        const attrs = { strides, pad, dilations: [1, 1], dimRoundingMode: 'floor', dataFormat: 'NHWC', ...made.attrs };
        const expected = await run({ ...made, attrs }, 'cpu');
        expect(difference(await run({ ...made, attrs }, 'wasm'), expected)).toBeLessThan(1e-4);
      },
    );
    await fc.assert(property, { numRuns: 500, seed: 26 });
  };

  test('forward, with bias and activation', () =>
    agrees(({ seed, activation, inputShape, filterShape }) => ({
      kernelName: 'FusedDepthwiseConv2D',
      inputs: {
        x: numbers(inputShape, seed),
        filter: numbers(filterShape, seed + 1),
        ...(seed % 3 > 0 && { bias: numbers([filterShape[2] as number], seed + 2) }),
      },
      attrs: { activation },
    })));

  test('the gradient of the filter', () =>
    agrees(({ seed, inputShape, filterShape, outShape }) => ({
      kernelName: 'DepthwiseConv2dNativeBackpropFilter',
      inputs: { x: numbers(inputShape, seed), dy: numbers(outShape, seed + 1) },
      attrs: { filterShape },
    })));

  test('the gradient of the input', () =>
    agrees(({ seed, inputShape, filterShape, outShape }) => ({
      kernelName: 'DepthwiseConv2dNativeBackpropInput',
      inputs: { dy: numbers(outShape, seed), filter: numbers(filterShape, seed + 1) },
      attrs: { inputShape },
    })));
});
