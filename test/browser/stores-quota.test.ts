import { afterAll, beforeAll, expect, test } from 'vitest';
import { cdp } from 'vitest/browser';
import { cpu } from '../../src/backends/cpu.ts';
import { tinyCnn } from '../../src/bases/tiny-cnn.ts';
import { classifier } from '../../src/heads/classifier.ts';
import { mlp } from '../../src/heads/mlp.ts';
import { attachHead, dispose, pipe, saveModel, type TransferModel, useBackend } from '../../src/index.ts';
import { indexedDb, opfs } from '../../src/stores/index.ts';
import { filesOf, scoresAt, scoresOf } from '../stores/contract.ts';

/** Says by Chromium's own protocol how many bytes this page may store. */
async function setQuota(quotaSize?: number): Promise<void> {
  const session = cdp() as unknown as { send(method: string, parameters: object): Promise<unknown> };
  const { origin } = location;
  await session.send('Storage.overrideQuotaForOrigin', { origin, ...(quotaSize !== undefined && { quotaSize }) });
}

const usage = async () => (await navigator.storage.estimate()).usage as number;

function largeModel(seed: number): TransferModel {
  const base = tinyCnn({ size: 16 });
  const model = pipe(base, attachHead(mlp(classifier(['cat', 'dog', 'neither'], { seed }), { hidden: [1024, 256] })));
  dispose(base);
  return model;
}

let models: readonly [TransferModel, TransferModel];
beforeAll(async () => {
  await useBackend(cpu());
  models = [largeModel(1), largeModel(2)];
});
afterAll(async () => {
  await setQuota();
  for (const model of models) dispose(model);
});

// The quota only grows: Chromium's database remembers for half a minute how much room there was, and asks again where
// that is too little.
test.each([
  ['indexedDb', indexedDb],
  ['opfs', opfs],
] as const)(
  '%s holds the old model or the new one, whatever the quota',
  async (_, make) => {
    const store = make('quota');
    const files = await filesOf(models[1]);
    const needed = files.reduce((sum, { bytes }) => sum + bytes.byteLength, 0);
    const metadata = files.find(({ name }) => name === 'metadata.json')?.bytes.byteLength as number;
    const before = await usage();
    await setQuota(before + 1.2 * needed);
    await saveModel(models[0], store);
    let there = models[0];
    const saveOther = async () => {
      const other = there === models[0] ? models[1] : models[0];
      const failure = await saveModel(other, store).then(
        () => undefined,
        (error) => error,
      );
      return { other, failure };
    };
    // What other tests left for it to remember has to pass first.
    await expect
      .poll(
        async () => {
          const { other, failure } = await saveOther();
          if (!failure) there = other;
          return failure;
        },
        { timeout: 60_000, interval: 2_000 },
      )
      .toMatchObject({ code: 'SAVE_FAILED' });
    const outcomes: string[] = [];
    // The ninth has room for the weights and for model.json, but not for all of metadata.json.
    const shares = [1.2, 1.3, 1.4, 1.6, 1.8, 1.9, 1.95, 1.99, 2 - metadata / 2 / needed, 4, 6];
    for (const share of shares) {
      await setQuota(before + Math.round(share * needed));
      const { other, failure } = await saveOther();
      const expected = [await scoresOf(there), await scoresOf(other)];
      outcomes.push(`${share.toFixed(4)} ${failure ? 'old' : 'new'}`);
      expect(await scoresAt(store)).toEqual(expected[failure ? 0 : 1]);
      if (failure) {
        expect(failure).toMatchObject({ code: 'SAVE_FAILED' });
        expect(Number(/needs (\d+) bytes/.exec(failure.message)?.[1])).toBe(needed);
        expect(failure.message).toMatch(/[Qq]uota.* What was there before is unchanged\. Make room/);
      } else there = other;
    }
    console.log(`${needed} bytes: ${outcomes.join(', ')}`);
    expect(outcomes.filter((outcome) => outcome.endsWith('old')).length).toBeGreaterThanOrEqual(6);
    expect(outcomes.slice(-2)).toEqual([expect.stringContaining('new'), expect.stringContaining('new')]);
    await store.remove();
  },
  120_000,
);
