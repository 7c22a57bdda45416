import { folderStore } from '../../model/store-at.ts';
import { writeFiles } from '../../model/write-files.ts';
import { loadTokenizer } from '../../text/load-tokenizer.ts';
import { baseNames, placeOfBase } from './base-by-name.ts';
import { type CommandIo, print, signalOf } from './command-io.ts';
import { placeInFlags } from './place-in-flags.ts';
import { type TextData, textData, unevenLine } from './text-data.ts';
import { UsageError } from './usage.ts';

interface TextFlags {
  readonly data: string;
  readonly base: string;
  readonly text: string;
  readonly label: string;
  readonly output: string;
}

/**
 * Reads the texts that `train` is given, and warns where their classes are uneven.
 *
 * @param flags What was received.
 * @param settings The numbers among the flags.
 * @param io Where to warn.
 * @returns The texts, and what writes the tokenizer beside the model.
 */
export async function textsToTrain(
  flags: TextFlags,
  { length, ...division }: { readonly length: number | undefined; readonly validation: number; readonly seed: number },
  io: CommandIo,
): Promise<TextData & { readonly keep: () => Promise<void> }> {
  const { data, base, output } = flags;
  if (baseNames.includes(base)) {
    throw new UsageError(
      `--base received "${base}", which reads pictures, and ${data} holds texts. Pass the folder or URL of an encoder (BERT, MiniLM and the like), or hub:owner/name.`,
    );
  }
  const place = placeOfBase(base);
  const tokenizer = await placeInFlags(
    loadTokenizer(place, { ...(length && { length }), ...signalOf(io) }),
    'Pass as --base the folder or URL of an encoder with its tokenizer.json, or hub:owner/name.',
  );
  if (length && length > tokenizer.length) {
    throw new UsageError(
      `--length received "${length}", and ${tokenizer.name} reads ${tokenizer.length} tokens at most. Pass no more than these, or leave --length out.`,
    );
  }
  const texts = await textData(data, { columns: flags, tokenizer, ...division });
  const uneven = unevenLine(texts);
  if (uneven) print(io.stderr, uneven);
  return { ...texts, keep: () => writeFiles(folderStore(output), tokenizer.files, {}, output) };
}
