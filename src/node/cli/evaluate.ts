import { defineCommand } from 'citty';
import { dispose } from '../../model/dispose.ts';
import { readsTokens } from '../../model/reads-tokens.ts';
import { useBackend } from '../../model/use-backend.ts';
import { loadTokenizer } from '../../text/load-tokenizer.ts';
import { evaluate as evaluateModel } from '../../train/evaluate.ts';
import { imageFolder } from '../image-folder.ts';
import { type CommandIo, exitCodes, print, signalOf } from './command-io.ts';
import { backendByName, columnFlags, sharedFlags } from './flags.ts';
import { progressOn } from './progress.ts';
import { savedModel } from './saved-model.ts';
import { classTable, count, skippedLines, table } from './text.ts';
import { textData } from './text-data.ts';

/** `tfjs-transfer evaluate <model> <folder>` */
export const evaluate = defineCommand({
  meta: { name: 'evaluate', description: 'Measure a model on pictures or texts that it was not trained on' },
  args: {
    model: { type: 'positional', required: true, description: 'The path or URL of a model that train saved.' },
    data: {
      type: 'positional',
      required: true,
      description: 'The folder: its folders are named as the classes of the model. For texts also a CSV or JSONL file.',
    },
    ...columnFlags,
    ...sharedFlags,
  },
  async run({ args, data }): Promise<number> {
    const io = data as CommandIo;
    await useBackend(backendByName(args.backend));
    const model = await savedModel(args.model, io);
    const progress = progressOn(io);
    try {
      const { labels } = model.head;
      const noun = readsTokens(model.inputs) ? 'text' : 'picture';
      const { train: examples, skipped } = readsTokens(model.inputs)
        ? await textData(args.data, {
            columns: args,
            tokenizer: await loadTokenizer(args.model, signalOf(io)),
            labels,
            validation: 0,
            seed: 0,
          })
        : await imageFolder(args.data, {
            validation: 0,
            test: 0,
            labels,
            onProgress: ({ done, total }) => progress.count('pictures', done, total),
            ...signalOf(io),
          }).finally(progress.end);
      const { loss, metrics, perClass, confusion } = await evaluateModel(model, examples, signalOf(io));
      const { accuracy = Number.NaN } = metrics;
      if (args.json) {
        if (skipped.length) print(io.stderr, ...skippedLines(skipped, noun).slice(1));
        const counts = { measured: examples.size, skipped: skipped.length, skippedFiles: skipped };
        print(io.stdout, JSON.stringify({ accuracy, loss, ...counts, perClass, confusion }));
      } else {
        print(io.stdout, ...classTable(perClass, noun), '', ...confusionTable(labels, confusion), '');
        print(io.stdout, `Accuracy ${accuracy.toFixed(3)} on ${count(examples.size, noun)}.`);
        print(io.stdout, ...skippedLines(skipped, noun));
      }
      return exitCodes.done;
    } finally {
      dispose(model);
    }
  },
});

function confusionTable(labels: readonly string[], confusion: readonly (readonly number[])[]): string[] {
  const rows = confusion.map((row, index) => [labels[index] ?? '', ...row.map(String)]);
  return table([['True \\ predicted', ...labels], ...rows]);
}
