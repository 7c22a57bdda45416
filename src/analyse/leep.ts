import { TransferError } from '../core/errors.ts';
import { addTo, dot, type Matrix, rowOf } from './matrix.ts';
import { type Features, type Labels, membersOf, readFeatures, readLabels } from './read-features.ts';

/**
 * How well labels can be told from what the base's own classifier says about the examples: the mean log of the expected
 * empirical prediction. 0 is perfect; higher is better.
 *
 * LEEP, Nguyen et al. (ICML 2020), equations 1 and 2.
 *
 * @param sourceProbabilities What the classifier says, `[examples, source classes]`: each row adds up to 1.
 * @param labels The class of each example. Classes that do not occur do not matter.
 * @returns The score, 0 at most.
 * @throws TransferError `INVALID_DATA` where rows are no probabilities, lengths differ, or there is but one class.
 *
 * @example
 * ```ts
 * import { leep } from 'tfjs-transfer/analyse';
 *
 * console.log(await leep([[0.9, 0.1], [0.8, 0.2], [0.1, 0.9]], [0, 0, 1])); // -0.236...
 * ```
 */
export async function leep(sourceProbabilities: Features, labels: Labels): Promise<number> {
  const probabilities = await readFeatures(sourceProbabilities, 'leep');
  assertProbabilities(probabilities);
  return leepOf(probabilities, membersOf(await readLabels(labels, probabilities.rows, 'leep'), 'leep'));
}

/**
 * The same of some of the rows, any of them as often as it is named.
 *
 * @param probabilities What the classifier says.
 * @param members The rows of each class.
 */
export function leepOf(probabilities: Matrix, members: readonly (readonly number[])[]): number {
  const joints = members.map((positions) => {
    const joint = new Float64Array(probabilities.columns);
    for (const i of positions) addTo(joint, 1, rowOf(probabilities, i));
    return joint;
  });
  const all = new Float64Array(probabilities.columns);
  for (const joint of joints) addTo(all, 1, joint);
  let sum = 0;
  let count = 0;
  for (const [label, positions] of members.entries()) {
    const joint = joints[label] as Float64Array;
    // A source class that nothing is taken for has no share in any prediction.
    const shares = joint.map((mass, z) => (mass > 0 ? mass / (all[z] as number) : 0));
    for (const i of positions) sum += Math.log(dot(rowOf(probabilities, i), shares));
    count += positions.length;
  }
  return sum / count;
}

function assertProbabilities(probabilities: Matrix): void {
  for (let i = 0; i < probabilities.rows; i++) {
    const row = rowOf(probabilities, i);
    const sum = row.reduce((before, p) => before + p, 0);
    if (row.every((p) => p >= 0) && Math.abs(sum - 1) < 1e-3) continue;
    throw new TransferError(
      'INVALID_DATA',
      `leep: row ${i} of the source probabilities adds up to ${sum}${row.every((p) => p >= 0) ? '' : ' and holds numbers below 0'}. Pass the outputs of a softmax, from 0 to 1, not logits.`,
    );
  }
}
