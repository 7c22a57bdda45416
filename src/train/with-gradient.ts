import * as tf from '@tensorflow/tfjs-core';

/** Tensors by name. */
type Named = Readonly<Partial<Record<string, tf.Tensor>>>;

/** Gradients from one of these operations: the one below it is all that reads them. */
const passedOn = new WeakSet<tf.Tensor>();

/**
 * Runs an operation with a gradient of its own, which keeps what it names and nothing else.
 *
 * @param wanted What gets a gradient.
 * @param passes Whether the first of them is the value of another such operation, which frees its gradient once it was read.
 * @param forward Computes the value, and what the gradient needs.
 * @param backward Computes the gradients of what is wanted, from that of the value and what was kept.
 */
export function withGradient(
  wanted: readonly tf.Tensor[],
  passes: boolean,
  forward: () => { readonly value: tf.Tensor; readonly kept: Named },
  backward: (dy: tf.Tensor, kept: Named) => tf.Tensor[],
): tf.Tensor {
  const run = tf.customGrad((...inputs) => {
    const save = inputs.at(-1) as unknown as tf.GradSaveFunc;
    const { value, kept } = forward();
    const entries = Object.entries(kept).filter(([, tensor]) => tensor);
    save(entries.map(([, tensor]) => tensor as tf.Tensor));
    const gradFunc = (dy: tf.Tensor, saved: tf.Tensor[]) => {
      const from = Object.fromEntries(entries.map(([name], index) => [name, saved[index]]));
      const gradients = tf.tidy(() => backward(dy, from));
      // They are not needed again, while tfjs keeps them until all gradients are computed.
      tf.dispose(saved);
      if (passedOn.has(dy)) dy.dispose();
      if (passes) passedOn.add(gradients[0] as tf.Tensor);
      return gradients;
    };
    return { value, gradFunc };
  });
  return run(...wanted);
}
