import { parseArgs, stripVTControlCharacters } from 'node:util';
import { type ArgsDef, type CommandDef, renderUsage } from 'citty';

/** A command line that cannot be understood: exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** A command, and whether its last argument may be given several times. */
export interface Verb {
  readonly command: CommandDef;
  readonly several: boolean;
}

/**
 * Refuses flags that a command does not have, flags without their value, and too few or too many arguments: citty lets
 * all but the missing ones pass.
 *
 * @param name The command's name.
 * @param verb The command.
 * @param rawArguments What stands behind its name.
 * @throws UsageError
 */
export function assertUsage(name: string, { command, several }: Verb, rawArguments: readonly string[]): void {
  const definitions = Object.entries(command.args as ArgsDef);
  const flags = definitions.filter(([, { type }]) => type !== 'positional');
  const expected = definitions.filter(([, { type }]) => type === 'positional').map(([key]) => key.toUpperCase());
  const options = Object.fromEntries(
    flags.map(([flag, { type }]) => [flag, { type: type === 'boolean' ? ('boolean' as const) : ('string' as const) }]),
  );
  const { tokens, positionals } = parseArgs({
    args: [...rawArguments],
    options,
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
  for (const token of tokens) {
    if (token.kind !== 'option') continue;
    const { name: flag, rawName, value, inlineValue } = token;
    const definition = Object.hasOwn(options, flag) ? (command.args as ArgsDef)[flag] : undefined;
    if (!definition) {
      const known = flags.map(([key]) => `--${key}`).join(', ');
      throw new UsageError(`Unknown flag ${rawName}. The flags of ${name} are ${known}.`);
    }
    if (definition.type === 'boolean') {
      if (inlineValue)
        throw new UsageError(`${rawName} received "${value}"; it takes no value. Write ${rawName} alone.`);
    } else if (!value || (!inlineValue && value.startsWith('--'))) {
      throw new UsageError(`${rawName} received no value. Write ${rawName} <${definition.valueHint ?? 'value'}>.`);
    } else if (definition.type === 'enum' && !definition.options?.includes(value)) {
      throw new UsageError(`${rawName} received "${value}". Pass one of: ${definition.options?.join(', ')}.`);
    }
  }
  const received = positionals.length
    ? `${positionals.map((value) => `"${value}"`).join(', ')} as arguments`
    : 'no arguments';
  if (positionals.length >= expected.length && (several || positionals.length === expected.length)) return;
  throw new UsageError(
    `${name} received ${received}. Pass ${expected.join(' and ')}${several ? ', the last as often as you like' : ''}.`,
  );
}

/**
 * The help of a command, as plain text.
 *
 * @param command The command.
 * @param parent The command that it belongs to.
 */
export async function usageText(command: CommandDef, parent?: CommandDef): Promise<string> {
  return stripVTControlCharacters(await renderUsage(command, parent)).replace(/ +$/gm, '');
}
