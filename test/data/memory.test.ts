import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import type { Examples, InputSpecification } from 'tfjs-transfer';
import { collect, fromArrays, fromTensors } from 'tfjs-transfer/data';
import { afterEach, beforeEach, expect, test } from 'vitest';

const input = (shape: (number | null)[], dtype: 'float32' | 'int32' = 'float32'): InputSpecification => ({
  shape,
  dtype,
  scale: 1,
  offset: 0,
});

/** The values of some examples, with nothing left behind. */
async function rows(examples: Examples, indices: number[], ...inputs: InputSpecification[]) {
  const tensors = await examples.read(indices, { inputs });
  const values = await Promise.all(tensors.map((tensor) => tensor.array()));
  tf.dispose([...tensors]);
  return values;
}

let before = 0;
beforeEach(async () => {
  await tf.setBackend('cpu');
  before = tf.memory().numTensors;
});
afterEach(() => expect(tf.memory().numTensors).toBe(before));

test('tensors can be disposed once examples are made of them', async () => {
  const tensor = tf.tensor2d([1, 2, 3, 4, 5, 6], [3, 2]);
  const targets = tf.tensor1d([2, 0, 1], 'int32');
  const examples = await fromTensors(tensor, targets);
  tf.dispose([tensor, targets]);
  expect(examples).toMatchObject({ kind: 'examples', size: 3, targets: [2, 0, 1], augmented: false });
  expect(await rows(examples, [2, 0, 2], input([2]))).toEqual([
    [
      [5, 6],
      [1, 2],
      [5, 6],
    ],
  ]);
});

test('targets of several numbers come from a tensor of rank 2, several inputs from several tensors', async () => {
  const tensors = [
    tf.tensor2d([[1], [2]]),
    tf.tensor2d(
      [
        [7, 8],
        [9, 1],
      ],
      [2, 2],
      'int32',
    ),
    tf.tensor2d([
      [0, 1],
      [1, 0],
    ]),
  ];
  const [first, second, targets] = tensors as [tf.Tensor, tf.Tensor, tf.Tensor];
  const examples = await fromTensors([first, second], targets);
  tf.dispose(tensors);
  expect(examples.targets).toEqual([
    [0, 1],
    [1, 0],
  ]);
  expect(await rows(examples, [1], input([1]), input([null], 'int32'))).toEqual([[[2]], [[9, 1]]]);
});

test('values take the type of the input that reads them', async () => {
  const tokens = fromArrays(
    [
      [4, 2],
      [7, 0],
    ],
    [0, 1],
  );
  const [tensor] = await tokens.read([1], { inputs: [input([2], 'int32')] });
  expect([tensor?.dtype, [...(tensor?.dataSync() ?? [])]]).toEqual(['int32', [7, 0]]);
  tensor?.dispose();
});

test('arrays nest, hold typed rows, or come in one row with their shape', async () => {
  const expected = [[[3, 4]]];
  const given = [
    fromArrays(
      [
        [1, 2],
        [3, 4],
      ],
      [0, 1],
    ),
    fromArrays([Float32Array.of(1, 2), Float32Array.of(3, 4)], [0, 1]),
    fromArrays({ values: Uint8Array.of(1, 2, 3, 4), shape: [2, 2] }, [0, 1]),
  ];
  for (const examples of given) expect(await rows(examples, [1], input([2]))).toEqual(expected);
  const two = fromArrays(
    [
      { values: [1, 2], shape: [2, 1] },
      { values: [3, 4], shape: [2, 1] },
    ],
    [[0.5], [1.5]],
  );
  expect(await rows(two, [0, 1], input([1]), input([1]))).toEqual([
    [[1], [2]],
    [[3], [4]],
  ]);
});

