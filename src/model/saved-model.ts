import type { InputSpecification, Origin } from '../core/handle.ts';
import type { Head } from '../core/head.ts';

/** What a saved model says of itself, in `userDefinedMetadata.tfjsTransfer` of its model.json. */
export interface SavedModel {
  readonly format: 1;
  readonly packageVersion: string;
  readonly head: Head;
  /** The names of the head's layers in the file. */
  readonly headLayers: readonly string[];
  readonly origin: Origin;
  readonly inputs: readonly InputSpecification[];
  /** SHA-256 of the weights in hexadecimal. */
  readonly weightsSha256?: string;
}

/** Whether a value from a file is what {@link SavedModel} says; `assertHead` looks at its head. */
export function isSavedModel(value: unknown): value is SavedModel {
  const saved = value as Partial<SavedModel> | null;
  return (
    typeof saved === 'object' &&
    saved?.format === 1 &&
    Array.isArray(saved.headLayers) &&
    saved.headLayers.length > 0 &&
    Array.isArray(saved.inputs) &&
    saved.inputs.every((input) => Array.isArray(input?.shape)) &&
    typeof saved.origin?.name === 'string'
  );
}
