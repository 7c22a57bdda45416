import '@tensorflow/tfjs-backend-cpu';
import fc from 'fast-check';
import { flip, fromArrays, splitExamples } from 'tfjs-transfer/data';
import { expect, test } from 'vitest';

const ofTargets = (targets: readonly (number | number[])[]) =>
  fromArrays(
    targets.map((_, index) => [index]),
    targets,
  );
const names = (examples?: { size: number; describe(index: number): string }) =>
  Array.from({ length: examples?.size ?? 0 }, (_, index) => examples?.describe(index) as string);
const count = (targets: readonly unknown[] | undefined, target: unknown) =>
  (targets ?? []).filter((other) => other === target).length;

test('splits are disjoint, complete and stratified, and keep every class in training', () => {
  const share = fc.constantFrom(0, 0.1, 0.2, 0.25, 0.33, 0.45);
  const classes = fc.array(fc.integer({ min: 0, max: 4 }), { minLength: 1, maxLength: 60 });
  const check = (targets: number[], validation: number, test: number, seed: number) => {
    const examples = ofTargets(targets);
    let splits: ReturnType<typeof splitExamples<number, number>>;
    try {
      splits = splitExamples(examples, { validation, test, seed });
    } catch (error) {
      const spare = targets.length - new Set(targets).size;
      expect(error).toMatchObject({ code: 'INVALID_DATA' });
      expect(spare).toBeLessThan(2);
      return;
    }
    const all = [...names(splits.train), ...names(splits.validation), ...names(splits.test)];
    expect(all.sort()).toEqual(names(examples).sort());
    for (const target of new Set(targets)) {
      const size = count(targets, target);
      expect(count(splits.train.targets, target)).toBeGreaterThanOrEqual(1);
      expect(Math.abs(count(splits.validation?.targets, target) - size * validation)).toBeLessThan(1);
      expect(Math.abs(count(splits.test?.targets, target) - size * test)).toBeLessThan(1);
    }
  };
  fc.assert(fc.property(classes, share, share, fc.integer(), check), { seed: 1, numRuns: 500 });
});

test('the seed alone decides; 0 is a seed', () => {
  const examples = ofTargets(Array.from({ length: 40 }, (_, index) => index % 4));
  const trained = (seed?: number) => names(splitExamples(examples, seed === undefined ? {} : { seed }).train);
  expect(trained(0)).toEqual(trained(0));
  expect(trained(0)).toEqual(trained());
  expect(trained(1)).not.toEqual(trained(0));
});

test('the total is the share, though no class has a whole example of it', () => {
  const { train, validation } = splitExamples(ofTargets([0, 0, 1, 1, 2, 2, 3, 3, 4, 4]), { validation: 0.2 });
  expect([train.size, validation.size]).toEqual([8, 2]);
});

test('a class of one example trains, and splits without a share are left out', () => {
  const splits = splitExamples(ofTargets([0, 0, 0, 0, 7]), { validation: 0.5 });
  expect(splits.train.targets).toContain(7);
  expect(Object.keys(splits)).toEqual(['train', 'validation']);
  expect(Object.keys(splitExamples(ofTargets([0]), { validation: 0 }))).toEqual(['train']);
});

test('targets that are no classes are divided as one', () => {
  const splits = splitExamples(ofTargets(Array.from({ length: 10 }, (_, index) => [index])), {
    validation: 0.3,
    test: 0.2,
  });
  expect([splits.train.size, splits.validation.size, splits.test.size]).toEqual([5, 3, 2]);
});

test('training examples alone are augmented', () => {
  const { train, validation } = splitExamples(ofTargets([0, 0, 0, 0]), { validation: 0.5, augment: flip() });
  expect([train.augmented, validation.augmented]).toEqual([true, false]);
});

test('a view of examples reads the ones that it names', async () => {
  const { validation } = splitExamples(ofTargets([0, 0, 0, 0, 1, 1, 1, 1]), { validation: 0.5 });
  const [tensor] = await validation.read([0, 3], { inputs: [{ shape: [1], dtype: 'float32', scale: 1, offset: 0 }] });
  expect([...(tensor?.dataSync() ?? [])].map((value) => `example ${value}`)).toEqual([
    names(validation)[0],
    names(validation)[3],
  ]);
  tensor?.dispose();
});

test('too few examples and wrong shares are refused', () => {
  const code = (run: () => unknown) => {
    try {
      return run();
    } catch (error) {
      return (error as { code: string }).code;
    }
  };
  expect(code(() => splitExamples(ofTargets([0, 1, 2])))).toBe('INVALID_DATA');
  for (const shares of [
    { validation: -0.1 },
    { validation: 1 },
    { validation: 0.5, test: 0.5 },
    { test: Number.NaN },
  ]) {
    expect(code(() => splitExamples(ofTargets([0, 0, 0]), shares))).toBe('INVALID_ARGUMENT');
  }
});
