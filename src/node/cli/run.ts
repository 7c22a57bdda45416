import { inspect as inspectError } from 'node:util';
import { type ArgsDef, type CommandDef, defineCommand, runCommand } from 'citty';
import { TransferError } from '../../core/errors.ts';
import { version } from '../../core/version.ts';
import { type CommandIo, exitCodes, print } from './command-io.ts';
import { evaluate } from './evaluate.ts';
import { inspect } from './inspect.ts';
import { predict } from './predict.ts';
import { train } from './train.ts';
import { assertUsage, UsageError, usageText, type Verb } from './usage.ts';

/** Forgets which flags a command has: citty's type of a command does not widen to that of any. */
const verb = <Flags extends ArgsDef>(command: CommandDef<Flags>, several = false): Verb => ({
  command: command as unknown as CommandDef,
  several,
});

const verbs: Readonly<Record<string, Verb>> = {
  train: verb(train),
  predict: verb(predict, true),
  evaluate: verb(evaluate),
  inspect: verb(inspect),
};

const program = defineCommand({
  meta: { name: 'tfjs-transfer', version, description: 'Transfer learning on TensorFlow.js' },
  subCommands: Object.fromEntries(Object.entries(verbs).map(([name, { command }]) => [name, command])),
});

/**
 * The command line.
 *
 * @param argv What stands behind the program's name.
 * @param io Where it writes, and the signal that interrupts it.
 * @returns The exit code: 0 done, 1 failed, 2 wrong usage, 130 interrupted. It never throws.
 */
export async function run(argv: readonly string[], io: CommandIo): Promise<number> {
  const [name, ...rest] = argv;
  const asked = name !== undefined && Object.hasOwn(verbs, name) ? verbs[name] : undefined;
  const flags = argv.slice(0, argv.includes('--') ? argv.indexOf('--') : argv.length);
  try {
    if (flags.includes('--help') || flags.includes('-h')) {
      if (name && !asked && !name.startsWith('-')) throw new UsageError(unknownCommand(name));
      if (asked) print(io.stdout, await usageText(asked.command, program));
      else print(io.stdout, await usageText(program), '', exitCodesText);
      return exitCodes.done;
    }
    if (name === '--version' || name === '-v') {
      print(io.stdout, version);
      return exitCodes.done;
    }
    if (!name || !asked) throw new UsageError(unknownCommand(name));
    assertUsage(name, asked, rest);
    const { result } = await runCommand(asked.command, { rawArgs: rest, data: io });
    return result as number;
  } catch (error) {
    return complain(error, asked && name, io);
  }
}

const exitCodesText = 'Exit codes: 0 done, 1 something could not be read or failed, 2 wrong usage, 130 interrupted.';

const unknownCommand = (name: string | undefined) =>
  `${name ? `Unknown command "${name}"` : 'No command was given'}. Pass one of: ${Object.keys(verbs).join(', ')}.`;

function complain(error: unknown, command: string | undefined, { stderr, signal }: CommandIo): number {
  // A failure after an interruption, such as a full disk while saving, is still said as what it is.
  if (signal?.aborted && !(error instanceof TransferError)) {
    print(stderr, 'Interrupted.');
    return exitCodes.interrupted;
  }
  const message = error instanceof Error ? error.message : String(error);
  print(stderr, process.env.DEBUG ? inspectError(error) : message);
  if (!(error instanceof UsageError)) return exitCodes.failed;
  print(stderr, `See tfjs-transfer ${command ? `${command} ` : ''}--help.`);
  return exitCodes.wrongUsage;
}
