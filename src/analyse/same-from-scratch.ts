/** How many examples a learner from scratch needs to be as good. */
export interface SameFromScratch {
  /**
   * `between`: `examples` is interpolated between two sizes. `already`: it is as good with the fewest that were tried, so
   * that it needs no more than `examples`. `never`: not with the most that were tried, so that it needs more than `examples`.
   */
  readonly reached: 'between' | 'already' | 'never';
  readonly examples: number;
  /** `examples` as a multiple of those that the transferred learner had: below 1 the transfer did harm. */
  readonly times: number;
}

/**
 * Looks up the number of examples at which a learning curve first reaches a value: on a straight line between two sizes, by
 * the logarithm of their numbers, along which such curves are nearly straight.
 *
 * @param own How many examples the value was reached with.
 * @param value The value.
 * @param curve The other learner's values, by rising number of examples.
 */
export function sameFromScratch(
  own: number,
  value: number,
  curve: readonly { readonly examples: number; readonly value: number }[],
): SameFromScratch {
  const at = curve.findIndex((point) => point.value >= value);
  const [below, above] = [curve[at < 0 ? curve.length - 1 : at - 1], curve[at]];
  const result = (reached: SameFromScratch['reached'], examples: number) => ({
    reached,
    examples,
    times: examples / own,
  });
  if (!above) return result('never', below?.examples as number);
  if (!below) return result('already', above.examples);
  const way = (value - below.value) / (above.value - below.value);
  return result('between', below.examples * (above.examples / below.examples) ** way);
}
