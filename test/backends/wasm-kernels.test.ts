import * as tf from '@tensorflow/tfjs-core';
// The gradients of tfjs-core's operations: tfjs-layers registers them (trap T14).
import '@tensorflow/tfjs-layers';
import fc from 'fast-check';
import { beforeAll, describe, expect, test, vi } from 'vitest';
import { cpu } from '../../src/backends/cpu.ts';
import { registerTrainingKernels } from '../../src/backends/wasm/register.ts';
import { wasm } from '../../src/backends/wasm.ts';
import { isRepaired } from '../../src/core/repaired.ts';
import {
  difference,
  type KernelCase,
  type Numbers,
  numbers,
  pictureWindows,
  run,
  runKernel,
  tensorOf,
  volumeWindows,
} from './kernel-cases.ts';

type Shape4 = [number, number, number, number];
type Shape5 = [number, number, number, number, number];

const lacking = [
  'Conv2DBackpropFilter',
  'DepthwiseConv2dNativeBackpropFilter',
  'DepthwiseConv2dNativeBackpropInput',
  'UnsortedSegmentSum',
];
const replaced = [
  'Conv2DBackpropInput',
  'Conv3DBackpropFilterV2',
  'Conv3DBackpropInputV2',
  'MaxPool3D',
  'MaxPool3DGrad',
  'MaxPoolGrad',
  'ResizeNearestNeighborGrad',
];

/** @returns How far WASM is from cpu, or from what is expected where cpu cannot say. */
async function distance(call: KernelCase, expected?: Numbers): Promise<number> {
  return difference(await run(call, 'wasm'), expected ?? (await run(call, 'cpu')));
}

/** Some cases for each kernel, the same at each run. */
const settings = { numRuns: 500, seed: 20 };

async function agrees<T>(cases: fc.Arbitrary<T>, callOf: (value: T) => KernelCase | Promise<[KernelCase, Numbers]>) {
  const property = fc.asyncProperty(cases, async (value) => {
    const made = await callOf(value);
    expect(await (Array.isArray(made) ? distance(...made) : distance(made))).toBeLessThan(1e-4);
  });
  await fc.assert(property, settings);
}

type Pictures = typeof pictureWindows extends fc.Arbitrary<infer T> ? T : never;
type Volumes = typeof volumeWindows extends fc.Arbitrary<infer T> ? T : never;

/** A convolution over pictures: its shapes, and what tfjs' kernels are told of it. */
function convolution({ batch, size, channels, outChannels, filter, strides, padding }: Pictures) {
  const inputShape: Shape4 = [batch, ...size, channels];
  const filterShape: Shape4 = [...filter, channels, outChannels];
  const { pad, dimRoundingMode } = { dimRoundingMode: undefined, ...padding } as {
    pad: 'same';
    dimRoundingMode: 'ceil';
  };
  const info = tf.backend_util.computeConv2DInfo(inputShape, filterShape, strides, 1, pad, dimRoundingMode);
  fc.pre(info.outHeight > 0 && info.outWidth > 0);
  return {
    inputShape,
    filterShape,
    outShape: info.outShape,
    attrs: { strides, pad, dimRoundingMode, dataFormat: 'NHWC' },
  };
}

function convolution3d({ batch, size, channels, outChannels, filter, strides, pad }: Volumes) {
  const inputShape: Shape5 = [batch, ...size, channels];
  const filterShape: Shape5 = [...filter, channels, outChannels];
  const info = tf.backend_util.computeConv3DInfo(inputShape, filterShape, strides, 1, pad as 'same');
  fc.pre(info.outDepth > 0 && info.outHeight > 0 && info.outWidth > 0);
  return { inputShape, filterShape, outShape: info.outShape, attrs: { strides, pad } };
}

/** A depthwise convolution, with strides or dilated, as tfjs allows. */
function depthwise({ batch, size, channels, outChannels: multiplier, filter, padding, ...rest }: Pictures) {
  const isDilated = rest.seed % 2 === 0;
  const dilations: [number, number] = isDilated ? rest.dilations : [1, 1];
  const strides: [number, number] = isDilated ? [1, 1] : rest.strides;
  const inputShape: Shape4 = [batch, ...size, channels];
  const filterShape: Shape4 = [...filter, channels, multiplier];
  const { pad, dimRoundingMode } = { dimRoundingMode: undefined, ...padding } as {
    pad: 'same';
    dimRoundingMode: 'ceil';
  };
  const info = tf.backend_util.computeConv2DInfo(
    inputShape,
    filterShape,
    strides,
    dilations,
    pad,
    dimRoundingMode,
    true,
  );
  fc.pre(info.outHeight > 0 && info.outWidth > 0);
  return { inputShape, filterShape, outShape: info.outShape, attrs: { strides, dilations, pad, dimRoundingMode } };
}

