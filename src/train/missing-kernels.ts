import * as tf from '@tensorflow/tfjs-core';
import { TransferError } from '../core/errors.ts';
import type { LayerPath } from '../core/handle.ts';
import { isRepaired } from '../core/repaired.ts';
import type { Split } from '../model/split.ts';
import { innerLayers, type Layer } from '../model/tfjs-internals.ts';
import type { Trained } from '../model/trained.ts';
import { type Flaw, flaws } from './flaws.ts';

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
  Conv3DTranspose: ['Conv3DBackpropFilterV2', 'Conv3D'],
  ConvLSTM2DCell: ['Conv2DBackpropFilter', 'Conv2DBackpropInput'],
  MaxPooling1D: ['MaxPoolGrad'],
  MaxPooling2D: ['MaxPoolGrad'],
  MaxPooling3D: ['MaxPool3DGrad'],
  AveragePooling1D: ['AvgPoolGrad'],
  AveragePooling2D: ['AvgPoolGrad'],
  AveragePooling3D: ['AvgPool3DGrad'],
  UpSampling2D: ['ResizeNearestNeighborGrad', 'ResizeBilinearGrad'],
  Embedding: ['UnsortedSegmentSum'],
  TextEmbeddings: ['UnsortedSegmentSum'],
};

/** A gradient that a backend lacks or has wrong, with the layers that need it. */
export interface MissingKernel {
  /** The name that tfjs knows it by. */
  readonly kernel: string;
  readonly layers: readonly LayerPath[];
  /** What is wrong with it; undefined where the backend has no such kernel. */
  readonly reason?: string;
}

/** The gradient kernels that a backend lacks for what trains, or has wrong. */
export function missingKernels({ suffix }: Split, trained: Trained, backend: string): MissingKernel[] {
  const registered = new Set(tf.getKernelsForBackend(backend).map(({ kernelName }) => kernelName));
  if (registered.size === 0) {
    throw new TransferError(
      'BACKEND_UNKNOWN',
      backend
        ? `The backend "${backend}" is not loaded: which kernels it has is known then. Pass it to await useBackend(...) first, or leave it out for the current one.`
        : 'No backend is loaded. Call await useBackend(wasm()) first, with wasm of tfjs-transfer/backends/wasm.',
    );
  }
  const needs = new Map<string, { readonly layers: Set<LayerPath>; readonly reason?: string }>();
  const refuse = (kernel: string, path: LayerPath, reason?: string) => {
    const need = needs.get(kernel) ?? { layers: new Set(), ...(reason && { reason }) };
    needs.set(kernel, { ...need, layers: need.layers.add(path) });
  };
  for (const { layer, path } of suffix) {
    const isTrained = trained.layers.has(path);
    for (const inner of [layer, ...innerLayers(layer)]) {
      for (const kernel of gradientKernels[inner.getClassName()] ?? []) {
        // A filter's gradient is asked for where the filter trains; the input's by every layer on the way down.
        if ((isTrained || !kernel.includes('Filter')) && !registered.has(kernel)) refuse(kernel, path);
      }
      for (const { name, reason, isInside } of flawsOf(inner, backend)) {
        if (isInside && inner === layer) continue;
        if (isTrained || !name.includes('Filter')) refuse(name, path, reason);
      }
    }
  }
  return [...needs].map(([kernel, { layers, reason }]) => ({ kernel, layers: [...layers], ...(reason && { reason }) }));
}

/** What a layer needs on a backend that is known to be wrong there, and that no adapter replaced. */
function flawsOf(layer: Layer, backend: string): readonly Flaw[] {
  const candidates = flaws.filter(
    (flaw) => flaw.layers.includes(layer.getClassName()) && (flaw.of === 'gradient' || flaw.of.includes(backend)),
  );
  return candidates.filter(({ name, of, when }) => {
    const used = of === 'gradient' ? tf.getGradient(name) : tf.getKernel(name, backend);
    return !isRepaired(used) && (when?.(layer.getConfig()) ?? true);
  });
}

/**
 * Refuses to train what the current backend has no gradients for, or wrong ones.
 *
 * @param divided The network at the frontier.
 * @param trained What trains.
 * @throws TransferError `KERNEL_MISSING`, naming kernels and layers.
 */
export function assertTrainable(divided: Split, trained: Trained): void {
  const missing = missingKernels(divided, trained, tf.getBackend());
  if (missing.length === 0) return;
  const named = (some: readonly MissingKernel[]) =>
    some
      .map(({ kernel, layers, reason }) => `${kernel} (${layers.join(', ')}${reason ? `: ${reason}` : ''})`)
      .join('; ');
  const [absent, wrong] = [missing.filter(({ reason }) => !reason), missing.filter(({ reason }) => reason)];
  const sentences = [
    ...(absent.length > 0
      ? [`The backend "${tf.getBackend()}" lacks gradient kernels that this run needs: ${named(absent)}.`]
      : []),
    ...(wrong.length > 0 ? [`Of tfjs' gradients on "${tf.getBackend()}", these are wrong: ${named(wrong)}.`] : []),
    'Freeze those layers, or choose another backend: useBackend(wasm()) of tfjs-transfer brings kernels that tfjs does not have.',
  ];
  throw new TransferError('KERNEL_MISSING', sentences.join(' '));
}
