import type { Store } from '../core/store.ts';

/** A store whose model can be removed again. */
export interface RemovableStore extends Store {
  /** Removes the model; one that is not there is removed already. */
  remove(): Promise<void>;
}
