import { describe, expect, test } from 'vitest';
import {
  addClass,
  addExample,
  type LearnedHead,
  type Learner,
  learn,
  logisticRegression,
  nearestMean,
  nearestNeighbours,
  predictScores,
  removeClass,
  removeExample,
  renameClass,
  ridge,
} from '../../src/analyse/index.ts';
import { normal, randomStream } from '../../src/core/random.ts';
import { TransferError } from '../../src/index.ts';

const names = ['ant', 'bee', 'cat'];

/** Clouds around a point for each class. */
function clouds(n: number, d: number, seed = 1, classes = 3): { x: number[][]; y: number[] } {
  const random = randomStream(seed, n, d);
  const y = Array.from({ length: n }, (_, i) => i % classes);
  const x = y.map((label) => Array.from({ length: d }, (_, j) => normal(random) + (j % classes === label ? 1 : 0)));
  return { x, y };
}

const learners: readonly [string, Learner][] = [
  ['nearestMean', nearestMean()],
  ['ridge', ridge()],
  ['logisticRegression', logisticRegression()],
  ['nearestNeighbours', nearestNeighbours(3)],
];
// More examples than features, and fewer.
const sizes = [
  [40, 6],
  [12, 30],
] as const;

const asked = clouds(10, 30, 9).x;
const scoresOf = (head: LearnedHead) => asked.map((x) => predictScores(head, x.slice(0, head.size)));

function expectAlike(a: LearnedHead, b: LearnedHead): void {
  expect(a.labels).toEqual(b.labels);
  for (const [i, scores] of scoresOf(a).entries()) {
    const others = scoresOf(b)[i] as number[];
    expect(scores).toHaveLength(others.length);
    for (const [c, score] of scores.entries()) {
      if (score === others[c]) continue;
      expect(Math.abs(score - (others[c] as number))).toBeLessThan(1e-5);
    }
  }
}

