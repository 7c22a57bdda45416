import * as tfl from '@tensorflow/tfjs-layers';

type Symbolic = tfl.SymbolicTensor;
type Layer = tfl.layers.Layer;

/** A tiny network with one layer of interest, which gradients have to pass. */
export interface LayerCase {
  readonly name: string;
  /** The shape of one example. */
  readonly input: readonly number[];
  /** How many different whole numbers the input holds, where it does. */
  readonly words?: number;
  readonly build: (features: Symbolic) => Symbolic;
}

const L = tfl.layers;
const on = (layer: Layer, value: Symbolic | Symbolic[]) => layer.apply(value) as Symbolic;
const dense = (units: number) => L.dense({ units, activation: 'tanh' });

/** A case of one layer after a dense one, whose weights train too. */
function after(name: string, input: readonly number[], ...layers: (() => Layer)[]): LayerCase {
  return {
    name,
    input,
    build: (features) => layers.reduce((value, make) => on(make(), value), on(dense(input.at(-1) as number), features)),
  };
}

/** A case of a layer that joins two branches. */
function joining(name: string, make: () => Layer, input: readonly number[] = [4]): LayerCase {
  return {
    name,
    input,
    build(features) {
      const branch = () => on(dense(input.at(-1) as number), features);
      return on(make(), [branch(), branch()]);
    },
  };
}

const vector = [4];
const sequence = [5, 3];
const picture = [5, 4, 2];
const volume = [3, 4, 4, 2];
const recurrent = { units: 3, recurrentInitializer: 'glorotUniform' } as const;
const threeByThree = { kernelSize: 3, filters: 3 } as const;

const activations = [
  'elu',
  'gelu',
  'gelu_new',
  'hardSigmoid',
  'linear',
  'mish',
  'relu',
  'relu6',
  'selu',
  'sigmoid',
  'softmax',
  'softplus',
  'softsign',
  'swish',
  'tanh',
] as const;

/**
 * Every layer class of tfjs-layers that takes numbers, with the settings that change its gradient. Left out, as tfjs
 * cannot run them inside a network: causal Conv1D, Resizing (it gives its shape without the batch), RandomWidth.
 */
