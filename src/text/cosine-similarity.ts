import { TransferError } from '../core/errors.ts';

/**
 * The cosine of the angle between two vectors: 1 where they point the same way, 0 where they have nothing in common.
 *
 * @param a A vector, such as an embedding of `embed`.
 * @param b One of the same length.
 * @returns `a b / (|a| |b|)`, from -1 to 1; 0 where one of them is zero.
 * @throws TransferError `INVALID_DATA` where their lengths differ.
 *
 * @example
 * ```ts
 * import { cosineSimilarity } from 'tfjs-transfer/text';
 *
 * console.log(cosineSimilarity([1, 0], [2, 0]), cosineSimilarity([1, 0], [0, 3])); // 1 0
 * ```
 */
export function cosineSimilarity(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a?.length === undefined || a.length !== b?.length) {
    throw new TransferError(
      'INVALID_DATA',
      `cosineSimilarity received vectors of ${a?.length ?? 'no'} and ${b?.length ?? 'no'} numbers. Take both from one base.`,
    );
  }
  let [product, ofA, ofB] = [0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    const [x, y] = [a[i] as number, b[i] as number];
    product += x * y;
    ofA += x * x;
    ofB += y * y;
  }
  return product === 0 ? 0 : product / Math.sqrt(ofA * ofB);
}
