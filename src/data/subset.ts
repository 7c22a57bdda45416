import type { Examples } from '../core/data.ts';
import type { Target } from '../core/outcome.ts';

/**
 * A view of some examples: nothing is copied.
 *
 * @param examples The examples.
 * @param indices Which ones, in which order.
 */
export function subset(examples: Examples, indices: readonly number[]): Examples {
  const original = (index: number) => indices[index] as number;
  return {
    kind: 'examples',
    size: indices.length,
    targets: indices.map((index) => examples.targets[index] as Target),
    augmented: examples.augmented,
    describe: (index) => examples.describe(original(index)),
    read: (batch, request) => examples.read(batch.map(original), request),
  };
}
