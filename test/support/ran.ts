import { Writable } from 'node:stream';
import { run } from '../../src/node/cli/run.ts';

/** What a command did. */
export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command; `watch` sees what is written to stderr as it is written. */
export async function ran(
  argv: readonly string[],
  { watch, ...io }: { isTTY?: boolean; signal?: AbortSignal; watch?: (text: string) => void } = {},
): Promise<Ran> {
  const texts = { stdout: '', stderr: '' };
  const stream = (name: 'stdout' | 'stderr') =>
    new Writable({
      decodeStrings: false,
      write(text, _encoding, done) {
        texts[name] += text;
        if (name === 'stderr') watch?.(String(text));
        done();
      },
    });
  const code = await run(argv, { isTTY: false, ...io, stdout: stream('stdout'), stderr: stream('stderr') });
  return { code, ...texts };
}

/** The last line of stdout, which is JSON with `--json`. */
export const lastLine = ({ stdout }: Ran) => JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '');
