import * as tf from '@tensorflow/tfjs-core';
import type { Penalty } from '../core/penalties.ts';
import { crossEntropy } from './losses.ts';
import { mixedRows } from './mixing.ts';
import type { TermOf } from './term.ts';

/** The term of `distillation`: what takes the teacher's share of the loss away from the labels and gives it to the teacher. */
export function followTeacher({ logits, temperature, alpha }: Extract<Penalty, { name: 'distillation' }>): TermOf {
  return (rows) => ({
    reads: [],
    begin() {
      const said = (indices: readonly number[]) =>
        tf.softmax(tf.div(tf.tensor2d(indices.map((index) => logits[index] as number[])), temperature));
      const wanted = mixedRows(rows, said);
      return ({ outputs, loss }) => {
        const soft = tf.mul(crossEntropy(wanted, tf.div(outputs, temperature)), temperature ** 2);
        return tf.mul(tf.sub(soft, loss), alpha);
      };
    },
  });
}
