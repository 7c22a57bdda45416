import type { LearnedState, Learner, Method } from './learned-head.ts';
import { logits } from './logistic-regression.ts';
import { means } from './nearest-mean.ts';
import { memories } from './nearest-neighbours.ts';
import { regression } from './ridge.ts';

/** What a learner does. Its states are its own: a head never leaves the learner that it was made by. */
export function methodOf(learner: Learner): Method<LearnedState> {
  const methods = {
    nearestMean: () => means as Method<never>,
    ridge: () => regression((learner as { readonly penalty: number }).penalty) as Method<never>,
    logisticRegression: () => logits((learner as { readonly penalty: number }).penalty) as Method<never>,
    nearestNeighbours: () => memories as Method<never>,
  };
  return methods[learner.name]() as unknown as Method<LearnedState>;
}
