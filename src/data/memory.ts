import * as tf from '@tensorflow/tfjs-core';
import type { Examples } from '../core/data.ts';
import { TransferError } from '../core/errors.ts';
import type { Target } from '../core/outcome.ts';
import { type Dense, fitsShape, shapeText } from '../model/dense.ts';
import { sha256 } from '../model/sha256.ts';
import { withFingerprint } from './fingerprint.ts';

/**
 * Makes examples of values in memory. They hold no tensor, so nothing has to be freed and any backend can read them.
 *
 * @param inputs For each input the values of all examples; their number is the first axis of the shape.
 * @param targets The target of each example.
 * @param caller What the user called, for messages.
 * @throws TransferError `INVALID_DATA`.
 */
export function inMemory(inputs: readonly Dense[], targets: readonly Target[], caller: string): Examples {
  const size = targets.length;
  for (const [index, { shape }] of inputs.entries()) {
    if (shape[0] === size) continue;
    throw new TransferError(
      'INVALID_DATA',
      `${caller}: input ${index + 1} of ${inputs.length} has ${shape[0] ?? 'no'} examples (shape ${shapeText(shape)}), and ` +
        `there are ${size} targets. Pass one target for each example; examples are counted along the first axis.`,
    );
  }
  if (size === 0 || inputs.length === 0) {
    throw new TransferError('INVALID_DATA', `${caller}: there are no examples. Pass at least one.`);
  }
  const examples: Examples = {
    kind: 'examples',
    size,
    targets: [...targets],
    augmented: false,
    describe: (index) => `example ${index}`,
    async read(indices, request) {
      if (request.inputs.length !== inputs.length) {
        throw new TransferError(
          'INVALID_DATA',
          `${caller}: the examples have ${inputs.length} inputs and the model has ${request.inputs.length}. Pass one for each.`,
        );
      }
      const batches = inputs.map((input, index) => {
        const { shape: wanted, dtype } = request.inputs[index] as (typeof request.inputs)[number];
        const shape = input.shape.slice(1);
        if (!fitsShape(shape, wanted)) {
          throw new TransferError(
            'INVALID_DATA',
            `${caller}: an example has the shape ${shapeText(shape)} and input ${index + 1} of the model reads ` +
              `${shapeText(wanted)}. Resize pictures (tf.image.resizeBilinear) or pad sequences before passing them.`,
          );
        }
        return { values: gather(input, indices, dtype), shape: [indices.length, ...shape], dtype };
      });
      return batches.map(({ values, shape, dtype }) => tf.tensor(values, shape, dtype));
    },
  };
  return withFingerprint(examples, async () => {
    const hashes = await Promise.all(inputs.map(({ values }) => sha256(values as Float32Array<ArrayBuffer>)));
    return inputs.map(({ shape, values }, index) => [shape, values.constructor.name, hashes[index]]);
  });
}

function gather({ values, shape }: Dense, indices: readonly number[], dtype: 'float32' | 'int32') {
  const rowSize = tf.util.sizeFromShape(shape.slice(1));
  const Kind = dtype === 'int32' ? Int32Array : Float32Array;
  const first = indices[0] ?? 0;
  // Nothing writes into what it reads: rows in order need no copy.
  if (values instanceof Kind && indices.every((row, index) => row === first + index)) {
    return values.subarray(first * rowSize, (first + indices.length) * rowSize);
  }
  const batch = new Kind(indices.length * rowSize);
  indices.forEach((row, index) => {
    batch.set(values.subarray(row * rowSize, (row + 1) * rowSize), index * rowSize);
  });
  return batch;
}

/**
 * Copies a tensor out of its backend.
 *
 * @param tensor The tensor; it is not disposed.
 */
export async function downloaded(tensor: tf.Tensor): Promise<Dense> {
  const values = await tensor.data();
  return {
    values: tensor.dtype === 'int32' ? new Int32Array(values) : new Float32Array(values),
    shape: tensor.shape,
  };
}
