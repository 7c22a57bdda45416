import { gradientContract } from './gradients-contract.ts';
import { layerContract } from './gradients-layers-contract.ts';
import { nativeBackend } from './native.ts';

const native = await nativeBackend('the gradients on tensorflow');

if (native) {
  // TensorFlow pads its way or not at all.
  gradientContract(native, 1e-4, ['conv2d, padding by number', 'conv2d, padding by side']);
  layerContract(native, 1e-4);
}
