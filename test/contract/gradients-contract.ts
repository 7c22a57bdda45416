import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-layers';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { cpu } from '../../src/backends/cpu.ts';
import type { Backend } from '../../src/core/backend.ts';
import { isRepaired } from '../../src/core/repaired.ts';
import { useBackend } from '../../src/model/use-backend.ts';
import { byBackend, byDifferences, type Derived, distanceOf } from './gradients.ts';
import { operations } from './operations.ts';

const references = new Map<string, Derived>();

/** Derives every operation by differences, once: on cpu, whose operations are plain loops. */
async function referencesOnCpu(): Promise<ReadonlyMap<string, Derived>> {
  if (references.size > 0) return references;
  await useBackend(cpu());
  for (const operation of operations) references.set(operation.name, byDifferences(operation));
  return references;
}

/** The kernels of a backend that are ours. */
const repairedKernels = (backend: string) =>
  tf
    .getKernelsForBackend(backend)
    .filter(isRepaired)
    .map(({ kernelName }) => kernelName)
    .sort();

/**
 * Tests that the gradient of every operation is that of differences, on a backend.
 *
 * @param backend The backend.
 * @param within The largest difference, relative to the largest number of the gradient.
 * @param refused The names of the operations that the backend cannot do and says so.
 */
export function gradientContract(backend: Backend, within: number, refused: readonly string[] = []): void {
  describe(`the gradients on ${backend.name}`, () => {
    const seen = { distance: 0, name: '' };
    beforeAll(async () => {
      await referencesOnCpu();
      await useBackend(backend);
      // Small tensors would be computed on the processor, and those of real networks by other code.
      if (backend.name.startsWith('webg')) tf.env().set(`${backend.name.toUpperCase()}_CPU_FORWARD`, false);
    });
    afterAll(() => {
      console.log(
        `${backend.name}: ${operations.length} operations, largest difference ${seen.distance.toExponential(1)} (${seen.name}). ` +
          `Kernels that are ours: ${repairedKernels(backend.name).join(', ')}`,
      );
    });

    test.each(operations)('$name', async (operation) => {
      const expected = references.get(operation.name) as Derived;
      if (refused.includes(operation.name)) {
        await expect(byBackend(operation, expected)).rejects.toThrow('supports only');
        return;
      }
      const before = tf.memory().numTensors;
      const { output, gradient } = distanceOf(await byBackend(operation, expected), expected);
      const distance = Math.max(output, gradient);
      if (distance > seen.distance) Object.assign(seen, { distance, name: operation.name });
      expect(output).toBeLessThan(within);
      expect(gradient).toBeLessThan(within);
      expect(tf.memory().numTensors).toBe(before);
    });
  });
}
