/**
 * The bounds that an activation is, where it is one that rides on the store of a kernel.
 *
 * @param activation tfjs' name of it; none is linear.
 * @returns Least and greatest result; undefined for activations that are no bounds.
 */
export function boundsOf(activation: string | null | undefined): readonly [low: number, high: number] | undefined {
  const infinity = Number.POSITIVE_INFINITY;
  return { linear: [-infinity, infinity] as const, relu: [0, infinity] as const, relu6: [0, 6] as const }[
    (activation ?? 'linear') as string
  ];
}
