import { readFile } from 'node:fs/promises';
import { bestWeights } from '../../core/callbacks.ts';
import { TransferError } from '../../core/errors.ts';
import { linearProbe, probeThenTune } from '../../core/recipes.ts';
import type { Strategy } from '../../core/strategy.ts';
import { strategyFromJSON } from '../../train/strategy-from-json.ts';
import { UsageError } from './usage.ts';

// The command line reports accuracy, so that is what it keeps the best of. Two views of each picture are cached.
const settingsFor = (validated: boolean) => ({
  callbacks: [bestWeights({ monitor: validated ? 'accuracy' : 'loss' })],
  views: 2,
});

type Settings = ReturnType<typeof settingsFor>;
const named: Readonly<Record<string, (epochs: number, settings: Settings) => Strategy>> = {
  'probe-then-tune': (epochs, settings) =>
    probeThenTune({ probe: { epochs, ...settings }, tune: { epochs: Math.ceil(epochs / 8), ...settings } }),
  'linear-probe': (epochs, settings) => linearProbe({ epochs, ...settings }),
};

/** The names of strategies that {@link strategyByName} knows. */
export const strategyNames = Object.keys(named);

const defaultEpochs = 40;

/**
 * Makes a strategy from its name, or reads it from a file.
 *
 * @param strategy The name, or the path of a JSON file.
 * @param epochs The epochs of a named strategy's first phase; undefined where none were asked for.
 * @param validated Whether there is a validation split.
 * @throws UsageError where it is neither; TransferError where the file cannot be read or holds no strategy.
 */
export async function strategyByName(
  strategy: string,
  epochs: number | undefined,
  validated: boolean,
): Promise<Strategy> {
  const make = Object.hasOwn(named, strategy) ? named[strategy] : undefined;
  if (make) return make(epochs ?? defaultEpochs, settingsFor(validated));
  if (!/[\\/.]/.test(strategy)) {
    throw new UsageError(
      `--strategy received "${strategy}". Pass ${strategyNames.join(' or ')}, or the path of a JSON file.`,
    );
  }
  if (epochs !== undefined) {
    throw new UsageError(
      `--epochs received "${epochs}" beside a file, which has epochs of its own. Leave --epochs out.`,
    );
  }
  const text = await readText(strategy);
  try {
    return strategyFromJSON(text);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    const sentence = `${strategy} holds no strategy: ${reason}`;
    const advice = cause instanceof SyntaxError ? '. Write what JSON.stringify makes of sequence(...).' : '';
    throw new TransferError('INVALID_ARGUMENT', `${sentence}${advice}`, { cause });
  }
}

async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw new TransferError(
      'NOT_FOUND',
      `The strategy ${path} cannot be read (${code}). Pass the path of a JSON file, or ${strategyNames.join(' or ')}.`,
      { cause },
    );
  }
}
