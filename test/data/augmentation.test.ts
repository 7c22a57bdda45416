import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import {
  type Augmentation,
  augmentExamples,
  colour,
  crop,
  flip,
  fromTensors,
  type Pixels,
  rotate,
} from 'tfjs-transfer/data';
import { expect, test } from 'vitest';
import { randomStream } from '../../src/core/random.ts';

const picture = (width: number, height: number, channels: 1 | 3, seed = 1): Pixels => {
  const random = randomStream(seed);
  return {
    data: Uint8Array.from({ length: width * height * channels }, () => random() * 256),
    width,
    height,
    channels,
  };
};
const sequence =
  (...numbers: number[]) =>
  () =>
    numbers.shift() as number;

test.each<[string, Augmentation]>([
  ['flip', flip()],
  ['crop', crop()],
  ['colour', colour()],
  ['rotate', rotate()],
  ['rotate', rotate({ degrees: 180 })],
])(
  '%s leaves its input alone, keeps size and channels, and depends on the random numbers alone',
  (name, augmentation) => {
    expect(augmentation).toMatchObject({ kind: 'augmentation', name });
    const size = fc.integer({ min: 1, max: 9 });
    const check = (width: number, height: number, channels: 1 | 3, seed: number) => {
      const given = picture(width, height, channels, seed);
      const bytes = [...given.data];
      const changed = augmentation.apply(given, randomStream(seed));
      const again = augmentation.apply(given, randomStream(seed));
      expect([...given.data]).toEqual(bytes);
      expect(changed.data).not.toBe(given.data);
      expect({ ...changed, data: changed.data.length }).toEqual({ ...given, data: bytes.length });
      expect([...changed.data]).toEqual([...again.data]);
    };
    fc.assert(fc.property(size, size, fc.constantFrom(1 as const, 3 as const), fc.integer(), check), { seed: 1 });
  },
);

test('flip mirrors left to right, with a chance of one half', () => {
  const rows = {
    data: Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12),
    width: 2,
    height: 2,
    channels: 3,
  } as const;
  expect([...flip().apply(rows, () => 0.5).data]).toEqual([4, 5, 6, 1, 2, 3, 10, 11, 12, 7, 8, 9]);
  expect([...flip().apply(rows, () => 0.49).data]).toEqual([...rows.data]);
});

test('crop takes the part that the numbers name', () => {
  const ramp = {
    data: Uint8Array.from({ length: 16 }, (_, at) => (at % 4) * 40),
    width: 4,
    height: 4,
    channels: 1,
  } as const;
  expect([...crop({ scale: [1, 1] }).apply(ramp, () => 0.3).data]).toEqual([...ramp.data]);
  // A quarter of the area, at the right edge: columns 2 and 3, at their centres and between.
  const half = crop({ scale: [0.25, 0.25] }).apply(ramp, sequence(0, 1, 0));
  expect([...half.data.subarray(0, 4)]).toEqual([70, 90, 110, 120]);
});

test('rotate turns about the centre, counterclockwise by positive angles', () => {
  const square = { ...picture(4, 4, 3), width: 4, height: 4 };
  const pixel = ({ data }: Pixels, x: number, y: number) => [...data.subarray((4 * y + x) * 3, (4 * y + x) * 3 + 3)];
  const [left, right, none] = [1, 0, 0.5].map((number) => rotate({ degrees: 90 }).apply(square, () => number));
  const half = rotate({ degrees: 180 }).apply(square, () => 1);
  for (let y = 0; y < 4; y++) {
    for (let x = 0; x < 4; x++) {
      // What was at the upper right is at the upper left.
      expect(pixel(left as Pixels, y, 3 - x)).toEqual(pixel(square, x, y));
      expect(pixel(right as Pixels, 3 - y, x)).toEqual(pixel(square, x, y));
      expect(pixel(half, 3 - x, 3 - y)).toEqual(pixel(square, x, y));
      expect(pixel(none as Pixels, x, y)).toEqual(pixel(square, x, y));
    }
  }
});

test('rotate repeats the edge: a quarter turn of a 3 x 1 picture', () => {
  const row = { data: Uint8Array.of(10, 20, 30), width: 3, height: 1, channels: 1 } as const;
  // Left and right of the centre lie above and below it, outside of the picture, on the column of the centre.
  expect([...rotate({ degrees: 90 }).apply(row, () => 1).data]).toEqual([20, 20, 20]);
  // By 60 degrees, half as far from the centre.
  expect([...rotate({ degrees: 60 }).apply(row, () => 1).data]).toEqual([15, 20, 25]);
});

test('rotate interpolates: a plane stays the plane that it is, turned', () => {
  const size = 9;
  const plane = (x: number, y: number) => 120 + 8 * (x - 4) + 3 * (y - 4);
  const given: Pixels = {
    data: Uint8Array.from({ length: size * size }, (_, at) => plane(at % size, Math.floor(at / size))),
    width: size,
    height: size,
    channels: 1,
  };
  for (const degrees of [10, 30, 45, 77]) {
    for (const number of [0, 0.25, 0.9, 1]) {
      const { data } = rotate({ degrees }).apply(given, () => number);
      const angle = (degrees * (2 * number - 1) * Math.PI) / 180;
      for (let at = 0; at < size * size; at++) {
        const [x, y] = [(at % size) - 4, Math.floor(at / size) - 4];
        // Corners come from outside.
        if (Math.hypot(x, y) > 4) continue;
        const expected = plane(
          4 + Math.cos(angle) * x - Math.sin(angle) * y,
          4 + Math.sin(angle) * x + Math.cos(angle) * y,
        );
        expect(Math.abs((data[at] as number) - expected)).toBeLessThanOrEqual(0.5 + 1e-9);
      }
    }
  }
});

