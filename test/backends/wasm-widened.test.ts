import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { beforeAll, expect, test } from 'vitest';
import { cpu } from '../../src/backends/cpu.ts';
import { type ConvolutionAttributes, sizesOf } from '../../src/backends/wasm/geometry.ts';
import { wasm } from '../../src/backends/wasm.ts';
import { useBackend } from '../../src/model/use-backend.ts';
import { difference, numbers, pictureWindows, run, runKernel, tensorOf } from './kernel-cases.ts';

beforeAll(async () => {
  await useBackend(cpu());
  await useBackend(wasm());
});

/** Channels of a projection; 0 for none. */
const outputs = fc.constantFrom(0, 1, 5, 17);

const read = (tensor: tf.Tensor) => ({ shape: tensor.shape, values: tensor.dataSync() as Float32Array });

/** Whether a depthwise convolution gives anything. */
const hasOutput = (input: readonly number[], taps: readonly number[], attrs: object) =>
  Math.min(...sizesOf(input, taps, attrs as ConvolutionAttributes, true).outShape) > 0;

/** Windows over few channels, and over so many that a picture takes several bands. */
const cases = fc.record({
  // Beside small windows of any form, those of networks: their loops are unrolled, over several pixels and rows.
  windows: fc
    .tuple(
      pictureWindows,
      fc.constantFrom(undefined, [3, 3] as const, [5, 5] as const, [7, 7] as const),
      fc.integer({ min: 1, max: 5 }),
    )
    .map(([windows, usual, batch]) => (usual ? { ...windows, filter: usual, batch } : windows)),
  wide: fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({ width: fc.integer({ min: 1, max: 9 }), channels: fc.integer({ min: 1, max: 20 }) }),
    },
    {
      weight: 1,
      arbitrary: fc.record({ width: fc.integer({ min: 9, max: 24 }), channels: fc.integer({ min: 300, max: 800 }) }),
    },
  ),
  height: fc.integer({ min: 1, max: 14 }),
  activations: fc.tuple(fc.constantFrom('linear', 'relu', 'relu6'), fc.constantFrom('linear', 'relu', 'relu6')),
  biases: fc.tuple(fc.boolean(), fc.boolean()),
  expands: fc.boolean(),
});

test('an expansion, a depthwise convolution and maybe a projection as one agree with them on cpu', async () => {
  const property = fc.asyncProperty(
    cases,
    outputs,
    async ({ windows, wide, height, activations, biases, expands }, outChannels) => {
      const { seed, batch, filter, padding } = windows;
      const inChannels = expands ? windows.channels : wide.channels;
      const isDilated = seed % 2 === 0;
      const [strides, dilations] = isDilated ? [[1, 1], windows.dilations] : [windows.strides, [1, 1]];
      const attrs = { strides, dilations, dataFormat: 'NHWC', dimRoundingMode: undefined, ...padding };
      const x = numbers([batch, height, wide.width, inChannels], seed);
      const expansion = numbers([1, 1, inChannels, wide.channels], seed + 1);
      const taps = numbers([...filter, wide.channels, 1], seed + 2);
      fc.pre(hasOutput([batch, height, wide.width, wide.channels], taps.shape, attrs));
      const row = (name: string, wanted: boolean, from: number) => wanted && { [name]: numbers([wide.channels], from) };
      const first = row('bias', expands && biases[0], seed + 3);
      const second = row('added', biases[1], seed + 4);
      const projection = outChannels > 0 && numbers([1, 1, wide.channels, outChannels], seed + 5);
      const third = projection && { last: numbers([outChannels], seed + 6) };
      const [expansionActivation, activation] = activations;
      const all = { ...attrs, expansionActivation, activation, projectionActivation: 'relu6' };
      const joined = { kernelName: 'WidenedDepthwiseConv2D', attrs: all };
      const filters = { filter: taps, ...(expands && { expansion }), ...(projection && { projection }) };
      const inputs = { x, ...filters, ...first, ...second, ...third };
      const actual = await run({ ...joined, inputs }, 'wasm');
      await tf.setBackend('cpu');
      const expected = tf.tidy(() => {
        const bias = (values: typeof first) => values && { bias: tensorOf(Object.values(values)[0] as never) };
        const pixels = { x: tensorOf(x), filter: tensorOf(expansion), ...bias(first) };
        const once = {
          strides: [1, 1],
          dilations: [1, 1],
          pad: 'valid',
          dataFormat: 'NHWC',
          activation: expansionActivation,
        };
        const between = expands ? runKernel('FusedConv2D', pixels, once) : pixels.x;
        const last = { x: between, filter: tensorOf(taps), ...bias(second) };
        const filtered = runKernel('FusedDepthwiseConv2D', last, { ...attrs, activation });
        if (!projection || !third) return read(filtered);
        const end = { x: filtered, filter: tensorOf(projection), bias: tensorOf(third.last) };
        return read(runKernel('FusedConv2D', end, { ...once, activation: 'relu6' }));
      });
      expect(difference(actual, expected)).toBeLessThan(1e-4);
    },
  );
  await fc.assert(property, { numRuns: 500, seed: 20 });
});

