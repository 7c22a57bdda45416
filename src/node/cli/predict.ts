import { stat } from 'node:fs/promises';
import { defineCommand } from 'citty';
import { TransferError } from '../../core/errors.ts';
import type { TransferModel } from '../../core/handle.ts';
import { dispose } from '../../model/dispose.ts';
import { readsTokens } from '../../model/reads-tokens.ts';
import { useBackend } from '../../model/use-backend.ts';
import { loadTokenizer } from '../../text/load-tokenizer.ts';
import { type Prediction, predict as predictInput } from '../../train/predict.ts';
import type { PredictInput } from '../../train/predict-inputs.ts';
import { type CommandIo, exitCodes, print, signalOf } from './command-io.ts';
import { backendByName, columnFlags, numberOf, sharedFlags } from './flags.ts';
import { progressOn } from './progress.ts';
import { savedModel } from './saved-model.ts';
import { table } from './text.ts';
import { readTextRows } from './text-rows.ts';

/** One example: a file, or a row of one. */
interface Source {
  readonly file: string;
  readonly row?: number;
}

type Result = Source & ({ readonly predictions: readonly Prediction[] } | { readonly error: string });

/** `tfjs-transfer predict <model> <pictures...>` */
export const predict = defineCommand({
  meta: { name: 'predict', description: 'Say what is on pictures, or what texts are' },
  args: {
    model: { type: 'positional', required: true, description: 'The path or URL of a model that train saved.' },
    files: {
      type: 'positional',
      required: true,
      description: 'The pictures, one or more. For texts text files, or CSV or JSONL files.',
    },
    text: columnFlags.text,
    top: {
      type: 'string',
      valueHint: 'number',
      default: '3',
      description: 'How many labels to give for each.',
    },
    ...sharedFlags,
  },
  async run({ args, data }): Promise<number> {
    const io = data as CommandIo;
    const topK = numberOf('top', args.top, { whole: true, least: 1 });
    await useBackend(backendByName(args.backend));
    const model = await savedModel(args.model, io);
    const results: Result[] = [];
    const progress = progressOn(io);
    try {
      const files = args._.slice(1);
      const examples = readsTokens(model.inputs)
        ? await textsOf(files, args, io)
        : await Promise.all(files.map(pictureOf));
      for (const example of examples) {
        results.push(await predictOne(model, example, topK));
        if (examples.length > 1) progress.count('predicted', results.length, examples.length);
        // A prediction is one long computation: without a pause, Ctrl-C is never heard.
        await new Promise(setImmediate);
        io.signal?.throwIfAborted();
      }
    } finally {
      progress.end();
      dispose(model);
    }
    const errors = results.flatMap((result) => ('error' in result ? [`Not read: ${result.error}`] : []));
    const lines = args.json ? [JSON.stringify(results)] : text(results, topK);
    if (lines.length) print(io.stdout, ...lines);
    if (errors.length && !args.json) print(io.stderr, ...errors);
    return errors.length ? exitCodes.failed : exitCodes.done;
  },
});

type Example = Source & ({ readonly input: PredictInput } | { readonly error: string });

const isFolder = (path: string) =>
  stat(path).then(
    (stats) => stats.isDirectory(),
    () => false,
  );

const ofFolder = (file: string) => ({ file, error: `${file} is a folder. Pass the files in it.` });

const pictureOf = async (file: string): Promise<Example> =>
  (await isFolder(file)) ? ofFolder(file) : { file, input: file };

async function predictOne(model: TransferModel, example: Example, topK: number): Promise<Result> {
  if ('error' in example) return example;
  const { input, ...source } = example;
  try {
    return { ...source, predictions: await predictInput(model, input, { topK }) };
  } catch (error) {
    return { ...source, error: messageOf(error) };
  }
}

/** The message of an error that is the file's; all others are thrown on. */
function messageOf(error: unknown): string {
  const isOfFile = error instanceof TransferError && (error.code === 'INVALID_DATA' || error.code === 'NOT_FOUND');
  if (isOfFile) return error.message;
  throw error;
}

async function textsOf(
  files: readonly string[],
  { model: place, text }: { readonly model: string; readonly text: string },
  io: CommandIo,
): Promise<Example[]> {
  const tokenizer = await loadTokenizer(place, signalOf(io));
  const read = async (file: string): Promise<Example[]> => {
    if (await isFolder(file)) return [ofFolder(file)];
    try {
      const { rows, skipped } = await readTextRows(file, { text });
      const errors = skipped.map((one) => ({ file, error: `${one.file}: ${one.reason}.` }));
      const examples = rows.map(({ row, text }) => ({ file, ...(row && { row }), input: tokenizer.encode(text) }));
      return [...examples, ...errors];
    } catch (error) {
      return [{ file, error: messageOf(error) }];
    }
  };
  return (await Promise.all(files.map(read))).flat();
}

/** A line for each example that could be read. */
function text(results: readonly Result[], topK: number): string[] {
  const rows = results.flatMap((result) => {
    if ('error' in result) return [];
    const name = result.row ? `${result.file}, row ${result.row}` : result.file;
    return [[name, ...result.predictions.map(({ label, score }) => `${label} ${score.toFixed(3)}`)]];
  });
  return table(rows, topK + 1);
}