describe.each(learners)('%s', (_, learner) => {
  describe.each(sizes)('of %d examples with %d features', (n, d) => {
    const { x, y } = clouds(n, d);
    const known = () => learn(learner, x, y, names);

    test('knows its examples better than chance', async () => {
      const head = await known();
      const right = x.filter((features, i) => {
        const scores = predictScores(head, features);
        return scores.indexOf(Math.max(...scores)) === y[i];
      });
      expect(right.length / n).toBeGreaterThan(0.6);
    });

    test('an example added is an example learned, wherever it is added', async () => {
      const few = await learn(learner, x.slice(0, n - 5), y.slice(0, n - 5), names);
      const grown = x
        .slice(n - 5)
        .reduce((head, features, i) => addExample(head, features, names[y[n - 5 + i] as number] as string), few);
      expectAlike(grown, await known());
      expect(few.examples).toHaveLength(n - 5);
      expectAlike(few, await learn(learner, x.slice(0, n - 5), y.slice(0, n - 5), names));
    });

    test('an example added and removed was never seen', async () => {
      const head = await known();
      const far = x[0]?.map((value) => 10 - 3 * value) as number[];
      expectAlike(removeExample(addExample(head, far, 'bee'), n), head);
    });

    test('an example removed from the middle was never seen', async () => {
      const rest = (values: readonly unknown[]) => values.filter((_, i) => i !== 4) as never[];
      expectAlike(removeExample(await known(), 4), await learn(learner, rest(x), rest(y), names));
    });

    test('a class added has no score, then its own, then it was never there', async () => {
      const head = await known();
      const four = addClass(head, 'dog');
      expect(four.labels).toEqual([...names, 'dog']);
      for (const scores of scoresOf(four)) expect(scores[3]).toBe(Number.NEGATIVE_INFINITY);
      const far = new Array(d).fill(5);
      const taught = addExample(addExample(four, far, 'dog'), far, 'dog');
      expectAlike(taught, await learn(learner, [...x, far, far], [...y, 3, 3], [...names, 'dog']));
      const scores = predictScores(taught, far);
      expect(scores.indexOf(Math.max(...scores))).toBe(3);
      expectAlike(removeClass(taught, 'dog'), head);
    });

    test('a class removed from the middle was never there', async () => {
      const others = y.flatMap((label, i) => (label === 1 ? [] : [i]));
      const wanted = await learn(
        learner,
        others.map((i) => x[i] as number[]),
        others.map((i) => (y[i] === 2 ? 1 : 0)),
        ['ant', 'cat'],
      );
      expectAlike(removeClass(await known(), 'bee'), wanted);
    });

    test('a class renamed scores as before', async () => {
      const head = await known();
      const renamed = renameClass(head, 'bee', 'wasp');
      expect(renamed.labels).toEqual(['ant', 'wasp', 'cat']);
      expect(scoresOf(renamed)).toEqual(scoresOf(head));
      expect(renameClass(head, 'bee', 'bee').labels).toEqual(names);
    });

    test('all examples can go, and come back', async () => {
      let head = await known();
      for (let i = n - 1; i >= 0; i--) head = removeExample(head, i);
      for (const scores of scoresOf(head)) expect(scores).toEqual(names.map(() => Number.NEGATIVE_INFINITY));
      for (const [i, features] of x.entries()) head = addExample(head, features, names[y[i] as number] as string);
      expectAlike(head, await known());
    });

    test('a head is plain: it survives being cloned', async () => {
      const head = await known();
      expect(scoresOf(structuredClone(head))).toEqual(scoresOf(head));
    });
  });

  const refusals: readonly [string, (head: LearnedHead) => unknown, string, RegExp][] = [
    ['a class that is not there', (h) => addExample(h, [1, 2], 'dog'), 'NOT_FOUND', /"dog".*ant, bee, cat.*addClass/],
    ['features of another base', (h) => addExample(h, [1], 'ant'), 'INVALID_DATA', /1 features.*from 2.*same base/],
    ['NaN', (h) => addExample(h, [1, Number.NaN], 'ant'), 'INVALID_DATA', /NaN or Infinity.*repair/],
    ['a question of NaN', (h) => predictScores(h, [Infinity, 1]), 'INVALID_DATA', /predictScores.*NaN or Infinity/],
    ['an example that is not there', (h) => removeExample(h, 3), 'INVALID_ARGUMENT', /3; the head has 3.*0 to 2/],
    ['a class twice', (h) => addClass(h, 'ant'), 'INVALID_ARGUMENT', /"ant".*that none of them has/],
    ['a name twice', (h) => renameClass(h, 'ant', 'bee'), 'INVALID_ARGUMENT', /"bee".*that none of them has/],
    ['to rename a stranger', (h) => renameClass(h, 'dog', 'cow'), 'NOT_FOUND', /renameClass.*"dog"/],
    ['to remove a stranger', (h) => removeClass(h, 'dog'), 'NOT_FOUND', /removeClass.*"dog"/],
    ['a promise', (h) => predictScores(Promise.resolve(h) as never, [1, 2]), 'INVALID_ARGUMENT', /await it/],
  ];
  test.each(refusals)('refuses %s', async (_, call, code, sentence) => {
    const head = await learn(
      learner,
      [
        [1, 2],
        [3, 4],
        [5, 7],
      ],
      [0, 1, 2],
      names,
    );
    const error = await (async () => call(head))().catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(TransferError);
    expect(error).toMatchObject({ code, message: expect.stringMatching(sentence) });
  });
});

test.each([
  ['no learner', () => learn({} as never, [[1]], [0], ['a']), 'INVALID_ARGUMENT', /Pass nearestMean\(\), ridge\(\)/],
  [
    'a label without a name',
    () => learn(ridge(), [[1]], [1], ['a']),
    'INVALID_DATA',
    /label of example 0 is 1.*1 classes/,
  ],
  ['equal names', () => learn(ridge(), [[1]], [0], ['a', 'a']), 'INVALID_ARGUMENT', /\["a","a"\].*all different/],
  ['nothing', () => learn(ridge(), [], [], ['a']), 'INVALID_DATA', /at least one of each/],
  ['no penalty', async () => ridge({ penalty: 0 }), 'INVALID_ARGUMENT', /penalty: 0.*above 0/],
  ['a penalty of NaN', async () => logisticRegression({ penalty: Number.NaN }), 'INVALID_ARGUMENT', /NaN.*above 0/],
  ['another setting', async () => ridge({ alpha: 1 } as never), 'INVALID_ARGUMENT', /alpha, which it does not know/],
  ['half a neighbour', async () => nearestNeighbours(0.5), 'INVALID_ARGUMENT', /0.5.*whole number/],
])('learn refuses %s', async (_, call, code, sentence) => {
  const error = await call().catch((reason: unknown) => reason);
  expect(error).toMatchObject({ name: 'TransferError', code, message: expect.stringMatching(sentence) });
});
