import * as tf from '@tensorflow/tfjs-core';
import { TransferError } from '../core/errors.ts';
import type { LayerPath, TransferModel } from '../core/handle.ts';
import { networkBehind } from '../model/network.ts';
import { type Split, split } from '../model/split.ts';
import { innerLayers, type Layer } from '../model/tfjs-internals.ts';
import { type Trained, trainedBy } from '../model/trained.ts';
import { assertTransferModel } from '../model/transfer-model.ts';

/** The kernels that the gradients of a layer call, beside those that every backend has. */
const gradientKernels: Readonly<Record<string, readonly string[]>> = {
  Conv1D: ['Conv2DBackpropFilter', 'Conv2DBackpropInput'],
  Conv2D: ['Conv2DBackpropFilter', 'Conv2DBackpropInput'],
  Conv2DTranspose: ['Conv2DBackpropFilter', 'Conv2D'],
  DepthwiseConv2D: ['DepthwiseConv2dNativeBackpropFilter', 'DepthwiseConv2dNativeBackpropInput'],
  SeparableConv2D: [
    'DepthwiseConv2dNativeBackpropFilter',
    'DepthwiseConv2dNativeBackpropInput',
    'Conv2DBackpropFilter',
    'Conv2DBackpropInput',
  ],
  Conv3D: ['Conv3DBackpropFilterV2', 'Conv3DBackpropInputV2'],
  MaxPooling1D: ['MaxPoolGrad'],
  MaxPooling2D: ['MaxPoolGrad'],
  MaxPooling3D: ['MaxPool3DGrad'],
  AveragePooling1D: ['AvgPoolGrad'],
  AveragePooling2D: ['AvgPoolGrad'],
  AveragePooling3D: ['AvgPool3DGrad'],
  UpSampling2D: ['ResizeNearestNeighborGrad'],
  Embedding: ['UnsortedSegmentSum'],
};

/** A gradient kernel that a backend lacks, with the layers that need it. */
export interface MissingKernel {
  readonly kernel: string;
  readonly layers: readonly LayerPath[];
}

/** Whether a model can be trained, and what is missing. */
export interface Trainability {
  readonly ok: boolean;
  readonly missing: readonly MissingKernel[];
}

/**
 * Lists the gradient kernels that a backend lacks for the layers above a model's frozen frontier, before anything runs.
 *
 * @param model The model with its settings: what is frozen needs no gradients.
 * @param backend The name of the backend. Default: the current one.
 * @returns Whether all kernels are there, and the missing ones.
 * @throws TransferError `BACKEND_UNKNOWN` where no backend of that name is registered.
 *
 * @example
 * ```ts
 * import { attachHead, canTrain, pipe, unfreezeTop } from 'tfjs-transfer';
 * import { tinyCnn } from 'tfjs-transfer/bases';
 * import { classifier } from 'tfjs-transfer/heads';
 *
 * const model = pipe(tinyCnn(), attachHead(classifier(['cat', 'dog'])), unfreezeTop(2));
 * console.log(canTrain(model, 'cpu').ok); // true
 * ```
 */
export function canTrain(model: TransferModel, backend: string = tf.getBackend()): Trainability {
  assertTransferModel(model);
  const trained = trainedBy(model.layers, model.settings);
  const missing = missingKernels(split(networkBehind(model).graph, trained.layers), trained, backend);
  return { ok: missing.length === 0, missing };
}

function missingKernels({ suffix }: Split, trained: Trained, backend: string): MissingKernel[] {
  const registered = new Set(tf.getKernelsForBackend(backend).map(({ kernelName }) => kernelName));
  if (registered.size === 0) {
    throw new TransferError(
      'BACKEND_UNKNOWN',
      `No backend "${backend}" is registered. Call await useBackend(wasm()) (or cpu()) first, from tfjs-transfer/backends/wasm.`,
    );
  }
  const needs = new Map<string, Set<LayerPath>>();
  for (const { layer, path } of suffix) {
    const kernels = [layer, ...innerLayers(layer)].flatMap(
      (inner: Layer) => gradientKernels[inner.getClassName()] ?? [],
    );
    for (const kernel of kernels) {
      // A filter's gradient is asked for where the filter trains; the input's by every layer on the way down.
      if (kernel.includes('Filter') && !trained.layers.has(path)) continue;
      if (!registered.has(kernel)) needs.set(kernel, (needs.get(kernel) ?? new Set()).add(path));
    }
  }
  return [...needs].map(([kernel, layers]) => ({ kernel, layers: [...layers] }));
}

/**
 * Refuses to train what the current backend has no gradients for.
 *
 * @param divided The network at the frontier.
 * @param trained What trains.
 * @throws TransferError `KERNEL_MISSING`, naming kernels and layers.
 */
export function assertTrainable(divided: Split, trained: Trained): void {
  const missing = missingKernels(divided, trained, tf.getBackend());
  if (missing.length === 0) return;
  const list = missing.map(({ kernel, layers }) => `${kernel} (${layers.join(', ')})`).join('; ');
  throw new TransferError(
    'KERNEL_MISSING',
    `The backend "${tf.getBackend()}" lacks gradient kernels that this run needs: ${list}. Freeze those layers, or choose ` +
      'another backend: useBackend(wasm()) of tfjs-transfer brings kernels that tfjs does not have.',
  );
}
