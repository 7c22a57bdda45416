import type { Target } from '../core/outcome.ts';
import { permutation, randomStream } from '../core/random.ts';

/** Which examples go where. */
export interface SplitIndices {
  readonly train: readonly number[];
  readonly validation: readonly number[];
  readonly test: readonly number[];
}

type Held = 'validation' | 'test';

/**
 * Divides examples so that every class has its share in every split, give or take one example, and at least one example
 * in training. Splits get their sizes by the largest remainders; targets that are no class indices count as one class.
 *
 * @param targets The target of each example.
 * @param shares The shares of validation and test, together below 1.
 * @param seed The seed.
 * @returns Positions, each in one split, in rising order.
 */
export function stratify(
  targets: readonly Target[],
  shares: Readonly<Record<Held, number>>,
  seed: number,
): SplitIndices {
  const groups = new Map<number | 'all', number[]>();
  targets.forEach((target, index) => {
    const key = Number.isInteger(target) ? (target as number) : 'all';
    const members = groups.get(key) ?? [];
    members.push(index);
    groups.set(key, members);
  });
  const classes = [...groups].sort(([a], [b]) => Number(a) - Number(b));
  const counts = heldCounts(
    classes.map(([, members]) => members.length),
    shares,
    seed,
  );
  const split: Record<'train' | Held, number[]> = { train: [], validation: [], test: [] };
  classes.forEach(([key, members], index) => {
    const { validation, test } = counts[index] as Record<Held, number>;
    const order = permutation(members.length, randomStream(seed, 'split', key)).map((at) => members[at] as number);
    split.validation.push(...order.slice(0, validation));
    split.test.push(...order.slice(validation, validation + test));
    split.train.push(...order.slice(validation + test));
  });
  const rising = (indices: number[]) => indices.sort((a, b) => a - b);
  return { train: rising(split.train), validation: rising(split.validation), test: rising(split.test) };
}

function heldCounts(sizes: readonly number[], shares: Readonly<Record<Held, number>>, seed: number) {
  const total = sizes.reduce((sum, size) => sum + size, 0);
  const random = randomStream(seed, 'split', 'ties');
  const held: readonly Held[] = ['validation', 'test'];
  const counts = sizes.map((size) => ({
    validation: Math.floor(size * shares.validation),
    test: Math.floor(size * shares.test),
  }));
  const remainders = counts
    .flatMap((count, index) =>
      held.map((name) => {
        const rest = (sizes[index] as number) * shares[name] - count[name];
        return {
          count,
          name,
          rest,
          room: () => (sizes[index] as number) - 1 - count.validation - count.test,
          tie: random(),
        };
      }),
    )
    .sort((a, b) => b.rest - a.rest || a.tie - b.tie);
  const missing = (name: Held) =>
    Math.max(1, Math.round(total * shares[name])) - counts.reduce((sum, count) => sum + count[name], 0);
  const left = { validation: missing('validation'), test: missing('test') };
  const raised = new Set<(typeof remainders)[number]>();
  const raise = (remainder: (typeof remainders)[number]) => {
    const { count, name, rest, room } = remainder;
    if (raised.has(remainder) || rest <= 0 || room() <= 0 || left[name] <= 0) return false;
    raised.add(remainder);
    count[name]++;
    left[name]--;
    return true;
  };
  // A split that has nothing yet comes first, or a larger one could take all that training can spare.
  for (const name of held.filter((name) => shares[name] > 0 && counts.every((count) => count[name] === 0))) {
    remainders.filter((remainder) => remainder.name === name).some(raise);
  }
  remainders.forEach(raise);
  return counts;
}
