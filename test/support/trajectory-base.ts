import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { readSafetensors } from '../goldens/read-safetensors.ts';

/** The tensors of one file of the trajectories, by name. */
export const trajectory = (name: string) => readSafetensors(`test/goldens/trajectories/${name}.safetensors`);

/** Keras' name of a weight: its kernels are all called `kernel`. */
export const kerasName = (key: string) =>
  key.startsWith('head') ? key.replace(/^head_logits/, 'head') : `base/${key.replace('depthwise_kernel', 'kernel')}`;

/**
 * The small MobileNet-like base of the trajectories.
 *
 * @param start Its weights, from `trajectory('start')`.
 */
export function trajectoryModel(start: Awaited<ReturnType<typeof trajectory>>): tfl.LayersModel {
  const L = tfl.layers;
  const input = tfl.input({ shape: [24, 24, 3], name: 'image' });
  const through = (layer: tfl.layers.Layer, ...values: tfl.SymbolicTensor[]) =>
    layer.apply(values.length === 1 ? (values[0] as tfl.SymbolicTensor) : values) as tfl.SymbolicTensor;
  const conv = (filters: number, kernelSize: number, strides: number, name: string) =>
    L.conv2d({ filters, kernelSize, strides, padding: 'same', useBias: false, name });
  let x = through(conv(8, 3, 2, 'stem'), input);
  x = through(L.batchNormalization({ name: 'stem_bn' }), x);
  x = through(L.reLU({ maxValue: 6, name: 'stem_relu' }), x);
  for (const [name, filters, strides] of [
    ['block1', 8, 1],
    ['block2', 16, 2],
    ['block3', 16, 1],
  ] as const) {
    let y = through(
      L.depthwiseConv2d({ kernelSize: 3, strides, padding: 'same', useBias: false, name: `${name}_dw` }),
      x,
    );
    y = through(L.batchNormalization({ name: `${name}_dw_bn` }), y);
    y = through(L.reLU({ maxValue: 6, name: `${name}_relu` }), y);
    y = through(conv(filters, 1, 1, `${name}_pw`), y);
    y = through(L.batchNormalization({ name: `${name}_pw_bn` }), y);
    x = strides === 1 ? through(L.add({ name: `${name}_add` }), x, y) : y;
  }
  const output = through(L.globalAveragePooling2d({ name: 'gap', dataFormat: 'channelsLast' }), x);
  const model = tfl.model({ inputs: input, outputs: output, name: 'base' });
  for (const layer of model.layers) {
    const values = layer.weights.map((weight) => {
      const golden = start[kerasName(weight.originalName)];
      if (!golden) throw new Error(`no golden for ${weight.originalName}`);
      return tf.tensor(golden.data, golden.shape);
    });
    layer.setWeights(values);
    tf.dispose(values);
  }
  return model;
}
