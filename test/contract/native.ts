import { pathToFileURL } from 'node:url';
import { test } from 'vitest';
import { installTfjsNode } from '../../scripts/install-tfjs-node.mjs';
import { node } from '../../src/backends/node.ts';
import type { Backend } from '../../src/core/backend.ts';

/** The root of the repository. */
export const root = new URL('../../', import.meta.url).pathname;

/**
 * Native TensorFlow, installed where it is not yet; where it cannot be, a test that is skipped with the reason.
 *
 * @param what What is not tested then.
 */
export async function nativeBackend(what: string): Promise<Backend | undefined> {
  try {
    const installed = await installTfjsNode(`${root}test/.tmp/tfjs-node`);
    return node({ lib: () => import(pathToFileURL(`${installed}/dist/index.js`).href) });
  } catch (error) {
    const [reason] = String((error as Error).message).split('\n', 1);
    test(what, (context) => context.skip(`tfjs-node could not be installed: ${reason}`));
    return undefined;
  }
}
