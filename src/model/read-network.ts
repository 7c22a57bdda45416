import type { io } from '@tensorflow/tfjs-core';
import type { TransferSettings } from '../core/progress.ts';
import { isMissing, type Store } from '../core/store.ts';
import { readArtifacts, readableAt } from './artifacts.ts';
import { buildModel } from './build.ts';
import type { ReadEncoder } from './encoder/read-encoder.ts';

/** A network that was read, before it is a base. */
export type ReadNetwork = Omit<ReadEncoder, 'cut'> & { readonly cut: string | false | undefined };

/**
 * Reads a network: a tfjs layers-model, or, where there is none and a config.json is, an encoder in Hugging Face's layout.
 *
 * @param place Where it is.
 * @param name What it is called.
 * @param cut Where it is cut, if the caller says so.
 * @param settings A signal, and who is told of the progress.
 */
export async function readNetwork(
  place: string | Store | io.IOHandler,
  name: string,
  cut: string | false | undefined,
  settings: TransferSettings,
): Promise<ReadNetwork> {
  const asEncoder = async (folder: string | Store) => {
    // Pictures need no code for texts.
    const { readEncoder } = await import('./encoder/read-encoder.ts');
    return readEncoder(await readableAt(folder), name, cut, settings);
  };
  if (typeof place === 'string' && /(^|[\\/])config\.json([?#]|$)/.test(place)) return asEncoder(place);
  let isAbsent = false;
  const onAbsent = () => {
    isAbsent = true;
  };
  try {
    const artifacts = await readArtifacts(place, settings, onAbsent);
    return { ...(await buildModel(artifacts, name)), sha256: artifacts.sha256, cut };
  } catch (error) {
    if (!isAbsent) throw error;
    return await asEncoder(place as string | Store).catch((second: unknown) => {
      // Neither is there: what is asked for is the one that is better known.
      throw isMissing(second) && String((second as Error).message).includes('config.json') ? error : second;
    });
  }
}
