import * as tf from '@tensorflow/tfjs-core';
import { kernel } from './kernel.ts';

/** An operand with a letter for each axis. */
interface Lettered {
  readonly tensor: tf.Tensor;
  readonly letters: string;
}

const has = (letters: string) => (letter: string) => letters.includes(letter);
const without = (letters: string) => (letter: string) => !letters.includes(letter);
const filter = (letters: string, keep: (letter: string) => boolean) => [...letters].filter(keep).join('');

/** Puts the axes in the order of the letters. */
const ordered = ({ tensor, letters }: Lettered, order: string) =>
  tf.transpose(
    tensor,
    [...order].map((letter) => letters.indexOf(letter)),
  );

/** Sums over the letters that nobody else has. */
function reduced({ tensor, letters }: Lettered, others: string): Lettered {
  const axes = [...letters].flatMap((letter, axis) => (others.includes(letter) ? [] : [axis]));
  return axes.length === 0
    ? { tensor, letters }
    : { tensor: tf.sum(tensor, axes), letters: filter(letters, has(others)) };
}

/** The product of two operands as one product of matrices in batches. */
function product(a: Lettered, b: Lettered, output: string): Lettered {
  const [left, right] = [reduced(a, b.letters + output), reduced(b, a.letters + output)];
  const shared = filter(left.letters, has(right.letters));
  const [batch, summed] = [filter(shared, has(output)), filter(shared, without(output))];
  const [rows, columns] = [filter(left.letters, without(shared)), filter(right.letters, without(shared))];
  const sizeOf = (letters: string, of: Lettered) =>
    [...letters].map((letter) => of.tensor.shape[of.letters.indexOf(letter)] as number);
  const count = (letters: string, of: Lettered) => tf.util.sizeFromShape(sizeOf(letters, of));
  const matrices = (of: Lettered, first: string, second: string) =>
    tf.reshape(ordered(of, batch + first + second), [count(batch, of), count(first, of), count(second, of)]);
  const result = tf.matMul(matrices(left, rows, summed), matrices(right, summed, columns));
  const shape = [...sizeOf(batch + rows, left), ...sizeOf(columns, right)];
  return { tensor: tf.reshape(result, shape), letters: batch + rows + columns };
}

/** Sums of products by Einstein's convention, which WASM does not have (trap T11). */
export const einsum = kernel<string, tf.EinsumAttrs>(tf.Einsum, ({ inputs, attrs: { equation } }) => {
  // These throw, with what is wrong, where the equation does not fit the operands.
  const { allDims, idDims } = tf.backend_util.decodeEinsumEquation(equation, Object.keys(inputs).length);
  tf.backend_util.checkEinsumDimSizes(allDims.length, idDims, Object.values(inputs));
  const [left, output] = equation.replaceAll(' ', '').split('->') as [string, string];
  const operands = left.split(',').map((letters, i): Lettered => ({ tensor: inputs[i] as tf.Tensor, letters }));
  const [first, second] = operands as [Lettered, Lettered | undefined];
  return ordered(second ? product(first, second, output) : reduced(first, output), output);
});
