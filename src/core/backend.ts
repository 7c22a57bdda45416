/** What a backend can do, known before it is loaded. */
export interface BackendCapabilities {
  /** Whether the result of an operation can be read without waiting (`dataSync`). */
  readonly synchronous: boolean;
  /** Whether gradients of convolutions are there, so that layers of a CNN can be tuned. */
  readonly trainsConvolutions: boolean;
}

/**
 * A tfjs backend as a value. Nothing is imported before `load` runs, and only {@link useBackend} makes it current.
 */
export interface Backend {
  readonly kind: 'backend';
  /** The name that tfjs registers the backend under: `cpu`, `wasm`, ... */
  readonly name: string;
  readonly capabilities: BackendCapabilities;
  /** Imports the backend's package and registers what it needs. Calling it again does nothing. */
  load(): Promise<void>;
}
