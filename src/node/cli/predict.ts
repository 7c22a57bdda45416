import { defineCommand } from 'citty';
import { TransferError } from '../../core/errors.ts';
import type { TransferModel } from '../../core/handle.ts';
import { dispose } from '../../model/dispose.ts';
import { loadModel } from '../../model/load-model.ts';
import { useBackend } from '../../model/use-backend.ts';
import { type Prediction, predict as predictPicture } from '../../train/predict.ts';
import { type CommandIo, exitCodes, print, signalOf } from './command-io.ts';
import { backendByName, numberOf, sharedFlags } from './flags.ts';
import { table } from './text.ts';

type Result =
  | { readonly file: string; readonly predictions: readonly Prediction[] }
  | { readonly file: string; readonly error: string };

/** `tfjs-transfer predict <model> <pictures...>` */
export const predict = defineCommand({
  meta: { name: 'predict', description: 'Say what is on pictures' },
  args: {
    model: { type: 'positional', required: true, description: 'The path or URL of a model that train saved.' },
    pictures: { type: 'positional', required: true, description: 'The pictures, one or more.' },
    top: {
      type: 'string',
      valueHint: 'number',
      default: '3',
      description: 'How many labels to give for each picture.',
    },
    ...sharedFlags,
  },
  async run({ args, data }): Promise<number> {
    const io = data as CommandIo;
    const topK = numberOf('top', args.top, { whole: true, least: 1 });
    await useBackend(backendByName(args.backend));
    const model = await loadModel(args.model, signalOf(io));
    const results: Result[] = [];
    try {
      for (const file of args._.slice(1)) {
        results.push(await predictOne(model, file, topK));
        // A prediction is one long computation: without a pause, Ctrl-C is never heard.
        await new Promise(setImmediate);
        io.signal?.throwIfAborted();
      }
    } finally {
      dispose(model);
    }
    print(io.stdout, ...(args.json ? [JSON.stringify(results)] : text(results, topK)));
    return results.some((result) => 'predictions' in result) ? exitCodes.done : exitCodes.failed;
  },
});

async function predictOne(model: TransferModel, file: string, topK: number): Promise<Result> {
  try {
    return { file, predictions: await predictPicture(model, file, { topK }) };
  } catch (error) {
    const isPictures = error instanceof TransferError && (error.code === 'INVALID_DATA' || error.code === 'NOT_FOUND');
    if (isPictures) return { file, error: error.message };
    throw error;
  }
}

/** A line for each picture, and below them what could not be read. */
function text(results: readonly Result[], topK: number): string[] {
  const rows = results.flatMap((result) => {
    if ('error' in result) return [];
    return [[result.file, ...result.predictions.map(({ label, score }) => `${label} ${score.toFixed(3)}`)]];
  });
  const errors = results.flatMap((result) => ('error' in result ? [`Not read: ${result.error}`] : []));
  return [...table(rows, topK + 1), ...errors];
}
