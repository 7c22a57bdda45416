/**
 * Scores as probabilities.
 *
 * @param scores The scores, of which the highest are the likeliest.
 * @param scale What they are multiplied by. Default: 1.
 */
export function softmax(scores: readonly number[], scale = 1): number[] {
  const highest = Math.max(...scores);
  const powers = scores.map((score) => Math.exp(scale * (score - highest)));
  const sum = powers.reduce((before, power) => before + power, 0);
  return powers.map((power) => power / sum);
}
