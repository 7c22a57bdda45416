import * as tf from '@tensorflow/tfjs-core';
import type { Chain } from './fold-chains.ts';
import type { ChainWeights } from './fold-weights.ts';
import { type FusedCall, type FusedOperation, runFused } from './fused-kernel.ts';

/** A normalisation alone. */
const scaling: FusedOperation = { kind: 'scale', strides: [1, 1], dilations: [1, 1], pad: 'valid' };

/**
 * Runs a chain.
 *
 * @param chain The chain.
 * @param input The input of its first layer.
 * @param weights The weights, with the normalisation folded in.
 * @param run Runs one operation, the position of which it is told. Default: its kernel, without a gradient.
 */
export function runChain(
  { operations, activation, channels }: Chain,
  input: tf.Tensor,
  { filters, bias }: ChainWeights,
  run: (call: FusedCall, position: number) => tf.Tensor = runFused,
): tf.Tensor {
  const isFirst = channels === 'first' && input.rank === 4;
  const last = filters.length - 1;
  const atEnd = { bias, activation };
  const before = { bias: undefined, activation: 'linear' } as const;
  const read = input.dtype === 'float32' ? input : tf.cast(input, 'float32');
  const output = filters.reduce(
    (reached, filter, position) =>
      inRank(operations[position] ?? scaling, reached, filter, (call) =>
        run({ ...call, ...(position === last ? atEnd : before) }, position),
      ),
    isFirst ? tf.transpose(read, [0, 2, 3, 1]) : read,
  );
  return isFirst ? tf.transpose(output, [0, 3, 1, 2]) : output;
}

/** Brings input and filter to the rank that the kernel reads: sequences are pictures of height 1, products have rows. */
function inRank(
  operation: FusedOperation,
  x: tf.Tensor,
  filter: tf.Tensor,
  run: (call: Pick<FusedCall, 'operation' | 'x' | 'filter'>) => tf.Tensor,
): tf.Tensor {
  const own = operation.kind === 'matMul' ? 2 : 4;
  if (x.rank === own || operation.kind === 'scale') return run({ operation, x, filter });
  const outer = x.shape.slice(0, -1);
  const width = x.shape.at(-1) as number;
  if (own === 2) {
    const rows = run({ operation, x: tf.reshape(x, [-1, width]), filter });
    return tf.reshape(rows, [...outer, filter.shape[1] as number]);
  }
  const [batch, length] = outer as [number, number];
  const picture = run({
    operation,
    x: tf.reshape(x, [batch, 1, length, width]),
    filter: tf.reshape(filter, [1, ...filter.shape]),
  });
  return tf.squeeze(picture, [1]);
}