/** Where the taps of a dilated filter lie in the filter without dilation that does the same. */
function spreadTaps([height, width, channels, multiplier]: Shape4, [y, x]: readonly [number, number]) {
  const shape: Shape4 = [(height - 1) * y + 1, (width - 1) * x + 1, channels, multiplier];
  const places = Array.from({ length: height * width * channels * multiplier }, (_, i) => {
    const [tap, rest] = [Math.floor(i / (channels * multiplier)), i % (channels * multiplier)];
    return (Math.floor(tap / width) * y * shape[1] + (tap % width) * x) * channels * multiplier + rest;
  });
  return { shape, places };
}

describe('tfjs as it is', () => {
  beforeAll(async () => {
    await cpu().load();
    await import('@tensorflow/tfjs-backend-wasm');
    await tf.setBackend('wasm');
  });

  test('trap T11: WASM lacks the kernels that train convolutions and embeddings', () => {
    for (const name of lacking) expect(tf.getKernel(name, 'wasm')).toBeUndefined();
    for (const name of replaced) expect(tf.getKernel(name, 'wasm')).toBeDefined();
  });

  // They look for the maximum from the smallest positive number on: std::numeric_limits<float>::min().
  test('trap T25: max pooling is wrong where a window has no positive number', async () => {
    const negative = ({ shape, values }: Numbers) => ({ shape, values: values.map((value) => -Math.abs(value)) });
    const positive = ({ shape, values }: Numbers) => ({ shape, values: values.map(Math.abs) });
    const [x, out] = [numbers([1, 5, 5, 2], 1), numbers([1, 4, 4, 2], 2)];
    const [volume, volumeOut] = [numbers([1, 3, 3, 3, 2], 1), numbers([1, 2, 2, 2, 2], 2)];
    const attrs = { filterSize: 2, strides: 1, pad: 'valid' };
    const callsOf = (sign: (value: Numbers) => Numbers): readonly KernelCase[] => [
      { kernelName: 'MaxPoolGrad', inputs: { input: sign(x), dy: out, output: out }, attrs },
      { kernelName: 'MaxPool3DGrad', inputs: { input: sign(volume), dy: volumeOut }, attrs },
      { kernelName: 'MaxPool3D', inputs: { x: sign(volume) }, attrs },
    ];
    for (const call of callsOf(negative)) expect(await distance(call)).toBeGreaterThan(0.1);
    for (const call of callsOf(positive)) expect(await distance(call)).toBeLessThan(1e-4);
  });

  // They round the ends of their loops down, or forget the place of the window in them.
  test('trap T25: the gradients of 3-D convolutions leave terms out', async () => {
    const [x, filter] = [numbers([1, 6, 6, 6, 1], 1), numbers([2, 2, 2, 1, 1], 2)];
    const dy = numbers([1, 5, 5, 5, 1], 3);
    const inputAttrs = { strides: 1, pad: 'valid', inputShape: x.shape };
    expect(
      await distance({ kernelName: 'Conv3DBackpropInputV2', inputs: { dy, filter }, attrs: inputAttrs }),
    ).toBeGreaterThan(0.1);
    const strided = { x, dy: numbers([1, 3, 3, 3, 1], 3) };
    const filterAttrs = { strides: 2, pad: 'same', filterShape: [2, 2, 2, 1, 1] };
    expect(
      await distance({ kernelName: 'Conv3DBackpropFilterV2', inputs: strided, attrs: filterAttrs }),
    ).toBeGreaterThan(0.1);
  });

  // On cpu the gradient is wrong for all pictures of a batch but the first, so one picture is compared.
  test('trap T25: the gradient of nearest-neighbour resizing ignores half-pixel centers', async () => {
    await tf.setBackend('wasm');
    tf.tidy(() => {
      const [x, dy] = [tensorOf(numbers([1, 3, 3, 1], 1)), tensorOf(numbers([1, 5, 5, 1], 2))];
      const productOf = (a: tf.Tensor, b: tf.Tensor) => tf.sum(tf.mul(a, b)).dataSync()[0] as number;
      const [[right, actual], [rightHalf, actualHalf]] = ([false, true] as const).map((halfPixelCenters) => {
        const resize = (x: tf.Tensor) =>
          tf.image.resizeNearestNeighbor(x as tf.Tensor4D, [5, 5], false, halfPixelCenters);
        return [productOf(resize(x), dy), productOf(x, tf.grad(resize)(x, dy))];
      }) as [[number, number], [number, number]];
      // Resizing is linear, so its gradient is its transpose.
      expect(actual).toBeCloseTo(right, 4);
      expect(Math.abs(actualHalf - rightHalf)).toBeGreaterThan(0.1);
    });
  });

  // This is why losses and metrics cast one-hot labels instead of asking for float32: gradients through it vanish.
  test('trap T23: oneHot says float32 and holds the bits of int32', async () => {
    await tf.setBackend('wasm');
    tf.tidy(() => {
      const indices = tf.tensor1d([0, 2], 'int32');
      const wrong = tf.oneHot(indices, 3, 1, 0, 'float32');
      expect(wrong.dtype).toBe('float32');
      expect(Math.max(...wrong.dataSync())).toBeLessThan(1e-40);
      expect([...new Int32Array((wrong.dataSync() as Float32Array).buffer)]).toEqual([1, 0, 0, 0, 0, 1]);
      expect([...tf.cast(tf.oneHot(indices, 3), 'float32').dataSync()]).toEqual([1, 0, 0, 0, 0, 1]);
    });
  });
});

