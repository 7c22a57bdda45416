import type { Known } from './settings.ts';

/**
 * What loading and saving report, in the words of Transformers.js. `name` is the model's place, `file` one of its files;
 * `progress` is in percent. While a model is saved, `done` comes after the commit, and there is no `download`.
 */
export type TransferProgress =
  | { readonly status: 'initiate' | 'download' | 'done'; readonly name: string; readonly file: string }
  | {
      readonly status: 'progress';
      readonly name: string;
      readonly file: string;
      /** Bytes so far. */
      readonly loaded: number;
      /** Bytes of the whole file; `loaded`, where a server does not say. */
      readonly total: number;
      readonly progress: number;
    }
  /** The model is loaded, or safely saved. */
  | { readonly status: 'ready'; readonly name: string };

/** Settings of what loads and saves. */
export interface TransferSettings {
  /** Stops it; the promise rejects with the signal's reason, and a model that was there before is still there. */
  readonly signal?: AbortSignal | undefined;
  /** Called while bytes move. */
  readonly onProgress?: ((event: TransferProgress) => void) | undefined;
}

/** The settings of what loads and saves. */
export const knownInTransfer: Known<TransferSettings> = { onProgress: Function, signal: undefined };

/**
 * The event of bytes that moved.
 *
 * @param name The model's place.
 * @param file The file.
 * @param loaded Bytes so far.
 * @param total Bytes of the whole file.
 */
export function bytesMoved(name: string, file: string, loaded: number, total: number): TransferProgress {
  return { status: 'progress', name, file, loaded, total, progress: total ? (loaded / total) * 100 : 100 };
}
