import type { PhaseExplanation } from '../../train/explain.ts';
import { bytes, count, type Noun } from './text.ts';

/**
 * Says what a strategy will do, as lines.
 *
 * @param phases What `explain` returns.
 * @param noun What an example is called.
 */
export function planText(phases: readonly PhaseExplanation[], noun: Noun): string[] {
  return phases.flatMap((phase, index) => {
    const {
      epochs,
      batchSize,
      optimizer,
      schedule,
      trains,
      parameters,
      frontier,
      cacheBytes = 0,
      batchNorm,
      uncached,
    } = phase;
    const rates = trains.map(({ learningRate }) => learningRate);
    const [lowest, highest] = [Math.min(...rates), Math.max(...rates)];
    const rate = lowest === highest ? `${highest}` : `${lowest} to ${highest}`;
    const once = uncached
      ? `run for each batch (${uncached})`
      : `computed once for each ${noun}, ${bytes(cacheBytes)} in all`;
    const cached = frontier.length
      ? `${frontier.join(', ')} and all below: ${once}`
      : 'nothing: the whole network runs in every step';
    return [
      ...(index ? [''] : []),
      `Phase ${index + 1} of ${phases.length}: ${count(epochs, 'epoch')} in batches of ${batchSize}`,
      `  optimizer  ${optimizer}, rate ${rate}, ${schedule}`,
      `  trains     ${trains.map(({ layer }) => layer).join(', ')} (${count(parameters, 'parameter')})`,
      `  batch norm ${batchNorm}`,
      `  frozen     ${cached}`,
    ];
  });
}
