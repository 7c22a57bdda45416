import { fromFiles } from '../../src/stores/from-files.ts';
import type { Place } from './contract.ts';

/** Files that a user chose, for the contract. */
export async function chosenFiles(): Promise<Place> {
  let chosen: File[] = [];
  return {
    source: () => fromFiles(chosen),
    put: async (files) => {
      chosen = files.map(({ name, bytes }) => new File([bytes as Uint8Array<ArrayBuffer>], name));
    },
  };
}
