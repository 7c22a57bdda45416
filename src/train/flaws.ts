/** The settings of a layer, as tfjs' `getConfig` gives them. */
type LayerSettings = Readonly<Record<string, unknown>>;

/** A gradient, or a kernel of a gradient, that tfjs 4.22 has wrong or does not have, unless an adapter replaced it. */
export interface Flaw {
  /** The name that tfjs knows it by. */
  readonly name: string;
  /** Whether it is tfjs' own for all backends, or a kernel of some. */
  readonly of: 'gradient' | readonly string[];
  /** The classes of the layers that use it. */
  readonly layers: readonly string[];
  /** With which settings they do. Default: with any. */
  readonly when?: (settings: LayerSettings) => boolean;
  /** Where it is wrong inside another layer alone: otherwise training computes the layer itself. */
  readonly isInside?: true;
  readonly reason: string;
}

const isSame = ({ padding }: LayerSettings) => padding === 'same';
const isDilated = ({ dilationRate }: LayerSettings) => [dilationRate].flat().some((rate) => rate != null && rate !== 1);
const isBilinear = ({ interpolation }: LayerSettings) => interpolation === 'bilinear';

function isOblong({ poolSize }: LayerSettings): boolean {
  const [, height, width] = poolSize as readonly number[];
  return height !== width;
}

/** All but native TensorFlow. */
const notNative = ['cpu', 'wasm', 'webgl', 'webgpu'];

const edges = 'it takes windows at the edge for whole ones, where the padding is "same"';
const noDilation = 'it does not know dilation';
const missing = 'tfjs has none';

/**
 * What is known to be wrong, found by comparing 210 operations and 93 layers with finite differences.
 * The tests do it again: `test/contract/gradients-plain.test.ts`.
 */
export const flaws: readonly Flaw[] = [
  { name: 'AvgPoolGrad', of: notNative, layers: ['AveragePooling1D', 'AveragePooling2D'], when: isSame, reason: edges },
  { name: 'AvgPool3DGrad', of: notNative, layers: ['AveragePooling3D'], when: isSame, reason: edges },
  { name: 'Conv2D', of: 'gradient', layers: ['Conv1D', 'Conv2D'], when: isDilated, reason: noDilation },
  {
    name: 'FusedConv2D',
    of: 'gradient',
    layers: ['Conv2D'],
    when: (settings) => isDilated(settings) && (settings.activation ?? 'linear') === 'linear',
    isInside: true,
    reason: noDilation,
  },
  {
    name: 'DepthwiseConv2dNative',
    of: 'gradient',
    layers: ['DepthwiseConv2D', 'SeparableConv2D'],
    when: isDilated,
    reason: noDilation,
  },
  { name: 'Conv3DBackpropInputV2', of: 'gradient', layers: ['Conv3DTranspose'], reason: missing },
  { name: 'CropAndResize', of: 'gradient', layers: ['CenterCrop'], reason: missing },
  { name: 'Greater', of: 'gradient', layers: ['ThresholdedReLU'], reason: missing },
  { name: 'NotEqual', of: 'gradient', layers: ['Masking'], reason: missing },
  {
    name: 'ResizeNearestNeighborGrad',
    of: ['cpu'],
    layers: ['UpSampling2D'],
    when: (settings) => !isBilinear(settings),
    reason: 'it is right for the first picture of a batch alone',
  },
  {
    name: 'ResizeBilinearGrad',
    of: ['cpu'],
    layers: ['UpSampling2D'],
    when: isBilinear,
    reason: 'it exchanges height and width',
  },
  {
    name: 'MaxPool3DGrad',
    of: ['cpu', 'webgpu'],
    layers: ['MaxPooling3D'],
    when: isOblong,
    reason: 'it takes the height of a window for its width',
  },
  {
    name: 'MaxPoolGrad',
    of: ['wasm'],
    layers: ['MaxPooling1D', 'MaxPooling2D'],
    reason: 'it is wrong where a window has no positive number',
  },
  {
    name: 'MaxPool3DGrad',
    of: ['wasm'],
    layers: ['MaxPooling3D'],
    reason: 'it is wrong where a window has no positive number',
  },
  {
    name: 'Conv3DBackpropFilterV2',
    of: ['wasm'],
    layers: ['Conv3D', 'Conv3DTranspose'],
    reason: 'it leaves windows out',
  },
  { name: 'Conv3DBackpropInputV2', of: ['wasm'], layers: ['Conv3D'], reason: 'it leaves windows out' },
];
