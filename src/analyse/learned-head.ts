/** One example that a head has learned: its features, and the position of its class in the head's labels. */
export interface LearnedExample {
  readonly features: Float64Array;
  readonly label: number;
}

/** How a head learns, as data: {@link nearestMean}, {@link ridge}, {@link logisticRegression}, {@link nearestNeighbours}. */
export type Learner =
  | { readonly kind: 'learner'; readonly name: 'nearestMean' }
  | { readonly kind: 'learner'; readonly name: 'ridge'; readonly penalty: number }
  | { readonly kind: 'learner'; readonly name: 'logisticRegression'; readonly penalty: number }
  | { readonly kind: 'learner'; readonly name: 'nearestNeighbours'; readonly k: number };

/** What a head has worked out of its examples. Nothing in it is ever written to again. */
export interface LearnedState {
  /** Of heads that are linear: for each class a factor for each feature, then the constant. */
  readonly weights?: readonly Float64Array[];
}

/**
 * A head that was learned from features without a training loop: an immutable value of plain numbers, without tensors. It
 * keeps its examples, so that each can be taken out again.
 */
export interface LearnedHead {
  readonly kind: 'learned';
  readonly learner: Learner;
  /** The names of the classes. */
  readonly labels: readonly string[];
  /** How many features an example has. */
  readonly size: number;
  /** The examples, in the order in which they were added. */
  readonly examples: readonly LearnedExample[];
  readonly state: LearnedState;
}

/** What the examples are about to be, and what they are made into. */
export interface Lesson {
  readonly examples: readonly LearnedExample[];
  readonly classes: number;
  readonly size: number;
}

/** What a learner does: pure functions. Where a change has none, the head is learned anew. */
export interface Method<State extends LearnedState = LearnedState> {
  learn(lesson: Lesson): State;
  /** With one more example, which the lesson has as its last. */
  add?(state: State, lesson: Lesson): State;
  /** Without one of the examples, which the lesson no longer has; `index` is where it was. */
  remove?(state: State, lesson: Lesson, removed: LearnedExample, index: number): State;
  /** With other classes: for each new one the position of the old one; undefined where it is new. No example is lost. */
  regroup?(state: State, lesson: Lesson, from: readonly (number | undefined)[]): State;
}

/** The features with the 1 that the constant is multiplied by. */
export function withOne(features: Float64Array): Float64Array {
  const extended = new Float64Array(features.length + 1);
  extended.set(features);
  extended[features.length] = 1;
  return extended;
}

/** Weights for other classes: those of new ones are 0. */
export const regrouped = (
  weights: readonly Float64Array[],
  from: readonly (number | undefined)[],
  size: number,
): readonly Float64Array[] =>
  from.map((old) => (old === undefined ? undefined : weights[old]) ?? new Float64Array(size + 1));
