import * as tf from '@tensorflow/tfjs-core';
import type { Examples } from '../core/data.ts';
import { TransferError } from '../core/errors.ts';
import type { Target } from '../core/outcome.ts';
import { shapeText } from '../model/dense.ts';
import { pictureSize } from '../model/picture.ts';
import type { PixelSize, Pixels } from '../model/pixels.ts';
import { readsTokens } from '../model/reads-tokens.ts';
import { withFingerprint } from './fingerprint.ts';
import { mapConcurrently } from './map-concurrently.ts';

/**
 * Makes examples of pictures that are decoded each time they are read, at the size that the model asks for, four at a
 * time.
 *
 * @param pictures What each picture is called in messages, and what it shows.
 * @param decode Gives the pixels of a picture.
 * @param identify What identifies a picture, cheaply: its size and date; undefined where nothing does.
 */
export function pictureExamples(
  pictures: readonly { readonly name: string; readonly target: Target }[],
  decode: (index: number, size: PixelSize) => Promise<Pixels>,
  identify: (index: number) => unknown,
): Examples {
  const examples: Examples = {
    kind: 'examples',
    size: pictures.length,
    targets: pictures.map(({ target }) => target),
    augmented: false,
    describe: (index) => pictures[index]?.name ?? `example ${index}`,
    async read(indices, { inputs, signal }) {
      const [specification] = inputs;
      const size = specification && pictureSize(specification);
      if (!size || inputs.length !== 1 || size.width === null || size.height === null) {
        throw new TransferError(
          'INVALID_DATA',
          readsTokens(inputs)
            ? 'The model reads text (its base is an encoder), and these are pictures. Pass textExamples of tfjs-transfer/text, or use a base for pictures.'
            : `The model reads ${inputs.map(({ shape }) => shapeText(shape)).join(' and ')}; pictures fit one input ` +
                '[height, width, 3 or 1] of a fixed size. Use a base for pictures, or examples of tfjs-transfer/data.',
        );
      }
      const { width, height, channels } = size;
      const rowSize = width * height * channels;
      const batch = new Float32Array(indices.length * rowSize);
      await mapConcurrently(
        indices,
        4,
        async (index, row) => {
          batch.set((await decode(index, size)).data, row * rowSize);
        },
        signal,
      );
      return [tf.tensor(batch, [indices.length, height, width, channels], specification.dtype)];
    },
  };
  return withFingerprint(examples, async () => {
    const known = await mapConcurrently([...pictures.keys()], 16, async (index) => identify(index));
    return known.includes(undefined) ? undefined : known.map((one, index) => [pictures[index]?.name, one]);
  });
}
