import type { TransferModel } from './handle.ts';

/** What went wrong, as a word that a program can branch on. */
export type ErrorCode =
  | 'INVALID_ARGUMENT'
  | 'INVALID_DATA'
  | 'INVALID_ORDER'
  | 'INVALID_MODEL'
  | 'NOT_FOUND'
  | 'OFFLINE'
  | 'NOT_FINITE'
  | 'NOT_TRAINABLE'
  | 'PACKAGE_MISSING'
  | 'BACKEND_UNKNOWN'
  | 'KERNEL_MISSING'
  | 'DEVICE_LOST'
  | 'OUT_OF_MEMORY'
  | 'FROZEN_CHANGED'
  | 'DISPOSED'
  | 'DUPLICATE_TFJS'
  | 'SAVE_FAILED'
  | 'RUN_FAILED'
  | 'UNSUPPORTED';

/** Where the pages of the codes lie: docs/errors of this repository. */
const pages = 'https://github.com/tfjs-transfer/tfjs-transfer/blob/main/docs/errors';

/**
 * The error that this library throws for everything but an abort, which rejects with the signal's reason. Its message says
 * what was received, what was expected and what to do next.
 *
 * `model` is set by {@link fineTune} when a run fails after its first step: the best weights so far where there is a
 * validation split, else those of the last whole step; owned by the caller.
 *
 * @example
 * ```ts
 * import { TransferError } from 'tfjs-transfer';
 *
 * const error = new TransferError('INVALID_ARGUMENT', 'unfreezeTop(40): the base has 27 layers. Pass 0 to 27.');
 * console.log(error.code); // INVALID_ARGUMENT
 * console.log(error.docs); // https://github.com/tfjs-transfer/tfjs-transfer/blob/main/docs/errors/INVALID_ARGUMENT.md
 * ```
 */
export class TransferError extends Error {
  override readonly name = 'TransferError';
  /** The kind of failure. */
  readonly code: ErrorCode;
  /** The best model so far, or that of the last whole step, where a run failed. The caller disposes it. */
  declare model?: TransferModel;
  /** The address of the page on this kind of failure: what it means, typical causes, what to do. */
  readonly docs: string;

  /**
   * @param code The kind of failure.
   * @param message The sentence: what was received, what was expected, what to do next.
   * @param options The cause, where another error led to this one.
   */
  constructor(code: ErrorCode, message: string, options?: { readonly cause?: unknown }) {
    super(message, options);
    this.code = code;
    this.docs = `${pages}/${code}.md`;
  }
}
