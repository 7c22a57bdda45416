import type { FusedActivation, FusedOperation } from './fused-kernel.ts';
import type { Layer, Variable } from './tfjs-internals.ts';

/** An operation with the variables that it reads. */
export interface LinearOperation extends FusedOperation {
  readonly kernel: Variable;
  readonly bias: Variable | null;
}

/** A layer as operations that backends fuse. */
interface LinearLayer {
  /** One, or two of a separable convolution. */
  readonly operations: readonly LinearOperation[];
  readonly activation: FusedActivation;
  /** Where the channels of input and output are. */
  readonly channels: 'first' | 'last';
}

/** What convolutions and dense layers keep to themselves. */
interface Weighted {
  readonly kernel: Variable;
  readonly depthwiseKernel: Variable;
  readonly pointwiseKernel: Variable;
  readonly bias: Variable | null;
}

/** Their settings, as far as they are read. */
interface Settings {
  readonly activation?: unknown;
  readonly strides?: readonly number[];
  readonly dilationRate?: number | readonly number[];
  readonly padding?: string;
  readonly dataFormat?: string;
  readonly maxValue?: number;
}

const once = { strides: [1, 1], dilations: [1, 1], pad: 'valid' } as const;

/**
 * Describes a convolution or dense layer.
 *
 * @param layer The layer.
 * @returns What it computes; undefined of other layers, and of activations that no kernel takes along.
 */
export function linearLayer(layer: Layer): LinearLayer | undefined {
  const settings = layer.getConfig() as Settings;
  const activation = fusedActivation(settings.activation ?? 'linear');
  if (!activation) return undefined;
  const operations = operationsOf(layer, settings);
  const channels = settings.dataFormat === 'channelsFirst' ? 'first' : 'last';
  return operations && { operations, activation, channels };
}

function operationsOf(layer: Layer, { strides, dilationRate, padding, dataFormat }: Settings) {
  const { kernel, depthwiseKernel, pointwiseKernel, bias } = layer as unknown as Weighted;
  if (padding !== undefined && padding !== 'same' && padding !== 'valid') return undefined;
  const pad = padding ?? 'valid';
  const moves = { strides: pair(strides), dilations: pair(dilationRate), pad } as const;
  switch (layer.getClassName()) {
    case 'Dense':
      return [{ kind: 'matMul', ...once, kernel, bias }] as const;
    case 'Conv2D':
      return [{ kind: 'conv2d', ...moves, kernel, bias }] as const;
    case 'DepthwiseConv2D':
      // tfjs' layer does not dilate, whatever its settings say.
      return [{ kind: 'depthwiseConv2d', ...moves, dilations: [1, 1], kernel: depthwiseKernel, bias }] as const;
  }
  // tfjs is at odds with itself where these two have their channels first.
  if (dataFormat === 'channelsFirst') return undefined;
  switch (layer.getClassName()) {
    case 'Conv1D':
      return [
        { kind: 'conv2d', strides: alongWidth(strides), dilations: alongWidth(dilationRate), pad, kernel, bias },
      ] as const;
    case 'SeparableConv2D':
      return [
        { kind: 'depthwiseConv2d', ...moves, kernel: depthwiseKernel, bias: null },
        { kind: 'conv2d', ...once, kernel: pointwiseKernel, bias },
      ] as const;
  }
  return undefined;
}

function pair(sizes: number | readonly number[] | undefined): readonly [number, number] {
  const [height = 1, width = height] = [sizes ?? 1].flat();
  return [height, width];
}

/** A sequence is a picture of height 1. */
const alongWidth = (sizes: number | readonly number[] | undefined): readonly [number, number] => [1, pair(sizes)[0]];

/**
 * The activation that a layer is.
 *
 * @param layer The layer.
 * @returns Its name; undefined of layers that are none, or none that a kernel takes along.
 */
export function activationOf(layer: Layer): FusedActivation | undefined {
  const { activation, maxValue } = layer.getConfig() as Settings;
  const name = layer.getClassName();
  if (name === 'Activation') return fusedActivation(activation);
  if (name !== 'ReLU') return undefined;
  return maxValue == null ? 'relu' : maxValue === 6 ? 'relu6' : undefined;
}

function fusedActivation(name: unknown): FusedActivation | undefined {
  return name === 'linear' || name === 'relu' || name === 'relu6' ? name : undefined;
}
