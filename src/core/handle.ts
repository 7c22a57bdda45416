import type { Tensor } from '@tensorflow/tfjs-core';
import type { Head } from './head.ts';

/** A layer's path: the names of the models that it is nested in and its own, joined by `/`. */
export type LayerPath = string;

/** A weight's key: its layer's path and its name in the layer, `block7a_project_conv/kernel`. */
export type WeightKey = string;

/**
 * What a weight is for: a `parameter` is trained by gradients, an `affine` one (gamma, beta of BatchNormalization) by
 * gradients under the policy `train` alone, a `statistic` (moving mean, moving variance) never by gradients.
 */
export type WeightRole = 'parameter' | 'affine' | 'statistic';

/** A weight as data. */
export interface WeightInfo {
  readonly key: WeightKey;
  readonly shape: readonly number[];
  readonly role: WeightRole;
  /**
   * Of a weight that no layer has (a factor of {@link lora}): what it begins with, all of one value, or drawn evenly
   * from `-limit` to `limit`.
   */
  readonly first?: number | { readonly limit: number; readonly seed: number };
}

/** A layer as data, in the order from input to output. */
export interface LayerInfo {
  readonly path: LayerPath;
  readonly className: string;
  readonly part: 'base' | 'head';
  readonly outputShape: readonly (number | null)[];
  /** Whether every use of it was built with `training: false`: its moving statistics never move. */
  readonly inferenceOnly: boolean;
  readonly weights: readonly WeightInfo[];
}

/** What {@link unfreezeTop} counts: a layer with weights and the BatchNormalization that follows it. */
export interface Unit {
  /** The path of the first layer. */
  readonly name: LayerPath;
  readonly layers: readonly LayerPath[];
  /** The block that the unit belongs to, where names show blocks; else its own name. */
  readonly group: string;
}

/**
 * How BatchNormalization above the frontier behaves. `frozen`: inference mode, nothing changes. `statistics`: batch
 * statistics, moving ones updated, gamma and beta fixed. `train`: all of it trains. Below the frontier always `frozen`.
 */
export type BatchNormPolicy = 'frozen' | 'statistics' | 'train';

/** What trains and how: the only part of a handle that an edit changes. */
export interface Settings {
  /** The weights of the base that are open to training; the head's always are. */
  readonly trains: ReadonlySet<WeightKey>;
  /** Factors on the learning rate by layer; 1 where a layer is not named. */
  readonly rates: ReadonlyMap<LayerPath, number>;
  readonly batchNorm: BatchNormPolicy;
}

/** What a base reads: preprocessing is data. A value x of the input becomes `x * scale + offset`. */
export interface InputSpecification {
  /** The shape of one example, without the batch: `[224, 224, 3]`. `null` stands for any length. */
  readonly shape: readonly (number | null)[];
  /** Type of the values: `int32` where the base looks them up (Embedding). */
  readonly dtype: 'float32' | 'int32';
  /** The factor on each value, or one for each channel. */
  readonly scale: number | readonly number[];
  /** What is added after scaling, or one for each channel. */
  readonly offset: number | readonly number[];
}

/** Where a base came from. */
export interface Origin {
  readonly name: string;
  /** URL or path, where there was one. */
  readonly source?: string;
  /** SHA-256 of the weights as they were read, in hexadecimal. */
  readonly sha256?: string;
  readonly licence?: string;
}

/** The classifier that was cut off a base: its layers and their weights, which the base owns. */
export interface SourceHead {
  readonly layers: readonly LayerPath[];
  readonly weights: Readonly<Record<WeightKey, Tensor>>;
  /** Of a softmax over one dense layer: how it pools the base's output. Undefined where something else was cut off. */
  readonly pooling?: 'mean' | 'max' | 'none';
}

/**
 * The tensors that a handle owns and the network that it reads the rest from. Opaque to users; edits of a handle share
 * it, so disposing one of them disposes what all of them read.
 */
export interface Lease {
  /** Weights that differ from the network's own variables, by key. */
  readonly values: Readonly<Record<WeightKey, Tensor>>;
  readonly network: unknown;
  readonly disposed: boolean;
  /** Frees the tensors and gives the network back; a second call does nothing. */
  dispose(): void;
}

interface Handle {
  readonly layers: readonly LayerInfo[];
  /** The units of the base, from input to output. */
  readonly units: readonly Unit[];
  readonly settings: Settings;
  readonly inputs: readonly InputSpecification[];
  readonly origin: Origin;
  readonly lease: Lease;
}

/** A pretrained network without its classifier: an immutable value. */
export interface Base extends Handle {
  readonly kind: 'base';
  /** The shape of the base's output for one example. */
  readonly outputShape: readonly (number | null)[];
  /** What {@link loadBase} cut off, where it cut. */
  readonly sourceHead?: SourceHead;
}

/** A base with a head: an immutable value that can be trained, evaluated, saved and asked for predictions. */
export interface TransferModel extends Handle {
  readonly kind: 'transfer';
  readonly head: Head;
}
