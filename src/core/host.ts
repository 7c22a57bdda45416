import { TransferError } from './errors.ts';
import { isMissingPackage } from './missing-package.ts';

/**
 * A module of Node, without an import that a bundler for browsers would trip over.
 *
 * @param name The module, such as `node:fs/promises`.
 * @returns The module, or undefined outside Node (20.16 or newer).
 */
export function nodeBuiltin(name: string): unknown {
  return globalThis.process?.getBuiltinModule?.(name);
}

/**
 * Imports a package that an app may do without.
 *
 * @param name The package. It is a variable on purpose: a bundler must not look for it.
 * @param what What it is needed for, as the beginning of a sentence: `Reading pictures`.
 * @returns The package's exports.
 * @throws TransferError `PACKAGE_MISSING`, naming what to install.
 */
export async function importOptional(name: string, what: string): Promise<unknown> {
  try {
    return await import(/* webpackIgnore: true */ /* @vite-ignore */ name);
  } catch (cause) {
    const found = isMissingPackage(cause, name)
      ? 'which is not installed'
      : `which is installed but cannot be loaded here (${firstLine(cause)})`;
    throw new TransferError(
      'PACKAGE_MISSING',
      `${what} needs the package ${name}, ${found}. Run: npm install ${name}`,
      {
        cause,
      },
    );
  }
}

const firstLine = (error: unknown) => String((error as Error | undefined)?.message ?? error).split('\n', 1)[0];
