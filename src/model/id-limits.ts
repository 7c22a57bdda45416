import type { Tensor } from '@tensorflow/tfjs-core';
import { TransferError } from '../core/errors.ts';
import { download } from './device.ts';
import type { Graph } from './graph.ts';
import type { Layer } from './tfjs-internals.ts';

/** How many rows the tables have that a layer looks up, by the position of its input. */
const tables: Readonly<Record<string, (layer: Layer) => readonly (number | undefined)[]>> = {
  Embedding: (layer) => [(layer as unknown as { readonly inputDim: number }).inputDim],
  TextEmbeddings(layer) {
    const { vocabulary, types } = layer.getConfig().settings as Record<'vocabulary' | 'types', number>;
    return [vocabulary, types];
  },
};

/**
 * Refuses ids that a table of the network has no row for: a backend would read what lies behind it.
 *
 * @param graph The network.
 * @param inputs Its inputs, `[batch, ...]`.
 * @param describe What an example is called, by its position in the batch.
 * @throws TransferError `INVALID_DATA`.
 */
export async function assertIds(
  graph: Graph,
  inputs: readonly Tensor[],
  describe: (position: number) => string,
): Promise<void> {
  for (const { layer, inputs: read } of graph.applications) {
    const sizes = tables[layer.getClassName()]?.(layer) ?? [];
    for (const [at, size] of sizes.entries()) {
      const index = graph.inputs.indexOf(read[at] as number);
      const input = inputs[index];
      if (!input || size === undefined) continue;
      const ids = await download(input);
      const bad = ids.findIndex((id) => !(id >= 0 && id < size));
      if (bad < 0) continue;
      const row = Math.floor(bad / (ids.length / (input.shape[0] as number)));
      throw new TransferError(
        'INVALID_DATA',
        `${describe(row)} has the id ${ids[bad]} in input ${index + 1}, and the base knows ${size}, from 0 to ${size - 1}. ` +
          'Take the tokenizer from the folder of the base: loadTokenizer(folder).',
      );
    }
  }
}
