import { expect, test } from 'vitest';
import { cpu } from '../../src/backends/cpu.ts';
import { wasm } from '../../src/backends/wasm.ts';
import { tinyCnn } from '../../src/bases/tiny-cnn.ts';
import { freeze, unfreeze } from '../../src/core/edits.ts';
import { pipe } from '../../src/core/pipe.ts';
import { linearProbe } from '../../src/core/recipes.ts';
import { fromArrays } from '../../src/data/from-arrays.ts';
import { classifier } from '../../src/heads/classifier.ts';
import { attachHead } from '../../src/model/attach-head.ts';
import { saveModel } from '../../src/model/save-model.ts';
import { useBackend } from '../../src/model/use-backend.ts';
import { fineTune } from '../../src/train/fine-tune.ts';

const picture = Array.from({ length: 8 }, () => Array.from({ length: 8 }, () => [1, 2, 3]));
const model = () => pipe(tinyCnn({ size: 8 }), attachHead(classifier(['a', 'b'])));

test('the backend is not switched under a run', async () => {
  await useBackend(cpu());
  const run = fineTune(model(), { train: fromArrays([picture, picture], [0, 1]) }, linearProbe({ epochs: 3 }));
  await expect(useBackend(wasm())).rejects.toMatchObject({
    code: 'INVALID_ORDER',
    message: expect.stringMatching(/^useBackend\("wasm"\) was called while 1 run is going on on "cpu"\. Await/),
  });
  await useBackend(cpu());
  expect((await run).ended).toBe('completed');
  await useBackend(wasm());
  await useBackend(cpu());
});

test('what would do nothing, or something else, is refused', async () => {
  await useBackend(cpu());
  const base = tinyCnn({ size: 8 });
  const head = classifier(['a', 'b']);
  const wrong = pipe as (...steps: readonly unknown[]) => unknown;
  expect(() => (freeze as (given: unknown) => unknown)(base)).toThrow(
    /^freeze takes nothing .* pipe\(base, freeze\(\)\)/,
  );
  expect(() => wrong(base, unfreeze)).toThrow(/^unfreeze takes nothing/);
  expect(() => wrong(base, head)).toThrow(
    /^pipe received a head as step 1, which is no function\. Wrap it: attachHead/,
  );
  expect(() => wrong(base, linearProbe())).toThrow(/^pipe received a strategy as step 1, .* goes to fineTune/);
  expect(() => wrong(freeze(), base)).toThrow(/^pipe received a base as step 1, .* comes first/);
  expect(() => wrong(base, undefined)).toThrow(/^pipe received undefined as step 1/);
  expect(() => attachHead(base as never)).toThrow(
    /received a base, which comes first: pipe\(base, attachHead\(head\)\)/,
  );
  await expect(saveModel(model(), 'flowers.zip')).rejects.toThrow(/names a zip, .* Pass zip\('flowers\.zip'\)/);
});
