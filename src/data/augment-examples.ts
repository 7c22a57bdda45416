import * as tf from '@tensorflow/tfjs-core';
import type { Examples } from '../core/data.ts';
import { TransferError } from '../core/errors.ts';
import { kindOf } from '../core/kind-of.ts';
import { randomStream } from '../core/random.ts';
import { assertSettings, textOf } from '../core/settings.ts';
import { shapeText } from '../model/dense.ts';
import type { Pixels } from '../model/pixels.ts';
import type { Augmentation } from './augmentation.ts';
import { withFingerprint } from './fingerprint.ts';

/** Settings of {@link augmentExamples}. */
export interface AugmentSettings {
  /** The seed of the changes; 0, the default, is one like any other. */
  readonly seed?: number;
}

/**
 * Gives examples random views: of pictures with values from 0 to 255, changed by augmentations. A view depends on the
 * seed, the example and the view's number alone; the plain example can still be read.
 *
 * @param examples The examples; those returned read from them.
 * @param augmentations One augmentation, or several in their order. All picture inputs of an example change alike.
 * @param settings The seed.
 * @returns The examples with views. Reading throws `INVALID_DATA` where the model has no picture input.
 * @throws TransferError `INVALID_ARGUMENT` where something is no augmentation.
 *
 * @example
 * ```ts
 * import * as tf from '@tensorflow/tfjs-core';
 * import { augmentExamples, flip, fromTensors } from 'tfjs-transfer/data';
 *
 * const examples = await fromTensors(tf.zeros([2, 32, 32, 3]), [0, 1]);
 * console.log(augmentExamples(examples, flip(), { seed: 7 }).augmented); // true
 * ```
 */
export function augmentExamples(
  examples: Examples,
  augmentations: Augmentation | readonly Augmentation[],
  settings: AugmentSettings = {},
): Examples {
  assertSettings('augmentExamples', settings, { seed: 7 });
  const { seed = 0 } = settings;
  const list = [augmentations].flat() as readonly Augmentation[];
  const bad = list.findIndex((augmentation) => kindOf(augmentation) !== 'augmentation');
  if (bad >= 0) {
    throw new TransferError(
      'INVALID_ARGUMENT',
      `augmentExamples received ${textOf(list[bad])}. Pass an augmentation as a value: flip(), crop(), rotate(), colour() or an array of them.`,
    );
  }
  if (list.length === 0) return examples;
  const augmented: Examples = {
    ...examples,
    augmented: true,
    async read(indices, request) {
      const { view, ...plain } = request;
      const tensors = await examples.read(indices, plain);
      if (view === undefined) return tensors;
      try {
        if (!tensors.some(isPictures)) {
          throw new TransferError(
            'INVALID_DATA',
            `${list.map(({ name }) => name).join(', ')}: an augmentation changes pictures, [height, width, 1 or 3], and the ` +
              `inputs are ${tensors.map(({ shape }) => shapeText(shape.slice(1))).join(' and ')}. Leave it out.`,
          );
        }
        const keys = indices.map((index) => examples.describe(index));
        const views: tf.Tensor[] = [];
        for (const tensor of tensors) {
          views.push(
            isPictures(tensor)
              ? await changed(tensor, list, (row) => randomStream(seed, 'augment', keys[row] as string, view))
              : tf.clone(tensor),
          );
        }
        return views;
      } finally {
        tf.dispose([...tensors]);
      }
    },
  };
  return withFingerprint(augmented, async () => {
    const plain = await examples.fingerprint?.();
    const names = Array.from({ length: examples.size }, (_, index) => examples.describe(index));
    // An augmentation is known by its settings and its code.
    return plain && [plain, seed, names, list.map((one) => [one, String(one.apply)])];
  });
}

const isPictures = ({ shape }: tf.Tensor) => shape.length === 4 && (shape[3] === 1 || shape[3] === 3);

async function changed(
  tensor: tf.Tensor,
  augmentations: readonly Augmentation[],
  streamOf: (row: number) => () => number,
): Promise<tf.Tensor> {
  const [count, height, width, channels] = tensor.shape as [number, number, number, 1 | 3];
  const values = Float32Array.from(await tensor.data());
  const rowSize = height * width * channels;
  for (let row = 0; row < count; row++) {
    const random = streamOf(row);
    const data = Uint8ClampedArray.from(values.subarray(row * rowSize, (row + 1) * rowSize));
    const picture = augmentations.reduce<Pixels>((before, { apply }) => apply(before, random), {
      data,
      width,
      height,
      channels,
    });
    values.set(picture.data, row * rowSize);
  }
  return tf.tensor(values, tensor.shape, tensor.dtype as 'float32');
}
