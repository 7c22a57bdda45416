import { join } from 'node:path';
import { expect, test, vi } from 'vitest';

test('dark is told from light', async () => {
  const log = vi.spyOn(console, 'log').mockImplementation(() => {});
  await import(join(import.meta.dirname, 'main.mjs'));
  const best = log.mock.calls.map(([, predictions]) => predictions[0].label);
  log.mockRestore();

  expect(best).toEqual(['dark', 'light']);
});
