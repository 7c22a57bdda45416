import '@tensorflow/tfjs-layers'; // registers tfjs' gradients
import { wasm } from '../../src/backends/wasm.ts';
import { useBackend } from '../../src/model/use-backend.ts';
import { declareSpecs } from './tfjs-specs.ts';

// What tfjs-core asks of a backend, of the operations whose kernels or gradients on WASM are ours.
await useBackend(wasm());

const names = [
  'avg_pool',
  'avg_pool_3d',
  'conv1d',
  'conv2d',
  'conv2d_separable',
  'conv2d_transpose',
  'conv3d',
  'conv3d_transpose',
  'depthwise_conv2d',
  'einsum',
  'fused/fused_conv2d',
  'fused/fused_depthwise_conv2d',
  'fused/fused_mat_mul',
  'gather',
  'image/resize_bilinear',
  'image/resize_nearest_neighbor',
  'mat_mul',
  'max_pool',
  'max_pool_3d',
  'pool',
  'relu',
  'relu6',
  'unsorted_segment_sum',
];

declareSpecs(names, {
  NCHW: "tfjs' WASM backend refuses channels first; tfjs-layers transposes",
  'with broadcasted bias': "tfjs' fused kernels on WASM take a bias of rank 1; so do ours",
  'f=[2,2,1,1] s=1 p=0 with bias': 'the same: this bias has rank 4',
  'fused A x B with 2d bias': 'the same: this bias has rank 2',
  'upcasts when dtypes dont match': "tfjs' product on WASM is of float32 alone",
  'throws error on dilations > 1': 'ours has this gradient',
  'f=[3,3] s=1 p=explicit': "tfjs' gradient takes a window at the edge for a whole one, its forward pass does not",
  'f=8,s=1,inDepth=8,p=same vec4': 'no convolution of stride 1 has outputs that are smaller than its input',
  'fractional outputs default rounding': "forward pooling is tfjs' own kernel",
});
