import { TransferError } from '../core/errors.ts';
import { kindOf } from '../core/kind-of.ts';
import type { LearnedHead, LearnedState } from './learned-head.ts';
import { methodOf } from './method-of.ts';
import { readExample } from './read-example.ts';

/**
 * The head with one more example. About a millisecond for the nearest mean and ten for ridge, at 1,280 features.
 *
 * @param head The head, which stays as it is.
 * @param features The features of the example, copied.
 * @param label The name of its class.
 * @returns The new head; the example is its last.
 * @throws TransferError `INVALID_DATA` where the example has other features than the head, or NaN; `NOT_FOUND` where the
 * head has no such class.
 *
 * @example
 * ```ts
 * import { addClass, addExample, learn, nearestMean, predictScores } from 'tfjs-transfer/analyse';
 *
 * const two = await learn(nearestMean(), [[0, 1], [4, 0]], [0, 1], ['up', 'right']);
 * const three = addExample(addClass(two, 'left'), [-4, 0], 'left');
 * console.log(predictScores(three, [-3, 0])); // [ -0.5, -20, 4 ]
 * ```
 */
export function addExample(head: LearnedHead, features: ArrayLike<number>, label: string): LearnedHead {
  const position = positionOf(head, label, 'addExample');
  const example = { features: readExample(features, head.size, 'addExample'), label: position };
  const examples = [...head.examples, example];
  const { add, learn } = methodOf(head.learner);
  const lesson = lessonOf({ ...head, examples });
  return { ...head, examples, state: add ? add(head.state, lesson) : learn(lesson) };
}

/**
 * The head without one of its examples: as if it had never seen it.
 *
 * @param head The head, which stays as it is.
 * @param index Which example, by the order in which they were added.
 * @returns The new head; later examples move down by one.
 * @throws TransferError `INVALID_ARGUMENT` where there is no such example.
 *
 * @example
 * ```ts
 * import { addExample, learn, predictScores, removeExample, ridge } from 'tfjs-transfer/analyse';
 *
 * const head = await learn(ridge(), [[0, 1], [4, 0]], [0, 1], ['up', 'right']);
 * const back = removeExample(addExample(head, [9, 9], 'up'), 2);
 * console.log(predictScores(back, [1, 1]), predictScores(head, [1, 1])); // the same
 * ```
 */
export function removeExample(head: LearnedHead, index: number): LearnedHead {
  assertLearned(head, 'removeExample');
  const removed = head.examples[index];
  if (!removed) {
    throw new TransferError(
      'INVALID_ARGUMENT',
      `removeExample received ${index}; the head has ${head.examples.length} examples. Pass a whole number from 0 to ${head.examples.length - 1}.`,
    );
  }
  const examples = head.examples.toSpliced(index, 1);
  const { remove, learn } = methodOf(head.learner);
  const lesson = lessonOf({ ...head, examples });
  return { ...head, examples, state: remove ? remove(head.state, lesson, removed, index) : learn(lesson) };
}

/**
 * The head with one more class, which is never chosen before it has an example.
 *
 * @param head The head, which stays as it is.
 * @param label The name.
 * @returns The new head; the class is its last.
 * @throws TransferError `INVALID_ARGUMENT` where the head has a class of that name.
 *
 * @example
 * ```ts
 * import { addClass, learn, nearestMean } from 'tfjs-transfer/analyse';
 *
 * const head = await learn(nearestMean(), [[0, 1], [4, 0]], [0, 1], ['up', 'right']);
 * console.log(addClass(head, 'left').labels); // [ 'up', 'right', 'left' ]
 * ```
 */
export function addClass(head: LearnedHead, label: string): LearnedHead {
  assertNew(head, label, 'addClass');
  const labels = [...head.labels, label];
  const from = labels.map((_, position) => (position < head.labels.length ? position : undefined));
  return { ...head, labels, state: regrouped({ ...head, labels }, from) };
}

