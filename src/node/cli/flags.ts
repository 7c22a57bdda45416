import { cpu } from '../../backends/cpu.ts';
import { wasm } from '../../backends/wasm.ts';
import type { Backend } from '../../core/backend.ts';
import { UsageError } from './usage.ts';

const backends: Readonly<Record<string, () => Backend>> = { wasm, cpu };

/** The flags of every command. */
export const sharedFlags = {
  backend: { type: 'enum', options: Object.keys(backends), default: 'wasm', description: 'What computes.' },
  json: { type: 'boolean', description: 'Print one line of JSON as the last of stdout; all else goes to stderr.' },
} as const;

/** The flags of commands that read labelled texts. */
export const columnFlags = {
  text: { type: 'string', valueHint: 'column', default: 'text', description: 'The column of the texts in a table.' },
  label: {
    type: 'string',
    valueHint: 'column',
    default: 'label',
    description: 'The column of the classes in a table.',
  },
} as const;

/** The backend of a name that {@link sharedFlags} lets pass. */
export const backendByName = (name: string): Backend => (backends[name] as () => Backend)();

/**
 * Reads a flag as a number.
 *
 * @param flag The flag, for messages.
 * @param text What was received.
 * @param bounds What it must be: whole or not, from `least`, below `below` (default: no bound).
 * @throws UsageError
 */
export function numberOf(
  flag: string,
  text: string,
  {
    whole,
    least,
    below = Number.POSITIVE_INFINITY,
  }: { readonly whole: boolean; readonly least: number; readonly below?: number },
): number {
  const number = /^[-+\d.e]+$/i.test(text) ? Number(text) : Number.NaN;
  if (number >= least && number < below && (whole ? Number.isSafeInteger(number) : Number.isFinite(number)))
    return number;
  const bound = Number.isFinite(below) ? ` and below ${below}` : '';
  throw new UsageError(`--${flag} received "${text}". Pass a ${whole ? 'whole ' : ''}number from ${least}${bound}.`);
}
