import { defineCommand } from 'citty';
import { freeze } from '../../core/edits.ts';
import { pipe } from '../../core/pipe.ts';
import { flip } from '../../data/index.ts';
import { classifier } from '../../heads/index.ts';
import { attachHead } from '../../model/attach-head.ts';
import { dispose } from '../../model/dispose.ts';
import { readsTokens } from '../../model/reads-tokens.ts';
import { useBackend } from '../../model/use-backend.ts';
import { explain } from '../../train/explain.ts';
import { featureWorkers } from '../feature-workers.ts';
import { imageFolder } from '../image-folder.ts';
import { assertBase, baseByName, baseHelp, baseNames } from './base-by-name.ts';
import { type CommandIo, exitCodes, print, signalOf } from './command-io.ts';
import { backendByName, columnFlags, numberOf, sharedFlags } from './flags.ts';
import { assertOutput } from './output-folder.ts';
import { planText } from './plan-text.ts';
import { progressOn } from './progress.ts';
import { strategyByName, strategyNames } from './strategy-by-name.ts';
import { count, skippedLines } from './text.ts';
import { holdsTexts } from './text-rows.ts';
import { textsToTrain } from './texts-to-train.ts';
import { trainAndSave } from './train-and-save.ts';
import { UsageError } from './usage.ts';

/** `tfjs-transfer train <folder>` */
export const train = defineCommand({
  meta: {
    name: 'train',
    description: 'Tune a pretrained base on a folder of pictures, or on texts, and save the model',
  },
  args: {
    data: {
      type: 'positional',
      required: true,
      description:
        'The folder: each of its folders is a class, and holds its pictures, or texts as .txt. Or texts in a .csv, .tsv or .jsonl.',
    },
    ...columnFlags,
    length: {
      type: 'string',
      valueHint: 'number',
      description: 'The most tokens of a text; what is beyond is not read. (Default: as the base says)',
    },
    base: {
      type: 'string',
      valueHint: 'base',
      default: 'efficientnet-lite0',
      description: baseHelp,
    },
    strategy: {
      type: 'string',
      valueHint: 'strategy',
      default: 'probe-then-tune',
      description: `${strategyNames.join(', ')}, or the path of a JSON file.`,
    },
    epochs: {
      type: 'string',
      valueHint: 'number',
      description: 'Epochs of the first phase; a second one gets an eighth as many. (Default: 40)',
    },
    validation: {
      type: 'string',
      valueHint: 'share',
      default: '0.2',
      description: 'The share of each class that is kept apart to measure on; 0 for none.',
    },
    seed: { type: 'string', valueHint: 'number', default: '0', description: 'Seed of the split and of training.' },
    augment: {
      type: 'enum',
      options: ['flip', 'none'],
      default: 'flip',
      description: 'What is done to training pictures at random: mirrored, or nothing (text, left and right).',
    },
    workers: {
      type: 'string',
      valueHint: 'number',
      description: 'Workers that compute features, each on a core of its own. (Default: none, one core)',
    },
    output: { type: 'string', valueHint: 'folder', default: 'model', description: 'Where the model is saved.' },
    'dry-run': { type: 'boolean', description: 'Say what would be trained, and train nothing.' },
    ...sharedFlags,
  },
  async run({ args, data }): Promise<number> {
    const io = data as CommandIo;
    const started = performance.now();
    const epochs = args.epochs === undefined ? undefined : numberOf('epochs', args.epochs, { whole: true, least: 1 });
    const validation = numberOf('validation', args.validation, { whole: false, least: 0, below: 1 });
    const workerCount = args.workers === undefined ? 0 : numberOf('workers', args.workers, { whole: true, least: 1 });
    const length = args.length === undefined ? undefined : numberOf('length', args.length, { whole: true, least: 1 });
    const seed = numberOf('seed', args.seed, { whole: true, least: 0 });
    assertBase(args.base);
    await assertOutput(args.output, args.data);
    const strategy = await strategyByName(args.strategy, epochs, validation > 0);
    await useBackend(backendByName(args.backend));

    const progress = progressOn(io);
    const texts = (await holdsTexts(args.data)) && (await textsToTrain(args, { length, validation, seed }, io));
    const noun = texts ? 'text' : 'picture';
    const examples =
      texts ||
      (await imageFolder(args.data, {
        validation,
        test: 0,
        seed,
        augment: args.augment === 'flip' ? flip() : [],
        onProgress: ({ done, total }) => progress.count('pictures', done, total),
        ...signalOf(io),
      }).finally(progress.end));
    const base = await baseByName(args.base, { seed, ...signalOf(io) });
    try {
      if (!texts && readsTokens(base.inputs)) {
        throw new UsageError(
          `--base received "${args.base}", an encoder of texts, and ${args.data} holds pictures. Pass a base of pictures, such as ${baseNames[0]}, or a table or folder of texts.`,
        );
      }
      const model = pipe(base, freeze(), attachHead(classifier(examples.labels, { dropout: 0.5, seed })));
      try {
        if (!args['dry-run']) {
          const workers = workerCount ? featureWorkers(workerCount) : undefined;
          const { output, json = false } = args;
          const keep = texts ? texts.keep : undefined;
          const request = {
            model,
            data: examples,
            noun,
            keep,
            strategy,
            seed,
            workers,
            output,
            json,
            started,
          } as const;
          return await trainAndSave(request, io).finally(() => workers?.close());
        }
        const phases = explain(model, strategy, examples);
        const { labels, skipped, train: learned, validation: measured } = examples;
        const split = `${count(learned.size, noun)} to train on, ${measured?.size ?? 0} to measure on`;
        const found = `${count(labels.length, 'class', 'classes')}: ${labels.join(', ')}`;
        if (args.json) print(io.stdout, JSON.stringify({ classes: labels, trained: learned.size, phases }));
        else print(io.stdout, found, split, '', ...planText(phases, noun), ...skippedLines(skipped, noun));
        return exitCodes.done;
      } finally {
        dispose(model);
      }
    } finally {
      dispose(base);
    }
  },
});