test('later changes of the arrays do not reach the examples', async () => {
  // The cpu backend keeps the array that a tensor is made of, and gives it back.
  const shared = Float32Array.of(3, 4);
  const tensor = tf.tensor2d(shared, [2, 1]);
  const copied = await fromTensors(tensor, [0, 1]);
  tensor.dispose();
  shared.fill(9);
  expect(await rows(copied, [0, 1], input([1]))).toEqual([[[3], [4]]]);
  const values = Float32Array.of(1, 2);
  const targets = [0, 1];
  const examples = fromArrays({ values, shape: [2, 1] }, targets);
  values.fill(9);
  targets.fill(9);
  expect(examples.targets).toEqual([0, 1]);
  expect(await rows(examples, [0, 1], input([1]))).toEqual([[[1], [2]]]);
});

test('a stream is read to its end, each tensor before the next example', async () => {
  async function* frames() {
    for (let target = 0; target < 3; target++) {
      const tensor = tf.fill([2], target, 'int32');
      yield { input: tensor, target };
      tensor.dispose();
    }
  }
  const examples = await collect(frames());
  expect(examples.targets).toEqual([0, 1, 2]);
  expect(await rows(examples, [2, 1], input([2]))).toEqual([
    [
      [2, 2],
      [1, 1],
    ],
  ]);
  const plain = await collect([{ input: [[1, 2]], target: [0.5] }]);
  expect(await rows(plain, [0], input([1, 2]))).toEqual([[[[1, 2]]]]);
});

test.each<[string, () => unknown, RegExp]>([
  ['another number of targets', () => fromArrays([[1], [2]], [0]), /2 examples .*1 targets/],
  ['no examples', () => fromArrays([], []), /there are no examples/],
  [
    'rows of different length',
    () => fromArrays([[1, 2], [3]], [0, 1]),
    /inputs\[1\] is an array of 1; expected an array of 2/,
  ],
  ['something that is no number', () => fromArrays([[1, 'a' as unknown as number]], [0]), /inputs\[0\]\[1\] is string/],
  [
    'values that do not fill the shape',
    () => fromArrays({ values: [1, 2, 3], shape: [2, 2] }, [0, 1]),
    /3 values .*takes 4/,
  ],
  ['a typed array without shape', () => fromArrays(Float32Array.of(1) as never, [0]), /needs its shape/],
  ['no tensors', () => fromTensors([[1]] as never, [0]), /For plain arrays use fromArrays/],
  [
    'a stream of two shapes',
    () =>
      collect([
        { input: [1], target: 0 },
        { input: [1, 2], target: 1 },
      ]),
    /example 1 .*\[2\] .*\[1\]/,
  ],
  ['an empty stream', () => collect([]), /there are no examples/],
  ['another shape than the model', () => rows(fromArrays([[1, 2]], [0]), [0], input([4])), /shape \[2\] .*reads \[4\]/],
  [
    'another number of inputs',
    () => rows(fromArrays([[1]], [0]), [0], input([1]), input([1])),
    /1 inputs and the model has 2/,
  ],
])('refuses %s', async (_name, make, message) => {
  const error = await (async () => make())().catch((error: unknown) => error);
  expect(error).toMatchObject({ name: 'TransferError', code: 'INVALID_DATA', message: expect.stringMatching(message) });
});

test('rows in order are read where they lie, others are gathered, and both are right', async () => {
  const values = Float32Array.from({ length: 12 }, (_, index) => index);
  const examples = fromArrays({ values, shape: [4, 3] }, [0, 1, 0, 1]);
  expect(await rows(examples, [1, 2], input([3]))).toEqual([
    [
      [3, 4, 5],
      [6, 7, 8],
    ],
  ]);
  expect(await rows(examples, [2, 1], input([3]))).toEqual([
    [
      [6, 7, 8],
      [3, 4, 5],
    ],
  ]);
  // The backend in JavaScript computes on the numbers that it is given, so what it holds shows whether there was a copy.
  const read = await Promise.all(
    [
      [2, 3],
      [0, 1],
      [3, 2],
    ].map((of) => examples.read(of, { inputs: [input([3])] })),
  );
  const [last, first, gathered] = read.map(([tensor]) => tensor?.dataSync().buffer);
  expect(last).toBe(first);
  expect(gathered).not.toBe(first);
  tf.dispose(read.flat());
});
