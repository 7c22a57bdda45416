import * as tf from '@tensorflow/tfjs-core';
import type * as tfl from '@tensorflow/tfjs-layers';

/** A layer of tfjs-layers. */
export type Layer = tfl.layers.Layer;

/** A model of tfjs-layers. */
export type LayersModel = tfl.LayersModel;

/** The variable of a layer: `val` is what its layer reads. tfjs declares it private, and the engine swaps it. */
export interface Variable {
  val: tf.Tensor;
  readonly originalName: string;
  readonly shape: readonly number[];
  readonly constraint?: { apply(weight: tf.Tensor): tf.Tensor } | null;
}

/** A node of tfjs' graph: one application of a layer. */
export interface LayerNode {
  readonly inputTensors: readonly SymbolicValue[];
  readonly outputTensors: readonly SymbolicValue[];
}

/** A symbolic tensor with the fields that tfjs keeps to itself. */
export interface SymbolicValue {
  readonly id: number;
  readonly shape: (number | null)[];
  readonly dtype: tf.DataType;
  readonly sourceLayer: Layer;
  readonly nodeIndex: number;
  readonly tensorIndex: number;
  readonly callArgs?: { readonly training?: boolean } | null;
}

/** Symbolic inputs and outputs, as tfjs' types have them: those of a model, or of layers applied to each other. */
export interface Symbols {
  readonly inputs: readonly tfl.SymbolicTensor[];
  readonly outputs: readonly tfl.SymbolicTensor[];
}

/** A model as a container of layers; a Sequential has the same fields. */
export interface Container {
  readonly inputs: readonly SymbolicValue[];
  readonly outputs: readonly SymbolicValue[];
}

/** @returns The variables of a layer, in tfjs' order. */
export function variablesOf(layer: Layer): readonly Variable[] {
  return layer.weights as unknown as readonly Variable[];
}

/** @returns The nodes of a layer, one for each of its applications. */
export function nodesOf(layer: Layer): readonly LayerNode[] {
  return (layer as unknown as { inboundNodes: readonly LayerNode[] }).inboundNodes;
}

/** @returns Whether a layer is a model that was used as a layer. */
export function isContainer(layer: Layer): layer is Layer & Container {
  const { layers, inputs } = layer as unknown as { layers?: unknown; inputs?: unknown };
  return Array.isArray(layers) && Array.isArray(inputs);
}

/** What BatchNormalization keeps to itself. */
export interface BatchNormalization {
  readonly axis: number;
  readonly momentum: number;
  readonly epsilon: number;
  readonly gamma: Variable | null;
  readonly beta: Variable | null;
  readonly movingMean: Variable;
  readonly movingVariance: Variable;
}

/** @returns The layer as a BatchNormalization, or undefined where it is none. */
export function asBatchNormalization(layer: Layer): BatchNormalization | undefined {
  return layer.getClassName() === 'BatchNormalization' ? (layer as unknown as BatchNormalization) : undefined;
}

/** @returns The layers that a wrapper or a recurrent layer keeps inside, at every depth. */
export function innerLayers(layer: Layer): Layer[] {
  const {
    layer: wrapped,
    forwardLayer,
    backwardLayer,
    cell,
    cells,
    layers,
  } = layer as unknown as Record<string, unknown>;
  const direct = [wrapped, forwardLayer, backwardLayer, cell, cells, layers].flat().filter((inner) => inner != null);
  return (direct as Layer[]).flatMap((inner) => [inner, ...innerLayers(inner)]);
}

/** What tells of the device that a backend computes on. */
export interface DeviceBackend extends tf.KernelBackend {
  readonly gpgpu?: { readonly gl: WebGLRenderingContext };
  readonly device?: GpuDevice;
  readonly texData?: { numDataIds(): number };
}

/** What is used of a GPUDevice. */
interface GpuDevice {
  readonly lost: Promise<unknown>;
  destroy(): void;
  addEventListener(type: 'uncapturederror', listener: (event: { readonly error: Error }) => void): void;
}

/**
 * How many tensors have their data on a backend.
 *
 * @param backend The backend.
 */
export function countData(backend: DeviceBackend): number {
  // The WebGL backend counts those of the cpu backend with its own.
  return backend.texData?.numDataIds() ?? backend.numDataIds();
}

/** Where tfjs keeps the data of a tensor. */
export interface Residence {
  readonly backend: tf.KernelBackend;
  readonly shape: number[];
  readonly dtype: tf.DataType;
}

/**
 * Where the data of a tensor is.
 *
 * @param dataId The identity of the data.
 * @returns Its place, or undefined where it was disposed.
 */
export function residenceOf(dataId: object): Residence | undefined {
  const { state } = tf.engine() as unknown as { state: { tensorInfo: WeakMap<object, Residence> } };
  return state.tensorInfo.get(dataId);
}
