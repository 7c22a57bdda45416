import * as tf from '@tensorflow/tfjs-core';
import type { Examples } from '../core/data.ts';
import { TransferError } from '../core/errors.ts';
import type { InputSpecification } from '../core/handle.ts';
import { assertExamplesFinite } from './finite.ts';

/** What is read, for which model. */
export interface ExampleSource {
  readonly examples: Examples;
  readonly inputs: readonly InputSpecification[];
  readonly signal?: AbortSignal;
}

/**
 * Reads a batch and holds it against what the model reads: a user's own examples may give anything.
 *
 * @param source The examples and the inputs of the model.
 * @param indices The examples.
 * @param view The augmented view; undefined for the plain examples.
 * @returns A tensor for each input, owned by the caller.
 * @throws TransferError `INVALID_DATA` where shapes differ or numbers are not finite.
 */
export async function readExamples(
  { examples, inputs, signal }: ExampleSource,
  indices: readonly number[],
  view: number | undefined,
): Promise<readonly tf.Tensor[]> {
  const read = await examples.read(indices, { inputs, ...(view !== undefined && { view }), ...(signal && { signal }) });
  try {
    assertShapes(read, inputs, indices.length);
    await assertExamplesFinite(examples, indices, read);
    return read;
  } catch (error) {
    tf.dispose([...read]);
    throw error;
  }
}

function assertShapes(read: readonly tf.Tensor[], inputs: readonly InputSpecification[], size: number): void {
  const fits = ({ shape }: tf.Tensor, expected: InputSpecification) =>
    shape[0] === size &&
    shape.length === expected.shape.length + 1 &&
    expected.shape.every((length, axis) => length === null || length === shape[axis + 1]);
  if (read.length === inputs.length && read.every((tensor, i) => fits(tensor, inputs[i] as InputSpecification))) return;
  const text = (shapes: readonly (readonly (number | null)[])[]) =>
    shapes.map((shape) => `[${shape.map((length) => length ?? '?').join(', ')}]`).join(' and ');
  throw new TransferError(
    'INVALID_DATA',
    `Reading ${size} examples gave ${text(read.map(({ shape }) => shape))}; the model reads ` +
      `${text(inputs.map(({ shape }) => [size, ...shape]))}. Bring the examples to the shape that the base was loaded with.`,
  );
}
