/** A file of a model. */
export interface StoredFile {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** How a store reads a file. */
export interface ReadSettings {
  /** The most bytes that the file may have; a longer one is refused before it costs memory. */
  readonly limit: number;
  readonly signal?: AbortSignal | undefined;
  /** Called with the bytes so far, and those of the whole file where they are known. */
  readonly onBytes?: ((loaded: number, total?: number) => void) | undefined;
}

/** How a store writes a model. */
export interface WriteSettings {
  readonly signal?: AbortSignal | undefined;
  /** Called with the bytes of a file so far. */
  readonly onBytes?: ((file: string, loaded: number) => void) | undefined;
}

/** Reads a file of a model; TransferError `NOT_FOUND`, naming the file, where it is not there. */
export type ReadFile = (file: string, settings: ReadSettings) => Promise<Uint8Array>;

/**
 * A place for one model: `model.json`, the weights that it names, and `metadata.json`. {@link saveModel},
 * {@link loadModel} and {@link loadBase} take it; `tfjs-transfer/stores` has some.
 */
export interface Store {
  readonly kind: 'store';
  /** What the place is called in messages and in progress. */
  readonly name: string;
  /** Finds the model, and returns what reads its files. */
  open(settings: { readonly signal?: AbortSignal | undefined }): Promise<ReadFile>;
  /**
   * Writes a model in place of the one that is there. When it resolves the new one is there for good; when it rejects,
   * the old one is there as it was.
   */
  write(files: readonly StoredFile[], settings: WriteSettings): Promise<void>;
  /** The URL of the folder that is read, with its version, where there is such. A base has it as its `origin.source`. */
  address?(): Promise<string>;
}

/** Whether an error says that a file is not there. */
export const isMissing = (error: unknown) => (error as { readonly code?: unknown } | undefined)?.code === 'NOT_FOUND';
