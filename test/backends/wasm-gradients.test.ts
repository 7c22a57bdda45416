import * as tf from '@tensorflow/tfjs-core';
// The gradients of tfjs-core's operations: tfjs-layers registers them (trap T14).
import '@tensorflow/tfjs-layers';
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { cpu } from '../../src/backends/cpu.ts';
import { wasm } from '../../src/backends/wasm.ts';
import { useBackend } from '../../src/model/use-backend.ts';
import { difference, type Numbers, numbers, runKernel, tensorOf } from './kernel-cases.ts';

beforeAll(async () => {
  await useBackend(cpu());
  await useBackend(wasm());
});

/** An operation of tfjs-core and the inputs that it is differentiated for. */
interface Operation {
  readonly inputs: readonly Numbers[];
  readonly apply: (...inputs: tf.Tensor[]) => tf.Tensor;
}

/** The gradients of a weighted sum of an operation's outputs, on a backend. */
async function gradientsOn(backend: string, { inputs, apply }: Operation): Promise<readonly Numbers[]> {
  await tf.setBackend(backend);
  return tf.tidy(() => {
    const weighted = (...tensors: tf.Tensor[]): tf.Scalar => {
      const output = apply(...tensors);
      return tf.sum(tf.mul(output, tensorOf(numbers(output.shape, 9))));
    };
    const gradients = tf.grads(weighted)(inputs.map(tensorOf));
    return gradients.map((gradient) => ({ shape: gradient.shape, values: gradient.dataSync() as Float32Array }));
  });
}

const small = (max: number, min = 1) => fc.integer({ min, max });
const numbersIn = (seed: number, ...shape: number[]) => numbers(shape, seed);
type Pair = [number, number];

/**
 * Windows that find room in the input. On WASM, tfjs' forward kernels write beyond their output for the others that it
 * accepts: strides larger than the window, and numbers for padding where height and width differ (tfjs-core sizes the
 * output by the height alone). Pooling has nothing to choose from in a window that lies in the padding altogether.
 */
const pictures = fc
  .record({
    seed: fc.nat(1e6),
    batch: small(2),
    size: fc.tuple(small(7, 3), small(7, 3)),
    channels: small(3),
    outChannels: small(4),
    multiplier: small(3),
    window: fc.tuple(small(3), small(3)),
    strides: fc.tuple(small(3), small(3)),
    pad: fc.oneof(fc.constantFrom('same' as const, 'valid' as const), small(2, 0)),
  })
  .map(({ window: [height, width], strides: [down, right], pad, ...rest }) => {
    if (typeof pad === 'number') {
      const stride = Math.min(down, height);
      const padding = { pad: Math.min(pad, height - 1), dimRoundingMode: 'floor' as const };
      return { ...rest, window: [height, height] as Pair, strides: [stride, stride] as Pair, ...padding };
    }
    const strides: Pair = [Math.min(down, height), Math.min(right, width)];
    return { ...rest, window: [height, width] as Pair, strides, pad, dimRoundingMode: undefined };
  });

const conv2d = pictures.map(
  ({ seed, batch, size, channels, outChannels, window, strides, pad, dimRoundingMode }): Operation => {
    return {
      inputs: [numbersIn(seed, batch, ...size, channels), numbersIn(seed + 1, ...window, channels, outChannels)],
      apply: (x, filter) =>
        tf.conv2d(x as tf.Tensor4D, filter as tf.Tensor4D, strides, pad, 'NHWC', [1, 1], dimRoundingMode),
    };
  },
);

const depthwise = pictures.map(
  ({ seed, batch, size, channels, multiplier, window, strides, pad, dimRoundingMode }): Operation => {
    return {
      inputs: [numbersIn(seed, batch, ...size, channels), numbersIn(seed + 1, ...window, channels, multiplier)],
      apply: (x, filter) =>
        tf.depthwiseConv2d(x as tf.Tensor4D, filter as tf.Tensor4D, strides, pad, 'NHWC', [1, 1], dimRoundingMode),
    };
  },
);

const maxPool = pictures.map(({ seed, batch, size, channels, window, strides, pad, dimRoundingMode }): Operation => {
  return {
    // Every other picture has ties.
    inputs: [numbers([batch, ...size, channels], seed, seed % 2 === 0 ? 3 : undefined)],
    apply: (x) => tf.maxPool(x as tf.Tensor4D, window, strides, pad, dimRoundingMode),
  };
});