/** Numbers in the range of relu6, the bounds included. */
const bounded = (shape: readonly number[], seed: number) => {
  const { values } = numbers(shape, seed);
  return { shape, values: values.map((value) => Math.min(6, Math.max(0, 9 * value))) as Float32Array };
};

test('in training, they, maybe a projection after them, and their gradients agree with the kernels of each, 500 cases', async () => {
  const property = fc.asyncProperty(
    cases,
    fc.subarray(['x', 'expansion', 'filter', 'projection'] as const, { minLength: 1 }),
    fc.constantFrom(undefined, 'relu', 'relu6'),
    outputs,
    async ({ windows, wide, height, activations, biases, expands }, some, before, outChannels) => {
      const { seed, batch, filter, padding } = windows;
      const inChannels = expands ? windows.channels : wide.channels;
      const isDilated = seed % 2 === 0;
      const [strides, dilations] = isDilated ? [[1, 1], windows.dilations] : [windows.strides, [1, 1]];
      const attrs = { strides, dilations, dataFormat: 'NHWC', dimRoundingMode: undefined, ...padding };
      const once = { strides: [1, 1], dilations: [1, 1], pad: 'valid', dataFormat: 'NHWC' };
      const [expansionActivation, activation] = activations;
      await tf.setBackend('wasm');
      tf.tidy(() => {
        const make = (shape: readonly number[], from: number) => tensorOf(numbers(shape, seed + from));
        const x = tensorOf(bounded([batch, height, wide.width, inChannels], seed));
        const [expansion, taps] = [make([1, 1, inChannels, wide.channels], 1), make([...filter, wide.channels, 1], 2)];
        const [bias, added] = biases.map((has, i) => has && make([wide.channels], 3 + i));
        const first = { x, filter: expansion, ...(bias && { bias }) };
        const between = expands ? runKernel('FusedConv2D', first, { ...once, activation: expansionActivation }) : x;
        if (!hasOutput(between.shape, taps.shape, attrs)) return;
        const last = { x: between, filter: taps, ...(added && { bias: added }) };
        const result = runKernel('FusedDepthwiseConv2D', last, { ...attrs, activation });
        const projection = outChannels > 0 && make([1, 1, wide.channels, outChannels], 6);
        const present = { x: true, expansion: expands, filter: true, projection };
        const wanted = some.filter((name) => present[name]);
        const narrow = projection && { x: result, filter: projection, bias: make([outChannels], 7) };
        const end = narrow ? runKernel('FusedConv2D', narrow, { ...once, activation: 'relu6' }) : result;
        const rows = { ...(bias && { bias }), ...(added && { added }), ...(narrow && { last: narrow.bias }) };
        const filters = { filter: taps, ...(expands && { expansion }), ...(projection && { projection }) };
        const inputs = { x, ...filters, ...rows };
        const both = { ...attrs, expansionActivation, activation, projectionActivation: 'relu6' };
        const bits = (tensor: tf.Tensor) => Buffer.from(tensor.dataSync().slice().buffer);
        const kept = runKernel('WidenedDepthwiseConv2DKeeping', inputs, both) as unknown as tf.Tensor[];
        const plain = [end, ...(expands ? [between] : []), ...(projection ? [result] : [])];
        expect(plain.map((tensor, i) => bits(tensor).equals(bits(kept[i] as tf.Tensor)))).toEqual(
          plain.map(() => true),
        );

        const dy = make(end.shape, 5);
        const active = (name: string | undefined) => name !== undefined && name !== 'linear' && { activation: name };
        const [above, ofProjection] = projection
          ? (runKernel(
              'Conv2DBackprop',
              { x: result, dy, filter: projection },
              { ...once, inputShape: result.shape, filterShape: projection.shape, ...active(activation) },
            ) as unknown as [tf.Tensor, tf.Tensor])
          : [dy, dy];
        const [slope, ofTaps] = runKernel(
          'DepthwiseConv2dNativeBackprop',
          { x: between, dy: above, filter: taps },
          {
            ...attrs,
            inputShape: between.shape,
            filterShape: taps.shape,
            ...active(expands ? expansionActivation : before),
          },
        ) as unknown as [tf.Tensor, tf.Tensor];
        const [ofInput, ofExpansion] = expands
          ? (runKernel(
              'Conv2DBackprop',
              { x, dy: slope, filter: expansion },
              { ...once, inputShape: x.shape, filterShape: expansion.shape, ...active(before) },
            ) as unknown as [tf.Tensor, tf.Tensor])
          : [slope, slope];
        const gradients = runKernel(
          'WidenedDepthwiseConv2DBackprop',
          { x, ...filters, dy, ...(expands && { between }), ...(projection && { filtered: result }) },
          { ...both, wanted, ...(before && { before }) },
        ) as unknown as tf.Tensor[];
        const expected = { x: ofInput, expansion: ofExpansion, filter: ofTaps, projection: ofProjection };
        expect(gradients).toHaveLength(wanted.length);
        for (const [i, name] of wanted.entries()) {
          expect(difference(read(gradients[i] as tf.Tensor), read(expected[name]))).toBeLessThan(1e-4);
        }
      });
    },
  );
  await fc.assert(property, { numRuns: 500, seed: 21 });
});
