import * as tf from '@tensorflow/tfjs-core';

interface Tape {
  gradientDepth: number;
  activeTape: { readonly saved: readonly tf.Tensor[] }[] | null;
}

/**
 * Frees what operations kept for gradients. tfjs does so at the end of the backward pass alone: where something throws before,
 * a full heap say, all of it would stay, and with it no next try would find room.
 */
export function freeTape(): void {
  const state = tf.engine().state as unknown as Tape;
  if (state.gradientDepth > 0) return;
  for (const { saved } of state.activeTape ?? []) tf.dispose([...saved]);
  state.activeTape = null;
}
