import { defineCommand } from 'citty';
import { dispose } from '../../model/dispose.ts';
import { loadModel } from '../../model/load-model.ts';
import { useBackend } from '../../model/use-backend.ts';
import { evaluate as evaluateModel } from '../../train/evaluate.ts';
import { imageFolder } from '../image-folder.ts';
import { type CommandIo, exitCodes, print, signalOf } from './command-io.ts';
import { backendByName, sharedFlags } from './flags.ts';
import { progressOn } from './progress.ts';
import { classTable, count, skippedLines, table } from './text.ts';

/** `tfjs-transfer evaluate <model> <folder>` */
export const evaluate = defineCommand({
  meta: { name: 'evaluate', description: 'Measure a model on a folder of pictures that it was not trained on' },
  args: {
    model: { type: 'positional', required: true, description: 'The path or URL of a model that train saved.' },
    folder: {
      type: 'positional',
      required: true,
      description: 'The folder: its folders are named as the classes of the model.',
    },
    ...sharedFlags,
  },
  async run({ args, data }): Promise<number> {
    const io = data as CommandIo;
    await useBackend(backendByName(args.backend));
    const model = await loadModel(args.model, signalOf(io));
    const progress = progressOn(io);
    try {
      const { train: examples, skipped } = await imageFolder(args.folder, {
        validation: 0,
        test: 0,
        labels: model.head.labels,
        onProgress: ({ done, total }) => progress.count('pictures', done, total),
        ...signalOf(io),
      }).finally(progress.end);
      const { metrics, perClass, confusion } = await evaluateModel(model, examples, signalOf(io));
      const { accuracy = Number.NaN } = metrics;
      if (args.json) {
        if (skipped.length) print(io.stderr, ...skippedLines(skipped).slice(1));
        print(io.stdout, JSON.stringify({ accuracy, perClass, confusion }));
      } else {
        print(io.stdout, ...classTable(perClass), '', ...confusionTable(model.head.labels, confusion), '');
        print(io.stdout, `Accuracy ${accuracy.toFixed(3)} on ${count(examples.size, 'picture')}.`);
        print(io.stdout, ...skippedLines(skipped));
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
