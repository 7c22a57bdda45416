import * as tf from '@tensorflow/tfjs-core';
import type { Base, TransferModel } from '../core/handle.ts';
import { download, lostOr } from '../model/device.ts';
import { disposeValues, type Value } from '../model/execute.ts';
import { findingsOf, folderOf } from '../model/fold.ts';
import { assertIds } from '../model/id-limits.ts';
import { networkBehind } from '../model/network.ts';
import { withWeights } from '../model/with-weights.ts';
import { tensorsOf } from './examples-of.ts';
import type { TokenBatch } from './tokenize.ts';

/**
 * Runs a batch of tokens through an encoder, with what is above it.
 *
 * @param model The base, or the model.
 * @param batch The tokens.
 * @param caller What the user called, for messages.
 * @returns The numbers of the output, row by row. No tensor is left.
 */
export async function runEncoder(
  model: Base | TransferModel,
  batch: TokenBatch,
  caller: string,
): Promise<Float32Array> {
  const network = networkBehind(model);
  const { graph } = network;
  // Of its own: the caller may dispose the model meanwhile.
  const { lease } = withWeights(model, model.lease.values, {});
  const folder = folderOf(network, findingsOf(model.lease));
  let inputs: readonly tf.Tensor[] = [];
  let outputs: readonly Value[] = [];
  try {
    inputs = tensorsOf(batch, model.inputs, caller);
    await assertIds(graph, inputs, (position) => `${caller}: text ${position} of its batch`);
    const given = new Map<number, Value>(
      graph.inputs.map((id, index) => [id, { tensor: inputs[index] as tf.Tensor, mask: null }]),
    );
    outputs = await folder.infer(lease.values, graph.applications, given, graph.outputs);
    return (await download(outputs[0]?.tensor as tf.Tensor)).slice() as Float32Array;
  } catch (error) {
    throw await lostOr(error);
  } finally {
    folder.dispose();
    lease.dispose();
    disposeValues(outputs);
    tf.dispose([...inputs]);
  }
}
