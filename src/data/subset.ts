import type { Examples } from '../core/data.ts';
import type { Target } from '../core/outcome.ts';
import { withFingerprint } from './fingerprint.ts';

/**
 * A view of some examples: nothing is copied.
 *
 * @param examples The examples.
 * @param indices Which ones, in which order.
 */
export function subset(examples: Examples, indices: readonly number[]): Examples {
  const original = (index: number) => indices[index] as number;
  const part: Examples = {
    kind: 'examples',
    size: indices.length,
    targets: indices.map((index) => examples.targets[index] as Target),
    augmented: examples.augmented,
    ...(examples.length !== undefined && { length: examples.length }),
    describe: (index) => examples.describe(original(index)),
    read: (batch, request) => examples.read(batch.map(original), request),
  };
  return withFingerprint(part, async () => {
    const whole = await examples.fingerprint?.();
    return whole && [whole, indices];
  });
}
