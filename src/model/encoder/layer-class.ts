import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { tidy } from '../tidy.ts';

/** What a layer is made with, as it stands in a saved model. */
export type LayerSettings = Readonly<Record<string, number | string | null>>;

/** A shape with the batch; null stands for any length. */
export type Shape = (number | null)[];

/** A layer of an encoder: what it holds, and what it computes, a pure function. */
export interface LayerKind {
  /** What a saved model calls it. */
  readonly className: string;
  /** The shape of each weight. */
  weights(settings: LayerSettings): Readonly<Record<string, readonly number[]>>;
  outputShape(inputs: readonly Shape[], settings: LayerSettings): Shape;
  /** `drop` is the dropout that training has and inference has not: it returns what it is given there. */
  compute(
    inputs: readonly tf.Tensor[],
    weight: (name: string) => tf.Tensor,
    settings: LayerSettings,
    drop: Drop,
  ): tf.Tensor;
}

/** Drops a share of numbers, each with the probability `rate`, and scales up what stays. */
export type Drop = (x: tf.Tensor, rate: number) => tf.Tensor;

/** A layer that has dropout inside, in training. */
export interface DroppingLayer {
  callDropping(inputs: readonly tf.Tensor[], drop: Drop): tf.Tensor;
}

/** What makes a layer of a kind. */
export type LayerClass = tf.serialization.SerializableConstructor<tfl.layers.Layer>;

const classes = new Map<string, LayerClass>();

/**
 * Makes a layer that tfjs can hold, save and load. tfjs knows its class from the first such layer on.
 *
 * @param kind What it computes.
 */
export function layerClass(kind: LayerKind): LayerClass {
  const known = classes.get(kind.className);
  if (known) return known;
  const made: LayerClass = class extends tfl.layers.Layer implements DroppingLayer {
    static className = kind.className;
    readonly #settings: LayerSettings;
    readonly #variables = new Map<string, tfl.LayerVariable>();

    constructor(config: { readonly name?: string; readonly settings: LayerSettings }) {
      super(config as { name?: string });
      this.#settings = config.settings;
    }

    override build(): void {
      const zeros = tfl.initializers.zeros();
      for (const [name, shape] of Object.entries(kind.weights(this.#settings))) {
        this.#variables.set(name, this.addWeight(name, [...shape], 'float32', zeros));
      }
      this.built = true;
    }

    override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
      return this.callDropping([inputs].flat(), (x) => x);
    }

    callDropping(inputs: readonly tf.Tensor[], drop: Drop): tf.Tensor {
      const weight = (name: string) => (this.#variables.get(name) as tfl.LayerVariable).read();
      return tidy(() => kind.compute(inputs, weight, this.#settings, drop));
    }

    override computeOutputShape(inputs: Shape | Shape[]): Shape {
      const shapes = Array.isArray(inputs[0]) ? (inputs as Shape[]) : [inputs as Shape];
      return kind.outputShape(shapes, this.#settings);
    }

    override getConfig(): tf.serialization.ConfigDict {
      return { ...super.getConfig(), settings: { ...this.#settings } };
    }
  };
  tf.serialization.registerClass(made);
  classes.set(kind.className, made);
  return made;
}
