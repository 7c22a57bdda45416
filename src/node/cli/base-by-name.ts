import { existsSync } from 'node:fs';
import { importPackage } from '../../backends/import-package.ts';
import { tinyCnn } from '../../bases/index.ts';
import type { Base } from '../../core/handle.ts';
import type { Store } from '../../core/store.ts';
import { loadBase } from '../../model/load-base.ts';
import { hub } from '../../stores/hub.ts';
import { placeInFlags } from './place-in-flags.ts';
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

/** What `--base` may be, for its help. */
export const baseHelp = `${baseNames.join(', ')}, hub:owner/name of the Hugging Face hub, or the path or URL of a tfjs layers-model or of an encoder of text.`;

const hubName = (base: string) => /^hub:(.+)$/.exec(base)?.[1];

/**
 * The place that `--base` names: a model of the hub where it says so, else the path or URL as it stands.
 *
 * @param base What was received.
 */
export function placeOfBase(base: string): string | Store {
  const name = hubName(base);
  return name ? hub(name) : base;
}

/**
 * Refuses what is no name of a base, no URL, and no path of anything.
 *
 * @param base What was received as `--base`.
 * @throws UsageError
 */
export function assertBase(base: string): void {
  if (baseNames.includes(base) || hubName(base) || /^[a-z]+:\/\//i.test(base) || existsSync(base)) return;
  throw new UsageError(
    `--base received "${base}", which is no base's name, and nothing is at that path. ` + `Pass ${baseHelp}`,
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
  if (load) return load(request);
  const name = hubName(base)?.split('/').at(-1);
  const settings = { ...(name && { name }), ...(request.signal && { signal: request.signal }) };
  return placeInFlags(loadBase(placeOfBase(base), settings), `Pass ${baseHelp}`);
}
