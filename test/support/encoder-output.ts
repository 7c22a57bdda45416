import * as tf from '@tensorflow/tfjs-core';
import type { Base, TransferModel } from '../../src/core/handle.ts';
import { readSafetensors } from '../../src/formats/safetensors.ts';
import { valuesOf } from '../../src/formats/safetensors-values.ts';
import { infer } from '../../src/model/execute.ts';
import { networkBehind } from '../../src/model/network.ts';
import { withValues } from '../../src/model/weights.ts';
import { readFile } from './read-file.ts';

/** The tensors of a golden file; whole numbers become int32. */
export async function golden(path: string): Promise<Readonly<Record<string, tf.Tensor>>> {
  const file = path.startsWith('/') ? await (await import('node:fs/promises')).readFile(path) : await readFile(path);
  const { tensors } = readSafetensors(file, path);
  return Object.fromEntries(
    [...tensors].map(([name, tensor]) => {
      const values = valuesOf(tensor);
      const isWhole = !(values instanceof Float32Array);
      const numbers = isWhole ? Int32Array.from(values as Int32Array, Number) : values;
      return [name, tf.tensor(numbers, [...tensor.shape], isWhole ? 'int32' : 'float32')];
    }),
  );
}

/** The output of one layer of a base, by its path. */
export function outputOf(base: Base | TransferModel, inputs: readonly tf.Tensor[], path?: string): tf.Tensor {
  const { graph, variables } = networkBehind(base);
  const application = graph.applications.find((one) => one.path === path);
  const wanted = application?.outputs[0] ?? (graph.outputs[0] as number);
  const given = new Map(graph.inputs.map((id, i) => [id, { tensor: inputs[i] as tf.Tensor, mask: null }]));
  const [value] = withValues(variables, base.lease.values, () => infer(graph.applications, given, [wanted]));
  return value?.tensor as tf.Tensor;
}

/** The inputs of an encoder among the tensors of a golden. */
export const inputsOf = (tensors: Readonly<Record<string, tf.Tensor>>): tf.Tensor[] =>
  ['input_ids', 'attention_mask', 'token_type_ids'].flatMap((name) => tensors[name] ?? []);
