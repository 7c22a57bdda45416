import type { Examples } from '../core/data.ts';
import { sha256 } from '../model/sha256.ts';

/**
 * Gives examples a fingerprint.
 *
 * @param examples The examples.
 * @param parts What identifies all that they read, as JSON; undefined where something cannot be known.
 */
export function withFingerprint(examples: Examples, parts: () => Promise<unknown>): Examples {
  return {
    ...examples,
    async fingerprint(this: Examples) {
      // A copy that reads something else, `{ ...examples, read }`, is other data.
      if (this.read !== examples.read) return undefined;
      const known = await parts();
      return known === undefined ? undefined : sha256(new TextEncoder().encode(JSON.stringify(known)));
    },
  };
}
