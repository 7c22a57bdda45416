import { TransferError } from './errors.ts';
import { kindOf } from './kind-of.ts';

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

/** Refuses what is no backend: its name, or the function that returns it. */
export function assertIsBackend(caller: string, backend: Backend): void {
  if (kindOf(backend) === 'backend') return;
  throw new TransferError(
    'BACKEND_UNKNOWN',
    `${caller} received ${typeof backend === 'function' ? 'a function' : JSON.stringify(backend)}. Pass a backend as a value, called: wasm() of tfjs-transfer/backends/wasm, or cpu() of tfjs-transfer/backends/cpu.`,
  );
}
