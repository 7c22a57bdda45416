import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { cpu } from '../../src/backends/cpu.ts';
import type { Backend } from '../../src/core/backend.ts';
import { useBackend } from '../../src/model/use-backend.ts';
import { canTrain } from '../../src/train/can-train.ts';
import { difference, type Numbers } from '../backends/kernel-cases.ts';
import { layerCases } from './gradients-layers.ts';
import { type StepTaken, stepOf, withModel } from './gradients-of-layers.ts';

const references = new Map<string, StepTaken>();

/** Trains every layer on cpu for one step, once. What cpu refuses has no reference. */
async function referencesOnCpu(): Promise<void> {
  if (references.size > 0) return;
  await useBackend(cpu());
  for (const one of layerCases) {
    if (await withModel(one, (model) => canTrain(model).ok)) references.set(one.name, await stepOf(one));
  }
}

/** All gradients in a row: a bias whose gradient is nearly zero does not count by itself. */
const joined = ({ gradients }: StepTaken): Numbers => {
  const values = Float32Array.from(gradients.flatMap((gradient) => [...gradient.values]));
  return { shape: [values.length], values };
};

/**
 * Tests that a model trains where `canTrain` says so, with the gradients that it has on cpu, and that it is refused by
 * name where not.
 *
 * @param backend The backend.
 * @param within The largest difference, relative to the largest gradient.
 */
export function layerContract(backend: Backend, within: number): void {
  describe(`the gradients of layers on ${backend.name}`, () => {
    const refused: string[] = [];
    const seen = { distance: 0, name: '' };
    beforeAll(async () => {
      await referencesOnCpu();
      await useBackend(backend);
    });
    afterAll(() =>
      console.log(
        `${backend.name}: ${layerCases.length} layers, largest difference to cpu ${seen.distance.toExponential(1)} ` +
          `(${seen.name}). Refused: ${refused.join('; ') || 'none'}`,
      ),
    );

    test.each(layerCases)('$name', async (one) => {
      const before = tf.memory().numTensors;
      const { ok, missing } = await withModel(one, (model) => canTrain(model));
      if (!ok) {
        refused.push(`${one.name} (${missing.map(({ kernel }) => kernel).join(', ')})`);
        await expect(stepOf(one)).rejects.toMatchObject({
          code: 'KERNEL_MISSING',
          message: expect.stringContaining(missing[0]?.kernel as string),
        });
      } else {
        const { loss, ...taken } = await stepOf(one);
        const expected = references.get(one.name) as StepTaken;
        const distance = difference(joined({ loss, ...taken }), joined(expected));
        if (distance > seen.distance) Object.assign(seen, { distance, name: one.name });
        expect(Math.abs(loss - expected.loss)).toBeLessThan(within);
        expect(distance).toBeLessThan(within);
      }
      expect(tf.memory().numTensors).toBe(before);
    });
  });
}
