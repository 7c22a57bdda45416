import { TransferError } from './errors.ts';
import type { LayerPath, Settings, WeightKey } from './handle.ts';

/** The settings of a new base: nothing of it trains. */
export const allFrozen: Settings = Object.freeze({
  trains: new Set<WeightKey>(),
  rates: new Map<LayerPath, number>(),
  batchNorm: 'frozen',
});

/** Every setting that a function knows, with a value of its type; undefined where anything may be passed. */
export type Known<Settings> = Readonly<Record<keyof Settings, unknown>>;

/**
 * Refuses settings that the types do not allow: plain JavaScript passes them, and a misspelled one would do nothing.
 *
 * @param caller The function that received them, for the message.
 * @param settings The settings.
 * @param known What it knows.
 * @throws TransferError `INVALID_ARGUMENT` for no object, a setting it does not know, or a value of another type.
 */
export function assertSettings<Settings extends object>(
  caller: string,
  settings: Settings,
  known: Known<Settings>,
): void {
  const refuse = (sentence: string) => {
    throw new TransferError('INVALID_ARGUMENT', `${caller} received ${sentence}`);
  };
  const names = Object.keys(known);
  const examples: Readonly<Record<string, unknown>> = known;
  if (typeOf(settings) !== 'object') {
    const [first] = names as [string];
    const value = typeof examples[first] === 'number' ? `: ${examples[first]}` : '';
    refuse(`${textOf(settings)} as its settings. Pass an object, such as { ${first}${value} }.`);
  }
  for (const [name, value] of Object.entries(settings)) {
    if (!names.includes(name)) {
      const meant = names.find((one) => isWithin(name, one) || isWithin(one, name));
      refuse(`${name}, which it does not know. Known: ${names.join(', ')}${meant ? `. Did you mean ${meant}?` : '.'}`);
    }
    const type = name === 'signal' ? 'AbortSignal' : typeOf(examples[name]);
    const isRight = name === 'signal' ? value?.throwIfAborted : type === 'undefined' || type === typeOf(value);
    if (value !== undefined && !isRight) refuse(`${name}: ${textOf(value)}. Pass a value of type ${type}.`);
  }
}

/**
 * Refuses arguments of what takes none: in JavaScript, `freeze(base)` would freeze nothing, and nobody would see it.
 *
 * @param name The function, which returns an edit.
 * @param given What it received.
 * @throws TransferError `INVALID_ORDER`.
 */
export function assertBare(name: string, given: readonly unknown[]): void {
  if (given.length === 0) return;
  const message = `${name} takes nothing and returns an edit. Write pipe(base, ${name}()), with the parentheses.`;
  throw new TransferError('INVALID_ORDER', message);
}

/**
 * Refuses what is no array.
 *
 * @param caller The function that received it, for the message.
 * @param given What it received.
 * @param example What to pass.
 * @param fewest How many values it must have.
 * @throws TransferError `INVALID_ARGUMENT`.
 */
export function assertList(caller: string, given: unknown, example: string, fewest = 0): void {
  if (Array.isArray(given) && given.length >= fewest) return;
  throw new TransferError(
    'INVALID_ARGUMENT',
    `${caller} received ${textOf(given)}. Pass an array, such as ${example}.`,
  );
}

const typeOf = (value: unknown) => (Array.isArray(value) ? 'array' : value === null ? 'null' : typeof value);

/** What was received, in a message. */
export const textOf = (value: unknown) =>
  typeof value === 'string'
    ? `"${value}"`
    : value instanceof Object
      ? `[${(value as { readonly name?: unknown }).name || value.constructor?.name}]`
      : String(value);

/** Whether the letters of a word come in that order in another: `lr` in `learningRate`. */
function isWithin(short: string, long: string): boolean {
  const rest = [...short.toLowerCase()];
  for (const letter of long.toLowerCase()) if (letter === rest[0]) rest.shift();
  return !rest.length;
}
