import type { Random } from '../core/random.ts';
import type { Pixels } from '../model/pixels.ts';

/**
 * A random change of a picture that does not change what it shows. A user's own is a record of this shape; what its
 * function depends on should be among its fields, as saved features are found by them.
 */
export interface Augmentation {
  readonly kind: 'augmentation';
  readonly name: string;
  /**
   * Makes a changed copy.
   *
   * @param picture The picture; it must not be written to.
   * @param random The source of uniform numbers: the only one, so that a seed gives the same pictures.
   * @returns The copy, of the same width, height and channels.
   */
  apply(picture: Pixels, random: Random): Pixels;
}
