import { kinds } from './kinds.ts';
import { layerClass } from './layer-class.ts';

/** Lets tfjs know the layers of encoders, to read a model that has some. */
export function knowEncoders(): void {
  for (const kind of Object.values(kinds)) layerClass(kind);
}
