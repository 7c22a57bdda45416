import { type Labels, membersOf, readLabels } from './read-features.ts';

/**
 * How well labels can be told from the class that the base's own classifier gives to each example: the negative
 * conditional entropy -H(y | z), in nats. 0 is perfect; higher is better.
 *
 * NCE, Tran et al. (ICCV 2019), equation 9.
 *
 * @param sourceLabels The class that the source classifier finds most probable, for each example.
 * @param labels The class of each example. Classes that do not occur do not matter.
 * @returns The score, 0 at most.
 * @throws TransferError `INVALID_DATA` where labels are no whole numbers from 0, lengths differ, or there is but one class.
 *
 * @example
 * ```ts
 * import { nce } from 'tfjs-transfer/analyse';
 *
 * console.log(await nce([7, 7, 4, 4], [0, 0, 1, 1])); // 0
 * console.log(await nce([7, 4, 7, 4], [0, 0, 1, 1])); // -0.693...
 * ```
 */
export async function nce(sourceLabels: Labels, labels: Labels): Promise<number> {
  const { length = 0, size = length } = (labels ?? {}) as { readonly length?: number; readonly size?: number };
  const source = await readLabels(sourceLabels, size, 'nce');
  const members = membersOf(await readLabels(labels, size, 'nce'), 'nce');
  return nceOf(source, members);
}

/**
 * The same of some of the examples, any of them as often as it is named.
 *
 * @param source The class that the source classifier gives to each.
 * @param members The examples of each class.
 */
export function nceOf(source: readonly number[], members: readonly (readonly number[])[]): number {
  const all = counted(members.flat().map((i) => source[i] as number));
  let sum = 0;
  for (const positions of members) {
    for (const [z, count] of counted(positions.map((i) => source[i] as number))) {
      sum += count * Math.log(count / (all.get(z) as number));
    }
  }
  return sum / members.flat().length;
}

function counted(labels: readonly number[]): Map<number, number> {
  const counts = new Map<number, number>();
  for (const label of labels) counts.set(label, (counts.get(label) ?? 0) + 1);
  return counts;
}