const conv3d = fc
  .record({
    seed: fc.nat(1e6),
    batch: small(2),
    size: fc.tuple(small(4, 2), small(4, 2), small(4, 2)),
    channels: small(2),
    outChannels: small(3),
    window: fc.tuple(small(2), small(2), small(2)),
    strides: fc.tuple(small(2), small(2), small(2)),
    pad: fc.constantFrom('same' as const, 'valid' as const),
  })
  .map(
    ({ seed, batch, size, channels, outChannels, window, strides, pad }): Operation => ({
      inputs: [numbersIn(seed, batch, ...size, channels), numbersIn(seed + 1, ...window, channels, outChannels)],
      apply: (x, filter) => tf.conv3d(x as tf.Tensor5D, filter as tf.Tensor5D, strides, pad),
    }),
  );

const resizing = fc
  .record({
    seed: fc.nat(1e6),
    batch: small(3),
    from: fc.tuple(small(6), small(6)),
    to: fc.tuple(small(9), small(9)),
    channels: small(3),
    alignCorners: fc.boolean(),
  })
  .map(
    ({ seed, batch, from, to, channels, alignCorners }): Operation => ({
      inputs: [numbersIn(seed, batch, ...from, channels)],
      apply: (x) => tf.image.resizeNearestNeighbor(x as tf.Tensor4D, to, alignCorners),
    }),
  );

const gathering = fc
  .record({
    seed: fc.nat(1e6),
    rows: small(5),
    width: small(4),
    axis: fc.constantFrom(0, 1),
    picks: fc.array(fc.tuple(fc.nat(), fc.nat()), { minLength: 1, maxLength: 4 }),
  })
  .map(({ seed, rows, width, axis, picks }): Operation => {
    const size = axis === 0 ? rows : width;
    const indices = picks.map((pair) => pair.map((pick) => pick % size));
    return {
      inputs: [numbersIn(seed, rows, width)],
      apply: (x) => tf.gather(x, tf.tensor2d(indices, [indices.length, 2], 'int32'), axis),
    };
  });

describe('the gradients of tfjs-core are those of cpu', () => {
  test.each([
    ['conv2d', conv2d],
    ['depthwiseConv2d', depthwise],
    ['maxPool', maxPool],
    ['conv3d', conv3d],
    ['image.resizeNearestNeighbor', resizing],
    ['gather', gathering],
  ])('%s', async (_, operations) => {
    const property = fc.asyncProperty(operations, async (operation) => {
      const expected = await gradientsOn('cpu', operation);
      const actual = await gradientsOn('wasm', operation);
      for (const [i, values] of expected.entries()) {
        expect(difference(actual[i] as Numbers, values)).toBeLessThan(1e-4);
      }
    });
    await fc.assert(property, { numRuns: 500, seed: 21 });
  });
});