export const layerCases: readonly LayerCase[] = [
  ...activations.map((activation) => after(`Activation ${activation}`, vector, () => L.activation({ activation }))),
  after('Dense on pictures', picture, () => L.dense({ units: 3, activation: 'relu' })),
  after('LeakyReLU', vector, () => L.leakyReLU({ alpha: 0.2 })),
  after('PReLU', vector, () => L.prelu()),
  after('PReLU on pictures', picture, () => L.prelu({ sharedAxes: [1, 2] })),
  after('ELU', vector, () => L.elu()),
  after('ReLU', vector, () => L.reLU({ maxValue: 0.5 })),
  after('ThresholdedReLU', vector, () => L.thresholdedReLU({ theta: 0.1 })),
  after('Softmax', sequence, () => L.softmax({ axis: -1 })),
  after('Dropout', vector, () => L.dropout({ name: 'noise', rate: 0.5 })),
  after('SpatialDropout1D', sequence, () => L.spatialDropout1d({ name: 'noise', rate: 0.5 })),
  after('GaussianNoise', vector, () => L.gaussianNoise({ name: 'noise', stddev: 0.1 })),
  after('GaussianDropout', vector, () => L.gaussianDropout({ name: 'noise', rate: 0.2 })),
  after('AlphaDropout', vector, () => L.alphaDropout({ name: 'noise', rate: 0.2 })),
  after('BatchNormalization', picture, () => L.batchNormalization({ name: 'bn' })),
  after('BatchNormalization, no scale', vector, () => L.batchNormalization({ name: 'bn', scale: false })),
  after('LayerNormalization', sequence, () => L.layerNormalization()),
  after('LayerNormalization on pictures', picture, () => L.layerNormalization({ axis: [1, 2, 3] })),
  after('Rescaling', vector, () => L.rescaling({ scale: 0.5, offset: 1 })),
  after('RepeatVector', vector, () => L.repeatVector({ n: 3 })),
  after('Reshape', sequence, () => L.reshape({ targetShape: [3, 5] })),
  after('Permute', sequence, () => L.permute({ dims: [2, 1] })),
  after('Masking', sequence, () => L.masking({ maskValue: 0 })),
  joining('Add', () => L.add()),
  joining('Average', () => L.average()),
  joining('Concatenate', () => L.concatenate(), sequence),
  joining('Dot', () => L.dot({ axes: 1 })),
  joining('Dot, normalised', () => L.dot({ axes: -1, normalize: true })),
  joining('Dot of sequences', () => L.dot({ axes: [2, 2] }), sequence),
  joining('Maximum', () => L.maximum()),
  joining('Minimum', () => L.minimum()),
  joining('Multiply', () => L.multiply()),
  after('Conv1D', sequence, () => L.conv1d({ ...threeByThree, strides: 2, padding: 'same' })),
  after('Conv1D, dilated', sequence, () => L.conv1d({ ...threeByThree, kernelSize: 2, dilationRate: 2 })),
  after('MaxPooling1D', sequence, () => L.maxPooling1d({ poolSize: 3, strides: 2, padding: 'same' })),
  after('AveragePooling1D', sequence, () => L.averagePooling1d({ poolSize: 2, strides: 1 })),
  after('AveragePooling1D, same', sequence, () => L.averagePooling1d({ poolSize: 3, strides: 2, padding: 'same' })),
  after('GlobalAveragePooling1D', sequence, () => L.globalAveragePooling1d({})),
  after('GlobalMaxPooling1D', sequence, () => L.globalMaxPooling1d({})),
  {
    name: 'Embedding',
    input: [4],
    words: 6,
    build: (words) => on(L.embedding({ inputDim: 6, outputDim: 3 }), words),
  },
  {
    name: 'Embedding with a mask, LSTM',
    input: [4],
    words: 6,
    build: (words) => on(L.lstm(recurrent), on(L.embedding({ inputDim: 6, outputDim: 3, maskZero: true }), words)),
  },
  after('SimpleRNN', sequence, () => L.simpleRNN(recurrent)),
  after('GRU', sequence, () => L.gru({ ...recurrent, returnSequences: true })),
  after('LSTM', sequence, () => L.lstm(recurrent)),
  after('RNN of stacked cells', sequence, () =>
    L.rnn({ cell: L.stackedRNNCells({ cells: [L.gruCell(recurrent), L.lstmCell(recurrent)] }) as never }),
  ),
  after('Bidirectional', sequence, () => L.bidirectional({ layer: L.gru(recurrent) as never, mergeMode: 'concat' })),
  after('TimeDistributed', sequence, () => L.timeDistributed({ layer: L.dense({ units: 2 }) })),
  after('TimeDistributed dilated Conv2D', [2, 4, 4, 2], () =>
    L.timeDistributed({ layer: L.conv2d({ filters: 2, kernelSize: 2, dilationRate: 2 }) }),
  ),
  after('ConvLSTM2D', [2, 3, 3, 2], () =>
    L.convLstm2d({ filters: 2, kernelSize: 2, padding: 'same', recurrentInitializer: 'glorotUniform' } as never),
  ),
  after('Conv2D', picture, () => L.conv2d({ ...threeByThree, padding: 'same', activation: 'softplus' })),
  after('Conv2D, strides', picture, () => L.conv2d({ ...threeByThree, strides: 2, padding: 'same', useBias: false })),
  after('Conv2D, 1 by 1, strides', picture, () => L.conv2d({ ...threeByThree, kernelSize: 1, strides: 2 })),
  after('Conv2D, dilated', picture, () => L.conv2d({ ...threeByThree, kernelSize: 2, dilationRate: 2 })),
  after('Conv2D, dilated, relu', picture, () =>
    L.conv2d({ ...threeByThree, kernelSize: 2, dilationRate: [2, 1], activation: 'relu' }),
  ),
  after('Conv2D, channels first', [2, 4, 5], () =>
    L.conv2d({ ...threeByThree, padding: 'same', dataFormat: 'channelsFirst' }),
  ),
  after('Conv2DTranspose', picture, () => L.conv2dTranspose({ ...threeByThree, strides: 2, padding: 'same' })),
  after('SeparableConv2D', picture, () => L.separableConv2d({ ...threeByThree, depthMultiplier: 2, padding: 'same' })),
  after('SeparableConv2D, dilated', picture, () =>
    L.separableConv2d({ ...threeByThree, dilationRate: 2, padding: 'same' } as never),
  ),
  after('DepthwiseConv2D', picture, () =>
    L.depthwiseConv2d({ kernelSize: 3, depthMultiplier: 2, strides: 2, padding: 'same' }),
  ),
  after('DepthwiseConv2D, dilated', picture, () => L.depthwiseConv2d({ kernelSize: 2, dilationRate: 2 } as never)),
  after('MaxPooling2D', picture, () => L.maxPooling2d({ poolSize: 2 })),
  after('MaxPooling2D, overlapping', [3, 3, 1], () => L.maxPooling2d({ poolSize: 3, strides: 1, padding: 'same' })),
  after('MaxPooling2D, apart', picture, () => L.maxPooling2d({ poolSize: [2, 1], strides: 3, padding: 'same' })),
  after('AveragePooling2D', picture, () => L.averagePooling2d({ poolSize: 2, strides: 1 })),
  after('AveragePooling2D, same', picture, () => L.averagePooling2d({ poolSize: 3, strides: 1, padding: 'same' })),
  after('GlobalAveragePooling2D', picture, () => L.globalAveragePooling2d({})),
  after('GlobalMaxPooling2D', picture, () => L.globalMaxPooling2d({})),
  after('UpSampling2D', picture, () => L.upSampling2d({ size: [2, 3] })),
  after('UpSampling2D, bilinear', picture, () => L.upSampling2d({ size: [2, 2], interpolation: 'bilinear' })),
  after('ZeroPadding2D', picture, () => L.zeroPadding2d({ padding: [1, 2] as never })),
  after('Cropping2D', picture, () =>
    L.cropping2D({
      cropping: [
        [1, 1],
        [0, 1],
      ],
    }),
  ),
  after('CenterCrop', picture, () => L.centerCrop({ height: 3, width: 2 })),
  after('Conv3D', volume, () => L.conv3d({ filters: 2, kernelSize: 2, padding: 'same' })),
  after('Conv3D, strides', volume, () => L.conv3d({ filters: 2, kernelSize: 2, strides: 2 })),
  after('Conv3DTranspose', volume, () => L.conv3dTranspose({ filters: 2, kernelSize: 2, strides: 2, padding: 'same' })),
  after('MaxPooling3D', volume, () => L.maxPooling3d({ poolSize: 2 as never, padding: 'same' })),
  after('MaxPooling3D, not square', [3, 5, 4, 2], () => L.maxPooling3d({ poolSize: [2, 3, 2], strides: [1, 1, 1] })),
  after('AveragePooling3D', volume, () => L.averagePooling3d({ poolSize: [2, 2, 2] })),
  after('AveragePooling3D, same', volume, () =>
    L.averagePooling3d({ poolSize: [2, 3, 2], strides: [1, 2, 1], padding: 'same' }),
  ),
];
