import type { Store } from '../../core/store.ts';
import { readableAt } from '../../model/artifacts.ts';
import { isStore, pathOf } from '../../model/byte-reader.ts';
import { optionalFile } from '../../model/optional-file.ts';
import { folderAt } from '../../model/write-folder.ts';

const limit = 64 * 2 ** 20;

/**
 * Writes a tokenizer beside a model, so that the model's folder is all that is needed later.
 *
 * @param source The place of the encoder.
 * @param length The most tokens of a text, which the folder remembers.
 * @param output The folder of the model.
 */
export async function keepTokenizer(source: string | Store, length: number, output: string): Promise<void> {
  const read = await (isStore(source) ? source : await readableAt(source)).open({});
  const config = await optionalFile(read, 'tokenizer_config.json', { limit });
  const files = {
    'tokenizer.json': await read('tokenizer.json', { limit }),
    ...(config && { 'tokenizer_config.json': config }),
    'sentence_bert_config.json': new TextEncoder().encode(`${JSON.stringify({ max_seq_length: length })}\n`),
  };
  const folder = await folderAt(pathOf(output));
  for (const [name, bytes] of Object.entries(files)) await (await folder.stage({ name, bytes }, {})).place();
}
