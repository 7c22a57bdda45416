/**
 * A tfjs backend as a value. Nothing is imported before `load` runs, and only {@link useBackend} makes it current.
 */
export interface Backend {
  readonly kind: 'backend';
  /** The name that tfjs registers the backend under: `cpu`, `wasm`, ... */
  readonly name: string;
  /** Imports the backend's package and registers what it needs. Calling it again does nothing. */
  load(): Promise<void>;
}