describe('the kernels', () => {
  const convolution = { strides: [1, 1], dilations: [1, 1], pad: 'same', dataFormat: 'NHWC' };
  const [x, dy, volume, volumeDy] = [
    numbers([0, 4, 4, 2], 1),
    numbers([0, 4, 4, 4], 1),
    numbers([0, 3, 3, 3, 2], 1),
    numbers([0, 3, 3, 3, 4], 1),
  ];
  const noIds = { shape: [0], values: new Int32Array(0) };

  test.each<[string, Record<string, Numbers>, Record<string, unknown>, number[]]>([
    ['Conv2DBackpropFilter', { x, dy }, { ...convolution, filterShape: [1, 1, 2, 4] }, [1, 1, 2, 4]],
    ['Conv2DBackpropFilter', { x, dy }, { ...convolution, filterShape: [3, 3, 2, 4] }, [3, 3, 2, 4]],
    [
      'Conv3DBackpropFilterV2',
      { x: volume, dy: volumeDy },
      { ...convolution, filterShape: [2, 2, 2, 2, 4] },
      [2, 2, 2, 2, 4],
    ],
    ['DepthwiseConv2dNativeBackpropFilter', { x, dy }, { ...convolution, filterShape: [3, 3, 2, 2] }, [3, 3, 2, 2]],
    ['UnsortedSegmentSum', { x: numbers([0, 5], 1), segmentIds: noIds }, { numSegments: 3 }, [3, 5]],
    [
      'Conv2DBackpropInput',
      { dy, filter: numbers([1, 1, 2, 4], 1) },
      { ...convolution, inputShape: x.shape },
      [0, 4, 4, 2],
    ],
    [
      'Conv2DBackpropInput',
      { dy, filter: numbers([3, 3, 2, 4], 1) },
      { ...convolution, inputShape: x.shape },
      [0, 4, 4, 2],
    ],
    [
      'DepthwiseConv2dNativeBackpropInput',
      { dy, filter: numbers([3, 3, 2, 2], 1) },
      { ...convolution, inputShape: x.shape },
      [0, 4, 4, 2],
    ],
    ['MaxPoolGrad', { dy: x, input: x, output: x }, { ...convolution, filterSize: 2 }, [0, 4, 4, 2]],
    ['ResizeNearestNeighborGrad', { dy: x, images: numbers([0, 2, 2, 2], 1) }, { alignCorners: false }, [0, 2, 2, 2]],
  ])('give zeros for a batch of nothing: %s', async (kernelName, inputs, attrs, shape) => {
    await tf.setBackend('wasm');
    tf.tidy(() => {
      tf.dispose(
        Array.from({ length: 8 }, () =>
          tf.fill(
            shape.map((size) => Math.max(size, 1)),
            Number.NaN,
          ),
        ),
      );
      const tensors = Object.fromEntries(Object.entries(inputs).map(([name, value]) => [name, tensorOf(value)]));
      const result = runKernel(kernelName, tensors, attrs);
      expect(result.shape).toEqual(shape);
      expect(result.dataSync().every((value) => value === 0)).toBe(true);
    });
  });

  test('take inputs that lie on another backend, where the heap grows for them', async () => {
    await tf.setBackend('cpu');
    const rows = 12e6;
    const [x, segmentIds] = [tf.ones([rows, 1]), tf.zeros([rows], 'int32')];
    await tf.setBackend('wasm');
    const result = runKernel('UnsortedSegmentSum', { x, segmentIds }, { numSegments: 2 });
    expect([...result.dataSync()]).toEqual([rows, 0]);
    tf.dispose([x, segmentIds, result]);
  });

  test('read integers as integers', async () => {
    await tf.setBackend('wasm');
    tf.tidy(() => {
      const segmentIds = tf.tensor1d([2, 0, 2], 'int32');
      const sumOf = (x: tf.Tensor) => [
        ...runKernel('UnsortedSegmentSum', { x, segmentIds }, { numSegments: 3 }).dataSync(),
      ];
      expect(sumOf(tf.tensor1d([5, 6, 7], 'int32'))).toEqual([6, 0, 12]);
      const flags = runKernel(
        'UnsortedSegmentSum',
        { x: tf.tensor1d([1, 1, 1], 'bool'), segmentIds },
        { numSegments: 3 },
      );
      expect(flags.dtype).toBe('int32');
      expect([...flags.dataSync()]).toEqual([1, 0, 2]);
    });
  });

  test("let tfjs' own optimizers train a convolution, and leave nothing behind", async () => {
    await useBackend(wasm());
    const pictures = tensorOf(numbers([4, 6, 6, 2], 1)) as tf.Tensor4D;
    const targets = tf.tidy(() => tf.conv2d(pictures, tensorOf(numbers([3, 3, 2, 3], 2)) as tf.Tensor4D, 1, 'same'));
    const filter = tf.variable(tf.zeros<tf.Rank.R4>([3, 3, 2, 3]));
    const optimizer = tf.train.sgd(0.5);
    const step = () =>
      tf.tidy(() => {
        const loss = optimizer.minimize(
          () => tf.mean(tf.squaredDifference(tf.conv2d(pictures, filter, 1, 'same'), targets)) as tf.Scalar,
          true,
        );
        return (loss as tf.Scalar).dataSync()[0] as number;
      });
    const first = step();
    const before = tf.memory();
    let last = first;
    for (let i = 0; i < 50; i++) last = step();
    expect(last).toBeLessThan(first / 50);
    expect(tf.memory()).toMatchObject({ numTensors: before.numTensors, numDataBuffers: before.numDataBuffers });
    tf.dispose([pictures, targets, filter]);
    optimizer.dispose();
  });
});
