import * as tf from '@tensorflow/tfjs-core';
import type { Examples } from '../core/data.ts';
import { TransferError } from '../core/errors.ts';
import type { InputSpecification } from '../core/handle.ts';
import { fitsShape, shapeText } from '../model/dense.ts';
import { assertIds } from '../model/id-limits.ts';
import type { Network } from '../model/network.ts';
import { assertExamplesFinite } from './finite.ts';

/** What is read, for which model. */
export interface ExampleSource {
  readonly examples: Examples;
  readonly inputs: readonly InputSpecification[];
  readonly network: Network;
  readonly signal?: AbortSignal;
}

/**
 * Reads a batch and holds it against what the model reads: a user's own examples may give anything.
 *
 * @param source The examples and the inputs of the model.
 * @param indices The examples.
 * @param view The augmented view; undefined for the plain examples.
 * @returns A tensor for each input, owned by the caller.
 * @throws TransferError `INVALID_DATA` where shapes differ, numbers are not finite, or ids are none of the base's.
 */
export async function readExamples(
  { examples, inputs, network, signal }: ExampleSource,
  indices: readonly number[],
  view: number | undefined,
): Promise<readonly tf.Tensor[]> {
  const read = await examples.read(indices, { inputs, ...(view !== undefined && { view }), ...(signal && { signal }) });
  try {
    assertShapes(read, inputs, indices.length);
    await assertExamplesFinite(examples, indices, read);
    await assertIds(network.graph, read, (position) => examples.describe(indices[position] as number));
    return read;
  } catch (error) {
    tf.dispose([...read]);
    throw error;
  }
}

function assertShapes(read: readonly tf.Tensor[], inputs: readonly InputSpecification[], size: number): void {
  const wanted = inputs.map(({ shape }) => [size, ...shape]);
  if (read.length === wanted.length && read.every(({ shape }, i) => fitsShape(shape, wanted[i] ?? []))) return;
  const text = (shapes: readonly (readonly (number | null)[])[]) => shapes.map(shapeText).join(' and ');
  throw new TransferError(
    'INVALID_DATA',
    `Reading ${size} examples gave ${text(read.map(({ shape }) => shape))}; the model reads ` +
      `${text(wanted)}. Bring the examples to the shape that the base was loaded with.`,
  );
}
