import { join } from 'node:path';
import { expect, test, vi } from 'vitest';

test('a base that learned what shows and one that learned who drew it are measured beside random weights', async () => {
  const log = vi.spyOn(console, 'log').mockImplementation(() => {});
  process.argv.push('--quick');
  await import(join(import.meta.dirname, 'main.mjs'));
  const said = log.mock.calls.map(([line]) => String(line));
  log.mockRestore();

  const verdicts = said.flatMap((line) => line.match(/"(.*)": (positive|neutral|negative) transfer/)?.[1] ?? []);
  expect(verdicts).toEqual(['what it shows, frozen', 'who drew it, frozen', 'who drew it, all of it trains']);
  expect(said.join('\n')).toMatch(/total reward +-?\d\.\d{3} \(-?\d\.\d{3} to -?\d\.\d{3}\)/);
});