test('colour multiplies, stretches from the mean and saturates', () => {
  const pixels = { data: Uint8Array.of(100, 100, 100, 200, 200, 200), width: 2, height: 1, channels: 3 } as const;
  const values = (settings: Parameters<typeof colour>[0], ...random: number[]) => [
    ...colour(settings).apply(pixels, sequence(...random)).data,
  ];
  expect(values({ brightness: 0.5 }, 1, 0.5, 0.5)).toEqual([150, 150, 150, 255, 255, 255]);
  expect(values({ contrast: 1 }, 0.5, 0, 0.5)).toEqual([150, 150, 150, 150, 150, 150]);
  expect(values({ brightness: 0, contrast: 0, saturation: 0 }, 0, 1, 0)).toEqual([...pixels.data]);
  const red = { ...pixels, data: Uint8Array.of(200, 0, 0, 200, 0, 0) };
  const grey = colour({ saturation: 1 }).apply(red, sequence(0.5, 0.5, 0)).data;
  expect([...grey]).toEqual([60, 60, 60, 60, 60, 60]);
  const pair = { ...pixels, data: Uint8Array.of(200, 0, 0, 0, 0, 0) };
  // Mean 29.9; half the contrast leaves 29.9 + (59.8 - 29.9) / 2 and 29.9 / 2.
  const flat = colour({ brightness: 0, contrast: 0.5, saturation: 1 }).apply(pair, sequence(0.5, 0, 0)).data;
  expect([...flat]).toEqual([45, 45, 45, 15, 15, 15]);
});

test('settings out of range are refused', () => {
  const refused = expect.objectContaining({ code: 'INVALID_ARGUMENT' });
  for (const make of [
    () => crop({ scale: [0, 1] }),
    () => crop({ scale: [0.8, 0.7] }),
    () => colour({ contrast: 2 }),
    () => rotate({ degrees: -1 }),
    () => rotate({ degrees: 181 }),
  ]) {
    expect(make).toThrow(refused);
  }
});

const specification = (shape: number[]) => ({ shape, dtype: 'float32', scale: 1, offset: 0 }) as const;

async function views(seed: number | undefined, view: number | undefined, indices = [0, 1, 2]) {
  const tensor = tf.tensor(Float32Array.from(picture(6, 18, 3).data), [3, 6, 6, 3]);
  const plain = await fromTensors(tensor, [0, 1, 2]);
  tensor.dispose();
  const examples = augmentExamples(plain, [crop(), flip(), colour()], seed === undefined ? {} : { seed });
  const request = { inputs: [specification([6, 6, 3])], ...(view !== undefined && { view }) };
  const [batch] = await examples.read(indices, request);
  const values = [...((await batch?.data()) ?? [])];
  batch?.dispose();
  return values;
}

test('a view depends on seed, example and view alone; the plain example is untouched', async () => {
  const before = tf.memory().numTensors;
  const plain = await views(0, undefined);
  expect(plain).toEqual([...picture(6, 18, 3).data]);
  expect(await views(0, 0)).not.toEqual(plain);
  expect(await views(0, 0)).toEqual(await views(undefined, 0));
  expect(await views(0, 0)).not.toEqual(await views(1, 0));
  expect(await views(0, 0)).not.toEqual(await views(0, 1));
  expect(await views(0, 3, [2])).toEqual((await views(0, 3)).slice(2 * 108));
  expect(tf.memory().numTensors).toBe(before);
});

test('inputs that are no pictures stay as they are; a model without pictures is refused', async () => {
  const before = tf.memory().numTensors;
  const tensors = [tf.tensor(Float32Array.of(1, 2), [1, 1, 2, 1]), tf.tensor2d([[5, 6]])];
  const both = augmentExamples(await fromTensors(tensors, [0]), {
    ...flip(),
    apply: (given) => ({ ...given, data: Uint8Array.of(7, 8) }),
  });
  const alone = augmentExamples(await fromTensors(tensors[1] as tf.Tensor, [0]), flip());
  tf.dispose(tensors);
  const read = await both.read([0], { inputs: [specification([1, 2, 1]), specification([2])], view: 0 });
  expect(read.map((tensor) => [...tensor.dataSync()])).toEqual([
    [7, 8],
    [5, 6],
  ]);
  tf.dispose([...read]);
  await expect(alone.read([0], { inputs: [specification([2])], view: 0 })).rejects.toMatchObject({
    code: 'INVALID_DATA',
  });
  expect(() => augmentExamples(both, ['flip' as never])).toThrow(/received "flip"/);
  expect(augmentExamples(both, [])).toBe(both);
  expect(tf.memory().numTensors).toBe(before);
});
