import * as tf from '@tensorflow/tfjs-core';
import { comparisonGradients } from './comparison-gradients.ts';
import { cropGradients } from './crop-gradients.ts';
import { cumulativeGradients } from './cumulative-gradients.ts';
import { gatherGradients } from './gather-gradients.ts';
import { layoutGradients } from './layout-gradients.ts';
import { productGradients } from './product-gradients.ts';
import { windowGradients } from './window-gradients.ts';

/**
 * Registers the gradients that tfjs lacks or has wrong, whatever the backend. Every adapter calls it. tfjs-layers must
 * have been imported before, which registers those of tfjs.
 */
export function registerGradients(): void {
  for (const gradients of [
    comparisonGradients,
    cropGradients,
    cumulativeGradients,
    gatherGradients,
    layoutGradients,
    productGradients,
    windowGradients,
  ]) {
    for (const one of gradients) tf.registerGradient(one);
  }
}
