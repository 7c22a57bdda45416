import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, test } from 'vitest';
import { cpu } from '../../src/backends/cpu.ts';
import { wasm } from '../../src/backends/wasm.ts';
import { fromArrays } from '../../src/data/from-arrays.ts';
import { useBackend } from '../../src/model/use-backend.ts';
import { assertExamplesFinite } from '../../src/train/finite.ts';

describe.each([cpu(), wasm()])('what was read of examples on $name', (backend) => {
  const examples = fromArrays({ values: new Float32Array(12), shape: [4, 3] }, [0, 1, 0, 1]);
  const check = async (values: readonly number[], dtype: 'float32' | 'int32' = 'float32') => {
    await useBackend(backend);
    const before = tf.memory().numTensors;
    const read = tf.tensor(values as number[], [4, 3], dtype);
    try {
      await assertExamplesFinite(examples, [7, 8, 9, 3], [read]);
    } finally {
      read.dispose();
      expect(tf.memory().numTensors).toBe(before);
    }
  };
  const ones = Array.from({ length: 12 }, () => 1);

  test('is fine where all is finite, however large', async () => {
    await check(ones);
    await check(ones.with(5, 3e38));
    await check(ones, 'int32');
  });

  test.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])('is refused: %d', async (bad) => {
    await expect(check(ones.with(0, bad))).rejects.toThrow(/example 7 holds NaN or Infinity/);
    await expect(check(ones.with(11, bad))).rejects.toThrow(/example 3 holds NaN or Infinity/);
  });
});
