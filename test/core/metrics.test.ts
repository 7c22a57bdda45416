import fc from 'fast-check';
import { expect, test } from 'vitest';
import { accuracy, auc, f1, meanAbsoluteError, precision, recall, topK } from '../../src/core/metrics.ts';
import type { Outcome } from '../../src/core/outcome.ts';
import { confusionMatrix, perClass } from '../../src/core/per-class.ts';

const outcome: Outcome = {
  task: 'classification',
  labels: ['a', 'b', 'c'],
  scores: [
    Float32Array.of(0.6, 0.3, 0.1),
    Float32Array.of(0.2, 0.7, 0.1),
    Float32Array.of(0.5, 0.2, 0.3),
    Float32Array.of(0.1, 0.6, 0.3),
  ],
  targets: [0, 1, 2, 2],
};

test('accuracy and top-k count right answers', () => {
  expect(accuracy().compute(outcome)).toBe(0.5);
  expect(topK(1).compute(outcome)).toBe(0.5);
  expect(topK(2).compute(outcome)).toBe(1);
});

test('precision, recall and F1 by class, and 0 where there is nothing to divide by', () => {
  expect(perClass(outcome)).toEqual([
    { label: 'a', precision: 0.5, recall: 1, f1: 2 / 3, support: 1 },
    { label: 'b', precision: 0.5, recall: 1, f1: 2 / 3, support: 1 },
    { label: 'c', precision: 0, recall: 0, f1: 0, support: 2 },
  ]);
  expect(precision().compute(outcome)).toBeCloseTo(1 / 3);
  expect(recall().compute(outcome)).toBeCloseTo(2 / 3);
  expect(f1().compute(outcome)).toBeCloseTo(4 / 9);
});

test('confusion has true classes as rows', () => {
  expect(confusionMatrix(outcome)).toEqual([
    [1, 0, 0],
    [0, 1, 0],
    [1, 1, 0],
  ]);
});

test('the area under the curve is the share of pairs in the right order, ties counted half', () => {
  const pairs = fc.array(fc.tuple(fc.integer({ min: 0, max: 5 }), fc.boolean()), { minLength: 2, maxLength: 30 });
  fc.assert(
    fc.property(pairs, (rows) => {
      const [on, off] = [rows.filter(([, is]) => is), rows.filter(([, is]) => !is)];
      fc.pre(on.length > 0 && off.length > 0);
      const wins = on.flatMap(([a]) => off.map(([b]) => (a > b ? 1 : a === b ? 0.5 : 0)));
      const expected = wins.reduce((sum: number, win) => sum + win, 0) / wins.length;
      const scores = rows.map(([score]) => Float32Array.of(1 - score / 5, score / 5));
      const targets = rows.map(([, is]) => (is ? 1 : 0));
      expect(auc('yes').compute({ task: 'classification', labels: ['no', 'yes'], scores, targets })).toBeCloseTo(
        expected,
      );
    }),
  );
  expect(() => auc('perhaps').compute(outcome)).toThrow(/no such label. It has a, b, c/);
});

test('labels that may be on together are right one by one', () => {
  const many: Outcome = {
    ...outcome,
    task: 'multiLabel',
    targets: [
      [1, 0, 0],
      [0, 0, 1],
      [1, 1, 1],
      [0, 1, 0],
    ],
  };
  expect(accuracy().compute(many)).toBeCloseTo((3 + 1 + 0 + 3) / 12);
});

test('the mean absolute error is over outputs and examples', () => {
  const values: Outcome = {
    task: 'regression',
    labels: ['x', 'y'],
    scores: [Float32Array.of(1, 2), Float32Array.of(3, 4)],
    targets: [
      [0, 2],
      [3, 8],
    ],
  };
  expect(meanAbsoluteError().compute(values)).toBe(1.25);
});

const targets = {
  classification: [0, 1],
  multiLabel: [
    [1, 0, 0],
    [0, 1, 0],
  ],
  regression: [
    [1, 0, 0],
    [0, 1, 0],
  ],
};
const measures = { accuracy, topK: () => topK(1), precision, recall, f1, auc: () => auc('a'), meanAbsoluteError };
const fit: Record<keyof typeof measures, readonly Outcome['task'][]> = {
  accuracy: ['classification', 'multiLabel'],
  topK: ['classification'],
  precision: ['classification', 'multiLabel'],
  recall: ['classification', 'multiLabel'],
  f1: ['classification', 'multiLabel'],
  auc: ['classification', 'multiLabel'],
  meanAbsoluteError: ['regression', 'multiLabel'],
};
const pairs = Object.entries(fit).flatMap(([name, tasks]) =>
  (['classification', 'multiLabel', 'regression'] as const).map(
    (task) => [name as keyof typeof measures, task, tasks.includes(task)] as const,
  ),
);

test.each(pairs)('%s of %s: %s', (name, task, isMeasured) => {
  const metric = measures[name]();
  const asked = { ...outcome, task, scores: outcome.scores.slice(0, 2), targets: targets[task] };
  for (const call of [() => metric.compute(asked), () => metric.check?.(asked)]) {
    if (isMeasured) expect(call).not.toThrow();
    else expect(call).toThrow(new RegExp(`${metric.name} received an outcome of ${task}; it measures ${fit[name][0]}`));
  }
});

test('what is not a table of classes, or of labels, is refused', () => {
  const of = (task: 'multiLabel' | 'regression') => ({ ...outcome, task, targets: targets[task] });
  expect(() => confusionMatrix(of('multiLabel'))).toThrow(
    /confusionMatrix received an outcome of multiLabel.*Use f1\(\)/,
  );
  expect(() => perClass(of('regression'))).toThrow(/perClass received an outcome of regression.*meanAbsoluteError\(\)/);
});
