import { existsSync } from 'node:fs';
import { importPackage } from '../../backends/import-package.ts';
import { tinyCnn } from '../../bases/index.ts';
import type { Base } from '../../core/handle.ts';
import { loadBase } from '../../model/load-base.ts';
import { UsageError } from './usage.ts';

interface BaseRequest {
  /** Seed of random weights, where the base has such. */
  readonly seed: number;
  readonly signal?: AbortSignal;
}

const named: Readonly<Record<string, (request: BaseRequest) => Promise<Base>>> = {
  'efficientnet-lite0': async ({ signal }) => {
    const name = '@tfjs-transfer/efficientnet-lite0';
    const { efficientNetLite0 } = await importPackage(() => import('@tfjs-transfer/efficientnet-lite0'), name);
    return loadBase(efficientNetLite0(), signal ? { signal } : {});
  },
  'tiny-cnn': async ({ seed }) => tinyCnn({ size: 64, seed }),
};

/** The names of bases that {@link baseByName} knows. */
export const baseNames = Object.keys(named);

/**
 * Refuses what is no name of a base, no URL, and no path of anything.
 *
 * @param base What was received as `--base`.
 * @throws UsageError
 */
export function assertBase(base: string): void {
  if (baseNames.includes(base) || /^[a-z]+:\/\//i.test(base) || existsSync(base)) return;
  throw new UsageError(
    `--base received "${base}", which is no base's name, and nothing is at that path. ` +
      `Pass ${baseNames.join(', ')}, or the path or URL of a tfjs layers-model.`,
  );
}

/**
 * Loads a base by its name, path or URL. The caller disposes it.
 *
 * @param base The name, path or URL.
 * @param request Seed and signal.
 */
export async function baseByName(base: string, request: BaseRequest): Promise<Base> {
  const load = Object.hasOwn(named, base) ? named[base] : undefined;
  return load ? load(request) : loadBase(base, request.signal ? { signal: request.signal } : {});
}
