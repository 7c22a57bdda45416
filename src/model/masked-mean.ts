import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { maskedMean } from './encoder/operations.ts';
import type { Layer } from './tfjs-internals.ts';
import { tidy } from './tidy.ts';

/** What a saved model calls the layer. */
export const maskedMeanName = 'MaskedMean';

let known: MaskedMeanClass | undefined;

type MaskedMeanClass = new (config: { readonly name: string }) => tfl.layers.Layer;

/**
 * The class of a layer that takes the mean of a sequence, `[batch, length, width]`, over what its mask lets through; the
 * GlobalAveragePooling1D of tfjs takes padding along. tfjs knows the class from the first call on.
 */
export function maskedMeanClass(): MaskedMeanClass {
  if (known) return known;
  known = class extends tfl.layers.Layer {
    static className = maskedMeanName;
    override supportsMasking = true;

    override call(inputs: tf.Tensor | tf.Tensor[], { mask }: { readonly mask?: tf.Tensor | tf.Tensor[] }): tf.Tensor {
      const [[x], [given]] = [[inputs].flat(), [mask].flat()];
      return tidy(() => (given ? maskedMean(x as tf.Tensor, given) : tf.mean(x as tf.Tensor, 1)));
    }

    override computeMask(): tf.Tensor {
      return null as never;
    }

    override computeOutputShape([batch, , width]: tfl.Shape): tfl.Shape {
      return [batch as number | null, width as number | null];
    }
  };
  tf.serialization.registerClass(known as never);
  return known;
}

/** Whether a layer marks padding. */
export const makesMask = (layer: Layer): boolean =>
  layer.getClassName() === 'Masking' || layer.getConfig().maskZero === true;