/**
 * The head with another name for a class.
 *
 * @param head The head, which stays as it is.
 * @param label The name that the class has.
 * @param name The name that it gets.
 * @returns The new head; the class keeps its position and its examples.
 * @throws TransferError `NOT_FOUND` where the head has no such class; `INVALID_ARGUMENT` where another has the new name.
 *
 * @example
 * ```ts
 * import { learn, nearestMean, renameClass } from 'tfjs-transfer/analyse';
 *
 * const head = await learn(nearestMean(), [[0, 1], [4, 0]], [0, 1], ['up', 'right']);
 * console.log(renameClass(head, 'right', 'east').labels); // [ 'up', 'east' ]
 * ```
 */
export function renameClass(head: LearnedHead, label: string, name: string): LearnedHead {
  const position = positionOf(head, label, 'renameClass');
  if (name !== label) assertNew(head, name, 'renameClass');
  return { ...head, labels: head.labels.with(position, name) };
}

/**
 * The head without a class and its examples: as if it had never seen them. It takes as long as to
 * remove each of them, or to learn anew where that is how the head learns.
 *
 * @param head The head, which stays as it is.
 * @param label The name of the class.
 * @returns The new head; later classes move down by one.
 * @throws TransferError `NOT_FOUND` where the head has no such class.
 *
 * @example
 * ```ts
 * import { learn, nearestMean, removeClass } from 'tfjs-transfer/analyse';
 *
 * const head = await learn(nearestMean(), [[0, 1], [4, 0], [5, 0]], [0, 1, 1], ['up', 'right']);
 * const { labels, examples } = removeClass(head, 'right');
 * console.log(labels, examples.length); // [ 'up' ] 1
 * ```
 */
export function removeClass(head: LearnedHead, label: string): LearnedHead {
  const position = positionOf(head, label, 'removeClass');
  const { remove } = methodOf(head.learner);
  let rest = head;
  for (let index = head.examples.length - 1; index >= 0; index--) {
    if (head.examples[index]?.label !== position) continue;
    // What is learned anew is learned once, at the end.
    rest = remove ? removeExample(rest, index) : { ...rest, examples: rest.examples.toSpliced(index, 1) };
  }
  const labels = head.labels.toSpliced(position, 1);
  const from = labels.map((_, index) => (index < position ? index : index + 1));
  const examples = rest.examples.map((example) =>
    example.label < position ? example : { ...example, label: example.label - 1 },
  );
  return { ...rest, labels, examples, state: regrouped({ ...rest, labels, examples }, from) };
}

function regrouped(head: LearnedHead, from: readonly (number | undefined)[]): LearnedState {
  const { regroup, learn } = methodOf(head.learner);
  return regroup ? regroup(head.state, lessonOf(head), from) : learn(lessonOf(head));
}

const lessonOf = ({ examples, labels, size }: LearnedHead) => ({ examples, classes: labels.length, size });

/** Refuses what is no learned head. */
export function assertLearned(head: LearnedHead, caller: string): void {
  if (kindOf(head) === 'learned') return;
  throw new TransferError(
    'INVALID_ARGUMENT',
    `${caller} received ${kindOf(head) ? `a value of kind "${kindOf(head)}"` : typeof head} as the head. Pass what learn(ridge(), features, labels, classes) returns; await it first.`,
  );
}

function positionOf(head: LearnedHead, label: string, caller: string): number {
  assertLearned(head, caller);
  const position = head.labels.indexOf(label);
  if (position >= 0) return position;
  throw new TransferError(
    'NOT_FOUND',
    `${caller} received the class ${JSON.stringify(label)}; the head has ${head.labels.join(', ')}. Pass one of them, or add it with addClass.`,
  );
}

function assertNew(head: LearnedHead, label: string, caller: string): void {
  assertLearned(head, caller);
  if (typeof label === 'string' && !head.labels.includes(label)) return;
  throw new TransferError(
    'INVALID_ARGUMENT',
    `${caller} received ${JSON.stringify(label)}; the head has ${head.labels.join(', ')}. Pass a name that none of them has.`,
  );
}
