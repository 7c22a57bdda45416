import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { tinyCnn } from '../../src/bases/tiny-cnn.ts';
import type { Backend } from '../../src/core/backend.ts';
import { unfreeze } from '../../src/core/edits.ts';
import { pipe } from '../../src/core/pipe.ts';
import { classifier } from '../../src/heads/classifier.ts';
import { attachHead } from '../../src/model/attach-head.ts';
import { dispose } from '../../src/model/dispose.ts';
import { useBackend } from '../../src/model/use-backend.ts';
import { canTrain } from '../../src/train/can-train.ts';
import { efficientNetDifferences } from './efficientnet.ts';
import { promises } from './promises.ts';
import { trajectories, trajectoryDifferences } from './trajectories.ts';

/** How near a backend has to come to the references. */
export interface Precision {
  /** Of a loss and a weight of a trajectory. */
  readonly trajectories: number;
  /** Of EfficientNet-Lite0's outputs. */
  readonly efficientNet: number;
}

/**
 * What every backend has to do, as tests.
 *
 * @param backend The backend.
 * @param other Another backend, to move to.
 * @param precision How near it has to come.
 */
export function backendContract(backend: Backend, other: Backend, precision: Precision): void {
  describe(`the backend ${backend.name}`, () => {
    const seen = { loss: 0, weight: 0 };
    beforeAll(() => useBackend(backend));
    afterAll(() =>
      console.log(
        `${backend.name}: largest difference to Keras ${seen.loss.toExponential(1)} in a loss, ${seen.weight.toExponential(1)} in a weight`,
      ),
    );

    test('is the current one', () => expect(tf.getBackend()).toBe(backend.name));

    test('trains convolutions', () => {
      const model = pipe(tinyCnn({ size: 16 }), attachHead(classifier(['a', 'b'])), unfreeze());
      expect(canTrain(model, backend)).toEqual({ ok: true, missing: [] });
      dispose(model);
    });

    test('has nineteen trajectories to follow', () => expect(trajectories).toHaveLength(19));

    test.each(trajectories)('follows Keras: $case', async (one) => {
      const before = tf.memory().numTensors;
      const { loss, weight } = await trajectoryDifferences(one);
      seen.loss = Math.max(seen.loss, loss);
      seen.weight = Math.max(seen.weight, weight);
      expect(loss).toBeLessThan(precision.trajectories);
      expect(weight).toBeLessThan(precision.trajectories);
      expect(tf.memory().numTensors).toBe(before);
    });

    test('runs EfficientNet-Lite0 as Keras does', async () => {
      const differences = await efficientNetDifferences();
      console.log(`${backend.name}: EfficientNet-Lite0, largest differences to Keras`, JSON.stringify(differences));
      for (const value of Object.values(differences)) expect(value).toBeLessThan(precision.efficientNet);
    });

    promises(backend, other);
  });
}