describe('the kernels of the adapter', () => {
  beforeAll(async () => {
    await Promise.all([cpu().load(), wasm().load()]);
    await tf.setBackend('wasm');
  });

  test('are registered once, without a warning', async () => {
    const warn = vi.spyOn(console, 'warn');
    const kernels = () => [...lacking, ...replaced].map((name) => tf.getKernel(name, 'wasm'));
    expect(kernels().every(isRepaired)).toBe(true);
    const alien = () => [];
    for (const name of replaced) {
      tf.unregisterKernel(name, 'wasm');
      tf.registerKernel({ kernelName: name, backendName: 'wasm', kernelFunc: alien });
    }
    registerTrainingKernels();
    const before = kernels();
    expect(before.every(isRepaired)).toBe(true);
    expect(before.map(({ kernelFunc }) => kernelFunc)).not.toContain(alien);
    await wasm().load();
    expect(kernels()).toEqual(before);
    expect(warn).not.toHaveBeenCalled();
    warn.mockRestore();
  });

  test('Conv2DBackpropFilter agrees with cpu', () =>
    agrees(pictureWindows, (value) => {
      const { inputShape, filterShape, outShape, attrs } = convolution(value);
      const inputs = { x: numbers(inputShape, value.seed), dy: numbers(outShape, value.seed + 1) };
      return { kernelName: 'Conv2DBackpropFilter', inputs, attrs: { ...attrs, filterShape } };
    }));

  test('Conv2DBackpropInput agrees with cpu', () =>
    agrees(pictureWindows, (value) => {
      const { inputShape, filterShape, outShape, attrs } = convolution(value);
      const inputs = { dy: numbers(outShape, value.seed), filter: numbers(filterShape, value.seed + 1) };
      return { kernelName: 'Conv2DBackpropInput', inputs, attrs: { ...attrs, inputShape } };
    }));

  // tfjs' gradients forget to pass on how the forward pass rounded.
  test('the gradients of a convolution go by the shape of its output', async () => {
    const [x, filter, dy] = [numbers([1, 6, 6, 2], 1), numbers([2, 2, 2, 3], 2), numbers([1, 3, 3, 3], 3)];
    const attrs = { strides: 4, pad: 1, dataFormat: 'NHWC', filterShape: filter.shape, inputShape: x.shape };
    const calls: readonly KernelCase[] = [
      { kernelName: 'Conv2DBackpropFilter', inputs: { x, dy }, attrs },
      { kernelName: 'Conv2DBackpropInput', inputs: { dy, filter }, attrs },
    ];
    for (const call of calls) {
      const rounded = await run({ ...call, attrs: { ...attrs, dimRoundingMode: 'ceil' } }, 'cpu');
      expect(await distance(call, rounded)).toBeLessThan(1e-4);
    }
  });

  // tfjs' gradients on cpu do not know dilation: a filter with zeros between its taps does the same.
  test('DepthwiseConv2dNativeBackpropFilter agrees with cpu', () =>
    agrees(pictureWindows, async (value) => {
      const { inputShape, filterShape, outShape, attrs } = depthwise(value);
      const kernelName = 'DepthwiseConv2dNativeBackpropFilter';
      const inputs = { x: numbers(inputShape, value.seed), dy: numbers(outShape, value.seed + 1) };
      const { shape, places } = spreadTaps(filterShape, attrs.dilations);
      const dense = { ...attrs, dilations: [1, 1], filterShape: shape };
      const { values } = await run({ kernelName, inputs, attrs: dense }, 'cpu');
      const expected = { shape: filterShape, values: Float32Array.from(places, (place) => values[place] as number) };
      return [{ kernelName, inputs, attrs: { ...attrs, filterShape } }, expected];
    }));

  test('DepthwiseConv2dNativeBackpropInput agrees with cpu', () =>
    agrees(pictureWindows, async (value) => {
      const { inputShape, filterShape, outShape, attrs } = depthwise(value);
      const kernelName = 'DepthwiseConv2dNativeBackpropInput';
      const [dy, filter] = [numbers(outShape, value.seed), numbers(filterShape, value.seed + 1)];
      const { shape, places } = spreadTaps(filterShape, attrs.dilations);
      const dense = { shape, values: new Float32Array(tf.util.sizeFromShape(shape)) };
      for (const [i, place] of places.entries()) dense.values[place] = filter.values[i] as number;
      const denseCall = {
        kernelName,
        inputs: { dy, filter: dense },
        attrs: { ...attrs, dilations: [1, 1], inputShape },
      };
      return [{ kernelName, inputs: { dy, filter }, attrs: { ...attrs, inputShape } }, await run(denseCall, 'cpu')];
    }));

  // Both gradients at once, that of the input on through relu6: zero where the input lies on a bound.
  test.each([
    ['Conv2DBackpropInput', 'Conv2DBackpropFilter', 'Conv2DBackprop', convolution],
    [
      'DepthwiseConv2dNativeBackpropInput',
      'DepthwiseConv2dNativeBackpropFilter',
      'DepthwiseConv2dNativeBackprop',
      depthwise,
    ],
  ] as const)('%s, Relu6Grad and %s are %s', async (inputName, filterName, kernelName, shapesOf) => {
    const property = fc.asyncProperty(pictureWindows, async (value) => {
      const { inputShape, filterShape, outShape, attrs } = shapesOf(value);
      const dy = numbers(outShape, value.seed);
      const filter = numbers(filterShape, value.seed + 1);
      const x = numbers(inputShape, value.seed + 2);
      for (const [i, number] of x.values.entries()) x.values[i] = Math.min(6, Math.max(0, 9 * number));
      const plain = await run(
        { kernelName: inputName, inputs: { dy, filter }, attrs: { ...attrs, inputShape } },
        'wasm',
      );
      const isWithin = (number: number | undefined) => number !== undefined && number > 0 && number < 6;
      const values = plain.values.map((number, i) => (isWithin(x.values[i]) ? number : 0)) as Float32Array;
      const weights = await run(
        { kernelName: filterName, inputs: { x, dy }, attrs: { ...attrs, filterShape } },
        'wasm',
      );
      const [input, gradient] = tf.tidy((): Float32Array[] => {
        const inputs = { dy: tensorOf(dy), filter: tensorOf(filter), x: tensorOf(x) };
        const made = runKernel(kernelName, inputs, { ...attrs, inputShape, filterShape, activation: 'relu6' });
        return (made as unknown as tf.Tensor[]).map((tensor) => tensor.dataSync() as Float32Array);
      }) as [Float32Array, Float32Array];
      expect(difference({ shape: inputShape, values: input }, { shape: inputShape, values })).toBeLessThan(1e-4);
      expect(difference({ shape: filterShape, values: gradient }, weights)).toBeLessThan(1e-4);
    });
    await fc.assert(property, settings);
  });

  test('MaxPoolGrad agrees with cpu, ties included', () =>
    agrees(fc.tuple(pictureWindows, fc.boolean()), ([value, hasTies]) => {
      const { inputShape, outShape, attrs } = convolution({ ...value, outChannels: value.channels });
      const input = numbers(inputShape, value.seed, hasTies ? 3 : undefined);
      const inputs = { input, dy: numbers(outShape, value.seed + 1), output: numbers(outShape, value.seed + 2) };
      return { kernelName: 'MaxPoolGrad', inputs, attrs: { ...attrs, filterSize: value.filter } };
    }));

  const pooling3d = volumeWindows.map((value) => ({ ...value, outChannels: value.channels }));

  test('MaxPool3DGrad agrees with cpu', () =>
    agrees(pooling3d, (value) => {
      const { inputShape, outShape, attrs } = convolution3d(value);
      const [input, dy] = [numbers(inputShape, value.seed), numbers(outShape, value.seed + 1)];
      return { kernelName: 'MaxPool3DGrad', inputs: { input, dy }, attrs: { ...attrs, filterSize: value.filter } };
    }));

  test('MaxPool3D agrees with cpu', () =>
    agrees(volumeWindows, (value) => {
      const { inputShape, attrs } = convolution3d(value);
      const inputs = { x: numbers(inputShape, value.seed) };
      return { kernelName: 'MaxPool3D', inputs, attrs: { ...attrs, filterSize: value.filter } };
    }));

  test('Conv3DBackpropFilterV2 agrees with cpu', () =>
    agrees(volumeWindows, (value) => {
      const { inputShape, filterShape, outShape, attrs } = convolution3d(value);
      const inputs = { x: numbers(inputShape, value.seed), dy: numbers(outShape, value.seed + 1) };
      return { kernelName: 'Conv3DBackpropFilterV2', inputs, attrs: { ...attrs, filterShape } };
    }));

  test('Conv3DBackpropInputV2 agrees with cpu', () =>
    agrees(volumeWindows, (value) => {
      const { inputShape, filterShape, outShape, attrs } = convolution3d(value);
      const inputs = { dy: numbers(outShape, value.seed), filter: numbers(filterShape, value.seed + 1) };
      return { kernelName: 'Conv3DBackpropInputV2', inputs, attrs: { ...attrs, inputShape } };
    }));

  const sizes = fc.record({
    seed: fc.nat(1e6),
    // One row by its corners is endless on cpu.
    from: fc.tuple(fc.integer({ min: 2, max: 6 }), fc.integer({ min: 2, max: 6 })),
    to: fc.tuple(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 9 })),
    channels: fc.integer({ min: 1, max: 3 }),
    alignCorners: fc.boolean(),
  });

  // On cpu the gradient is wrong for all pictures of a batch but the first, so it gets them one by one.
  test('ResizeNearestNeighborGrad agrees with cpu', () =>
    agrees(sizes, async ({ seed, from, to, channels, alignCorners }) => {
      const kernelName = 'ResizeNearestNeighborGrad';
      const attrs = { alignCorners, halfPixelCenters: false };
      const images = numbers([2, ...from, channels], seed);
      const dys = [1, 2].map((i) => numbers([1, ...to, channels], seed + i));
      const one = { shape: [1, ...from, channels], values: images.values.slice(images.values.length / 2) };
      const join = (shape: readonly number[], parts: readonly Numbers[]): Numbers => {
        return { shape, values: Float32Array.from(parts.flatMap(({ values }) => [...values])) };
      };
      const parts: Numbers[] = [];
      for (const dy of dys) parts.push(await run({ kernelName, inputs: { images: one, dy }, attrs }, 'cpu'));
      const inputs = { images, dy: join([2, ...to, channels], dys) };
      return [{ kernelName, inputs, attrs }, join(images.shape, parts)];
    }));

  test('UnsortedSegmentSum agrees with cpu, for segments that do not exist too', () => {
    const cases = fc.record({
      seed: fc.nat(1e6),
      ids: fc.array(fc.integer({ min: -2, max: 6 }), { minLength: 1, maxLength: 8 }),
      row: fc.array(fc.integer({ min: 1, max: 3 }), { maxLength: 2 }),
      numSegments: fc.integer({ min: 1, max: 6 }),
    });
    return agrees(cases, ({ seed, ids, row, numSegments }) => {
      const segmentIds = { shape: [ids.length], values: Int32Array.from(ids) };
      const inputs = { x: numbers([ids.length, ...row], seed), segmentIds };
      return { kernelName: 'UnsortedSegmentSum', inputs, attrs: { numSegments } };
    });
  });

  /** The gradient of a weighted sum of what `f` computes, by tfjs and by central differences, on WASM. */
  function gradients(f: (x: tf.Tensor) => tf.Tensor, at: Numbers): readonly [Numbers, Numbers] {
    const loss = (x: tf.Tensor): tf.Scalar => {
      const y = f(x);
      return tf.sum(tf.mul(y, tensorOf(numbers(y.shape, 9))));
    };
    const valueAt = (values: Numbers['values']) =>
      tf.tidy(() => loss(tensorOf({ ...at, values })).dataSync()[0] as number);
    const nudge = 2 ** -7;
    const values = at.values.slice().map((_, i) => {
      const [up, down] = [nudge, -nudge].map((by) =>
        valueAt(at.values.map((value, j) => (i === j ? value + by : value))),
      );
      return ((up as number) - (down as number)) / (2 * nudge);
    });
    const analytic = tf.tidy(() => tf.grad(loss)(tensorOf(at)).dataSync() as Float32Array);
    return [
      { shape: at.shape, values: analytic },
      { shape: at.shape, values },
    ];
  }

  /** A picture whose numbers are further apart than the nudge, so that no maximum changes its place. */
  const distinct = (shape: readonly number[]): Numbers => {
    const values = numbers(shape, 4).values.slice();
    [...values.keys()]
      .sort((a, b) => (values[a] ?? 0) - (values[b] ?? 0))
      .forEach((place, rank) => {
        values[place] = rank / 16;
      });
    return { shape, values };
  };
  const constant = (shape: readonly number[]) => tensorOf(numbers(shape, 7));

  test.each<[string, Numbers, (x: tf.Tensor) => tf.Tensor]>([
    [
      'filter',
      numbers([3, 2, 2, 3], 1),
      (w) => tf.conv2d(constant([2, 6, 5, 2]) as tf.Tensor4D, w as tf.Tensor4D, 2, 'same'),
    ],
    [
      'filter of one pixel',
      numbers([1, 1, 2, 3], 1),
      (w) => tf.conv2d(constant([2, 3, 4, 2]) as tf.Tensor4D, w as tf.Tensor4D, 1, 'same'),
    ],
    [
      'input',
      numbers([2, 6, 5, 2], 1),
      (x) => tf.conv2d(x as tf.Tensor4D, constant([3, 2, 2, 3]) as tf.Tensor4D, 2, 'same'),
    ],
    [
      'input of one pixel',
      numbers([2, 3, 4, 2], 1),
      (x) => tf.conv2d(x as tf.Tensor4D, constant([1, 1, 2, 3]) as tf.Tensor4D, 1, 'same'),
    ],
    [
      'depthwise filter',
      numbers([3, 2, 2, 2], 1),
      (w) => tf.depthwiseConv2d(constant([2, 6, 5, 2]) as tf.Tensor4D, w as tf.Tensor4D, 2, 'same'),
    ],
    [
      'depthwise input',
      numbers([2, 6, 5, 2], 1),
      (x) => tf.depthwiseConv2d(x as tf.Tensor4D, constant([3, 2, 2, 2]) as tf.Tensor4D, 2, 'same'),
    ],
    [
      '3-D filter',
      numbers([2, 2, 2, 2, 2], 1),
      (w) => tf.conv3d(constant([1, 4, 3, 4, 2]) as tf.Tensor5D, w as tf.Tensor5D, [2, 1, 1], 'same'),
    ],
    [
      '3-D input',
      numbers([1, 4, 3, 4, 2], 1),
      (x) => tf.conv3d(x as tf.Tensor5D, constant([2, 2, 2, 2, 2]) as tf.Tensor5D, [2, 1, 1], 'same'),
    ],
    ['max pooling', distinct([2, 5, 5, 2]), (x) => tf.maxPool(x as tf.Tensor4D, 2, 1, 'same')],
    ['max pooling, windows apart', distinct([2, 7, 7, 1]), (x) => tf.maxPool(x as tf.Tensor4D, 2, 3, 'same')],
    ['3-D max pooling', distinct([1, 4, 4, 5, 2]), (x) => tf.maxPool3d(x as tf.Tensor5D, [2, 3, 2], 1, 'same')],
    [
      'resizing',
      numbers([2, 3, 4, 2], 1),
      (x) => tf.image.resizeNearestNeighbor(x as tf.Tensor4D, [5, 3], false, true),
    ],
    [
      'resizing one row by its corners',
      numbers([1, 1, 4, 2], 1),
      (x) => tf.image.resizeNearestNeighbor(x as tf.Tensor4D, [3, 6], true),
    ],
    ['gathering', numbers([5, 3], 1), (x) => tf.gather(x, tf.tensor2d([0, 4, 4, 1], [2, 2], 'int32'))],
  ])('the gradient agrees with finite differences: %s', async (_, at, f) => {
    await tf.setBackend('wasm');
    expect(difference(...gradients(f, at))).toBeLessThan(1e-3);
  });

  test('the dilated depthwise gradients agree with finite differences', async () => {
    await tf.setBackend('wasm');
    const [x, filter] = [numbers([1, 7, 6, 2], 1), numbers([3, 2, 2, 2], 2)];
    const attrs = { strides: [1, 1], dilations: [2, 3], pad: 'same' };
    const forward = (x: tf.Tensor, filter: tf.Tensor) =>
      tf.depthwiseConv2d(x as tf.Tensor4D, filter as tf.Tensor4D, 1, 'same', 'NHWC', [2, 3]);
    // tfjs-core refuses to differentiate dilated depthwise convolutions, so the gradient is given here.
    const dilated = tf.customGrad((x, filter, save) => {
      const inputs = [x, filter] as [tf.Tensor, tf.Tensor];
      (save as tf.GradSaveFunc)(inputs);
      const backward = (kernelName: string, tensors: tf.NamedTensorMap, shapes: object) =>
        runKernel(kernelName, tensors, { ...attrs, ...shapes });
      return {
        value: forward(...inputs),
        gradFunc: (dy: tf.Tensor, [x, filter]: tf.Tensor[]) => [
          backward('DepthwiseConv2dNativeBackpropInput', { dy, filter: filter as tf.Tensor }, { inputShape: x?.shape }),
          backward('DepthwiseConv2dNativeBackpropFilter', { x: x as tf.Tensor, dy }, { filterShape: filter?.shape }),
        ],
      };
    });
    expect(difference(...gradients((x) => dilated(x, tensorOf(filter)), x))).toBeLessThan(1e-3);
    expect(difference(...gradients((filter) => dilated(tensorOf(x), filter), filter))).toBeLessThan(1e-3);
  });

  test('keep no tensor, no buffer and nothing on the heap', async () => {
    await tf.setBackend('wasm');
    const at = [1, 1] as const;
    const [x, y, wide] = [numbers([2, 5, 5, 3], 1), numbers([2, 5, 5, 4], 2), numbers([2, 5, 5, 6], 3)];
    const [volume, volumeOut] = [numbers([1, 3, 3, 3, 2], 1), numbers([1, 3, 3, 3, 4], 2)];
    const picture = { strides: at, dilations: at, pad: 'same', dataFormat: 'NHWC', filterSize: [2, 2] };
    const cube = { strides: [1, 1, 1], pad: 'same', filterSize: [2, 2, 2] };
    const calls: readonly [name: string, inputs: Record<string, Numbers>, attrs: object][] = [
      ['Conv2DBackpropFilter', { x, dy: y }, { ...picture, filterShape: [3, 3, 3, 4] }],
      ['Conv2DBackpropFilter', { x, dy: y }, { ...picture, filterShape: [1, 1, 3, 4] }],
      ['Conv2DBackpropInput', { dy: y, filter: numbers([3, 3, 3, 4], 4) }, { ...picture, inputShape: x.shape }],
      ['Conv2DBackpropInput', { dy: y, filter: numbers([1, 1, 3, 4], 4) }, { ...picture, inputShape: x.shape }],
      ['DepthwiseConv2dNativeBackpropFilter', { x, dy: wide }, { ...picture, filterShape: [3, 3, 3, 2] }],
      [
        'DepthwiseConv2dNativeBackpropInput',
        { dy: wide, filter: numbers([3, 3, 3, 2], 4) },
        { ...picture, inputShape: x.shape },
      ],
      [
        'DepthwiseConv2dNativeBackpropInput',
        { dy: x, filter: numbers([3, 3, 3, 1], 4) },
        { ...picture, inputShape: x.shape },
      ],
      ['MaxPoolGrad', { input: x, dy: x, output: x }, picture],
      ['MaxPool3DGrad', { input: volume, dy: volume }, cube],
      ['MaxPool3D', { x: volume }, cube],
      ['Conv3DBackpropFilterV2', { x: volume, dy: volumeOut }, { ...cube, filterShape: [2, 2, 2, 2, 4] }],
      [
        'Conv3DBackpropInputV2',
        { dy: volumeOut, filter: numbers([2, 2, 2, 2, 4], 4) },
        { ...cube, inputShape: volume.shape },
      ],
      ['ResizeNearestNeighborGrad', { images: x, dy: numbers([2, 7, 3, 3], 4) }, { alignCorners: false }],
      ['UnsortedSegmentSum', { x, segmentIds: { shape: [2], values: Int32Array.of(1, 0) } }, { numSegments: 3 }],
    ];
    const held = () => {
      const { numTensors, numDataBuffers, numBytes } = tf.memory();
      return { numTensors, numDataBuffers, numBytes, dataIds: tf.backend().numDataIds() };
    };
    for (const [name, inputs, attrs] of calls) {
      const tensors = Object.fromEntries(Object.entries(inputs).map(([key, value]) => [key, tensorOf(value)]));
      const before = held();
      for (let i = 0; i < 3; i++) {
        const result = runKernel(name, tensors, attrs);
        expect({ name, ...held(), numBytes: 0 }).toEqual({
          name,
          numTensors: before.numTensors + 1,
          numDataBuffers: before.numDataBuffers + 1,
          dataIds: before.dataIds + 1,
          numBytes: 0,
        });
        result.dispose();
      }
      expect(held()).toEqual(before);
      tf.dispose(tensors);
    }
  });

  test('leave nothing behind in a gradient', async () => {
    await tf.setBackend('wasm');
    const step = () =>
      tf.tidy(() => {
        const convolve = (x: tf.Tensor, w: tf.Tensor) =>
          tf.sum(tf.square(tf.conv2d(x as tf.Tensor4D, w as tf.Tensor4D, 1, 'same')));
        tf.grads(convolve as (...inputs: tf.Tensor[]) => tf.Scalar)([constant([1, 5, 5, 2]), constant([3, 3, 2, 2])]);
      });
    step();
    const before = tf.memory();
    for (let i = 0; i < 5; i++) step();
    expect(tf.memory()).toMatchObject({ numTensors: before.numTensors, numDataBuffers: before.numDataBuffers });
  });

  test('refuse pictures that come channels first', async () => {
    await tf.setBackend('wasm');
    tf.tidy(() => {
      const inputs = { x: constant([1, 2, 4, 4]), dy: constant([1, 3, 4, 4]) };
      const attrs = { strides: 1, pad: 'same', dataFormat: 'NCHW', filterShape: [1, 1, 2, 3] };
      const call = () => runKernel('Conv2DBackpropFilter', inputs, attrs);
      expect(call).toThrow(/Conv2DBackpropFilter on wasm received pictures in NCHW/);
    });
  });

  // Eight pictures of 64 channels and 56 by 56 pixels do not fit the budget of taps: it goes in runs.
  test('agree with each other where taps go in runs', async () => {
    await tf.setBackend('wasm');
    tf.tidy(() => {
      const [x, filter, dy] = [constant([8, 56, 56, 64]), constant([3, 3, 64, 8]), constant([8, 56, 56, 8])];
      const product = (a: tf.Tensor, b: tf.Tensor) => tf.sum(tf.mul(a, b)).dataSync()[0] as number;
      const convolve = (x: tf.Tensor, w: tf.Tensor) => tf.conv2d(x as tf.Tensor4D, w as tf.Tensor4D, 1, 'same');
      const [dx, dw] = tf.grads(convolve as (...inputs: tf.Tensor[]) => tf.Tensor)([x, filter], dy) as [
        tf.Tensor,
        tf.Tensor,
      ];
      // Linear in each operand: all three are the inner product of dy and the output.
      const expected = product(convolve(x, filter), dy);
      expect(Math.abs(product(x, dx) / expected - 1)).toBeLessThan(1e-3);
      expect(Math.abs(product(filter, dw) / expected - 1)).toBeLessThan(1e-3);
    });
  });
});
