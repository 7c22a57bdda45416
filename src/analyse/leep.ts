import { TransferError } from '../core/errors.ts';
import { combined, type Matrix, rowOf } from './matrix.ts';
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
  const { rows: n, columns } = probabilities;
  const members = membersOf(await readLabels(labels, n, 'leep'), 'leep');
  const all = combined(probabilities, new Float64Array(n).fill(1));
  let sum = 0;
  for (const positions of members) {
    const joint = new Float64Array(columns);
    for (const i of positions)
      for (let z = 0; z < columns; z++) joint[z] = at(joint, z) + at(rowOf(probabilities, i), z);
    for (const i of positions) {
      const row = rowOf(probabilities, i);
      // A source class that nothing is taken for has no share in any prediction.
      sum += Math.log(row.reduce((expected, p, z) => expected + (p > 0 ? (p * at(joint, z)) / at(all, z) : 0), 0));
    }
  }
  return sum / n;
}

const at = (numbers: Float64Array, index: number) => numbers[index] as number;

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
