import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';

const L = tfl.layers;
type Symbolic = tfl.SymbolicTensor;
type Layers = readonly tfl.layers.Layer[];
const on = (layer: tfl.layers.Layer, ...inputs: Symbolic[]) =>
  layer.apply(inputs.length === 1 ? (inputs[0] as Symbolic) : inputs) as Symbolic;
const through = (layers: Layers, input: Symbolic) => layers.reduce((value, layer) => on(layer, value), input);
const norm = (settings = {}) => L.batchNormalization(settings);

/** A network with convolutions, products and normalisations in chains, and how they should run. */
export interface ChainedNetwork {
  readonly shape: readonly number[];
  readonly outputs: (input: Symbolic) => Symbolic;
  /** Each chain as its operations, `s` for a normalisation that was folded in, and its activation; other layers by class. */
  readonly runs: readonly string[];
}

const inLine = (shape: readonly number[], layers: () => Layers, ...runs: string[]): ChainedNetwork => ({
  shape,
  outputs: (input) => through(layers(), input),
  runs,
});

const picture = [9, 8, 3];
const [relu6, relu] = [() => L.reLU({ maxValue: 6 }), () => L.activation({ activation: 'relu' })];

/** Networks of every kind of chain, and of layers that belong to none. */
export const chainedNetworks: Readonly<Record<string, ChainedNetwork>> = {
  'a convolution, normalised, relu6': inLine(
    picture,
    () => [L.conv2d({ filters: 5, kernelSize: 3, strides: 2, padding: 'same', useBias: false }), norm(), relu6()],
    'conv2d s relu6',
  ),
  'a convolution with a bias, normalised': inLine(
    picture,
    () => [L.conv2d({ filters: 5, kernelSize: [2, 3] }), norm()],
    'conv2d s linear',
  ),
  'a dilated convolution': inLine(
    picture,
    () => [L.conv2d({ filters: 4, kernelSize: 3, dilationRate: 2 }), norm({ scale: false }), relu()],
    'conv2d s relu',
  ),
  'a depthwise convolution of several filters a channel': inLine(
    picture,
    () => [L.depthwiseConv2d({ kernelSize: 3, depthMultiplier: 2, padding: 'same' }), norm({ center: false }), relu6()],
    'depthwiseConv2d s relu6',
  ),
  'a separable convolution': inLine(
    picture,
    () => [L.separableConv2d({ filters: 4, kernelSize: 3, depthMultiplier: 2 }), norm(), relu()],
    'depthwiseConv2d+conv2d s relu',
  ),
  'depthwise convolutions and pointwise ones in turn': inLine(
    picture,
    () => [
      L.depthwiseConv2d({ kernelSize: 3, padding: 'same', useBias: false }),
      norm(),
      relu6(),
      L.conv2d({ filters: 5, kernelSize: 1 }),
      norm(),
      relu(),
      L.depthwiseConv2d({ kernelSize: 3, strides: 2, padding: 'same', useBias: false }),
      norm(),
      relu6(),
      L.conv2d({ filters: 4, kernelSize: 1, useBias: false }),
      norm(),
    ],
    'depthwiseConv2d s relu6',
    'conv2d s relu',
    'depthwiseConv2d s relu6',
    'conv2d s linear',
  ),
  'a convolution over a sequence': inLine(
    [11, 3],
    () => [L.conv1d({ filters: 4, kernelSize: 3, strides: 2, padding: 'same' }), norm(), relu()],
    'conv2d s relu',
  ),
  'dense layers': inLine(
    [6],
    () => [L.dense({ units: 5 }), norm(), relu(), L.dense({ units: 4, activation: 'relu6' })],
    'matMul s relu',
    'matMul relu6',
  ),
  'a dense layer over a sequence': inLine(
    [4, 3],
    () => [L.dense({ units: 5 }), norm({ axis: 2 }), relu6()],
    'matMul s relu6',
  ),
  'normalisations alone': inLine(
    picture,
    () => [norm(), relu6(), L.flatten(), norm({ scale: false })],
    ' s relu6',
    'Flatten',
    ' s linear',
  ),
  'channels first': inLine(
    [3, 9, 8],
    () => [L.conv2d({ filters: 4, kernelSize: 3, dataFormat: 'channelsFirst' }), norm({ axis: 1 }), relu6()],
    'conv2d s relu6',
  ),
  'an axis that is not that of the channels': inLine(
    picture,
    () => [L.conv2d({ filters: 4, kernelSize: 3 }), norm({ axis: 1 }), norm({ axis: -2 }), relu()],
    'conv2d linear',
    'BatchNormalization',
    'BatchNormalization',
    'Activation',
  ),
  'an activation of its own before the normalisation': inLine(
    picture,
    () => [L.conv2d({ filters: 4, kernelSize: 3, activation: 'relu' }), norm(), L.reLU({ maxValue: 3 })],
    'conv2d relu',
    ' s linear',
    'ReLU',
  ),
  'activations that no kernel takes along': inLine(
    picture,
    () => [
      L.conv2d({ filters: 4, kernelSize: 3, activation: 'tanh' }),
      L.conv2d({ filters: 4, kernelSize: 3 }),
      norm(),
      L.activation({ activation: 'sigmoid' }),
    ],
    'Conv2D',
    'conv2d s linear',
    'Activation',
  ),
  'layers that are no chain': inLine(
    picture,
    () => [
      L.conv2dTranspose({ filters: 4, kernelSize: 3 }),
      norm(),
      L.maxPooling2d({ poolSize: 2 }),
      L.globalAveragePooling2d({}),
    ],
    'Conv2DTranspose',
    ' s linear',
    'MaxPooling2D',
    'GlobalAveragePooling2D',
  ),
  'a skip connection out of the middle of a chain': {
    shape: picture,
    outputs(input) {
      const middle = on(L.conv2d({ filters: 4, kernelSize: 3, padding: 'same' }), input);
      const other = through([norm(), relu()], middle);
      return on(L.add(), other, middle);
    },
    runs: ['conv2d linear', ' s relu', 'Add'],
  },
  'inverted residuals in a nested model': {
    shape: [8, 8, 4],
    outputs(input) {
      const inner = tfl.input({ shape: [8, 8, 4] });
      const layers = [
        L.conv2d({ filters: 8, kernelSize: 1, useBias: false }),
        norm(),
        relu6(),
        L.depthwiseConv2d({ kernelSize: 3, padding: 'same', useBias: false }),
        norm(),
        relu6(),
        L.conv2d({ filters: 4, kernelSize: 1, useBias: false }),
        norm(),
      ];
      const nested = tfl.model({ inputs: inner, outputs: on(L.add(), through(layers, inner), inner) });
      return on(L.globalAveragePooling2d({}), on(nested, input));
    },
    runs: ['conv2d s relu6', 'depthwiseConv2d s relu6', 'conv2d s linear', 'Add', 'GlobalAveragePooling2D'],
  },
  'a convolution used twice, normalised otherwise each time': {
    shape: [8, 8, 4],
    outputs(input) {
      const shared = L.conv2d({ filters: 4, kernelSize: 3, padding: 'same' });
      const first = through([shared, norm(), relu()], input);
      return through([shared, norm()], first);
    },
    runs: ['conv2d s relu', 'conv2d s linear'],
  },
  'a normalisation used twice': {
    shape: [8, 8, 4],
    outputs(input) {
      const shared = norm();
      const [a, b] = [1, 3].map((kernelSize) =>
        on(shared, on(L.conv2d({ filters: 4, kernelSize, padding: 'same' }), input)),
      ) as [Symbolic, Symbolic];
      return on(L.add(), a, b);
    },
    runs: ['conv2d s linear', 'conv2d s linear', 'Add'],
  },
};

/** Builds a network with weights, and statistics, that are all different. */
export function builtNetwork({ shape, outputs }: ChainedNetwork): tfl.LayersModel {
  const input = tfl.input({ shape: [...shape] });
  const model = tfl.model({ inputs: input, outputs: outputs(input) });
  scatterWeights(model);
  return model;
}

/** Gives a model weights that are all different: scales and variances from 0.5 to 1.5, the rest from -0.5 to 0.5. */
export function scatterWeights(model: tfl.LayersModel): void {
  const values = model.weights.map(({ originalName, shape }, index) => {
    const from = /gamma|variance/.test(originalName) ? 0.5 : -0.5;
    return tf.randomUniform(shape as number[], from, from + 1, 'float32', index + 1);
  });
  model.weights.forEach((weight, index) => {
    weight.write(values[index] as tf.Tensor);
  });
  tf.dispose(values);
}

/** Examples of a network. */
export const examplesFor = ({ shape }: ChainedNetwork, count: number) =>
  tf.randomNormal([count, ...shape], 0, 1, 'float32', 5);
