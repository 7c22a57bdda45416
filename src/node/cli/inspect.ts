import { defineCommand } from 'citty';
import type { Base, InputSpecification, TransferModel } from '../../core/handle.ts';
import { isMissing } from '../../core/store.ts';
import { readArtifacts } from '../../model/artifacts.ts';
import { dispose } from '../../model/dispose.ts';
import { loadModel } from '../../model/load-model.ts';
import { readsTokens } from '../../model/reads-tokens.ts';
import { isSavedModel } from '../../model/saved-model.ts';
import { summary } from '../../model/summary.ts';
import { useBackend } from '../../model/use-backend.ts';
import { baseByName, baseHelp, baseNames, placeOfBase } from './base-by-name.ts';
import { type CommandIo, exitCodes, print, signalOf } from './command-io.ts';
import { backendByName, sharedFlags } from './flags.ts';

/** `tfjs-transfer inspect <model>` */
export const inspect = defineCommand({
  meta: { name: 'inspect', description: 'Show the layers of a model or base, and where it came from' },
  args: {
    model: {
      type: 'positional',
      required: true,
      description: `The path or URL of a model that train saved, or a base: ${baseHelp}`,
    },
    ...sharedFlags,
  },
  async run({ args, data }): Promise<number> {
    const io = data as CommandIo;
    await useBackend(backendByName(args.backend));
    const model = await modelOrBase(args.model, io);
    try {
      print(io.stdout, args.json ? JSON.stringify(description(model)) : text(model));
      return exitCodes.done;
    } finally {
      dispose(model);
    }
  },
});

async function modelOrBase(source: string, io: CommandIo): Promise<Base | TransferModel> {
  if (baseNames.includes(source)) return baseByName(source, { seed: 0, ...signalOf(io) });
  const saved = await readArtifacts(placeOfBase(source), signalOf(io)).then(
    ({ metadata }) => isSavedModel(metadata.tfjsTransfer),
    (error) => {
      // An encoder of text has no model.json; of what is nothing at all, loading says so.
      if (isMissing(error)) return false;
      throw error;
    },
  );
  return saved ? loadModel(placeOfBase(source), signalOf(io)) : baseByName(source, { seed: 0, ...signalOf(io) });
}

function description(model: Base | TransferModel) {
  const layers = model.layers.map(({ path, className, part, outputShape, weights }) => ({
    path,
    className,
    part,
    outputShape,
    parameters: weights.reduce((sum, { shape }) => sum + shape.reduce((size, length) => size * length, 1), 0),
  }));
  return {
    kind: model.kind,
    labels: model.kind === 'transfer' ? model.head.labels : [],
    task: model.kind === 'transfer' ? model.head.task : null,
    origin: model.origin,
    inputs: model.inputs,
    parameters: layers.reduce((sum, { parameters }) => sum + parameters, 0),
    layers,
  };
}

function text(model: Base | TransferModel): string {
  const { name, source, sha256, licence } = model.origin;
  const facts = {
    Base: name,
    Source: source,
    'SHA-256': sha256,
    Licence: licence,
    Input: readsTokens(model.inputs)
      ? `a text, as its ${model.inputs.length > 2 ? 'ids, mask and types' : 'ids and mask'}`
      : model.inputs.map(inputText).join('; '),
    Labels: model.kind === 'transfer' ? model.head.labels.join(', ') : undefined,
  };
  const lines = Object.entries(facts).flatMap(([fact, value]) => (value ? [`${fact.padEnd(8)} ${value}`] : []));
  return [summary(model), '', ...lines].join('\n');
}

const inputText = ({ shape, scale, offset }: InputSpecification) =>
  `${shape.map((length) => length ?? '?').join(' x ')}, each value times ${scale} plus ${offset}`;
