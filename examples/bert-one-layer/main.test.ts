import { join } from 'node:path';
import { expect, test, vi } from 'vitest';

test('a spam filter is trained in four ways on real mail, with tiny-bert in place of MiniLM', async () => {
  const log = vi.spyOn(console, 'log').mockImplementation(() => {});
  const table = vi.spyOn(console, 'table').mockImplementation(() => {});
  process.argv.push('--quick');
  vi.stubEnv('MINILM_L6', undefined);
  vi.stubEnv('HF_HUB_OFFLINE', '1');
  vi.stubEnv('HF_HOME', join(import.meta.dirname, 'nowhere'));
  await import(join(import.meta.dirname, 'main.mjs'));
  const said = log.mock.calls.map(([line]) => String(line));
  const rows = table.mock.calls[0]?.[0] as Record<string, Record<string, string>>;
  vi.unstubAllEnvs();
  for (const spy of [log, table]) spy.mockRestore();

  expect(said[0]).toMatch(/^Skipped: MiniLM\. hub\('sentence-transformers\/all-MiniLM-L6-v2'\) is offline/);
  expect(said[1]).toMatch(/^tiny-bert, whose weights are random/);
  expect(said[2]).toBe('48 mails to learn from, 12 to measure on, 33 % of them spam.');
  expect(Object.keys(rows)).toEqual(['head alone', 'top two blocks', 'LoRA', 'all']);
  const trained = Object.values(rows).map((row) => Number(row.trained?.replaceAll(',', '')));
  expect(trained[0]).toBe(2 * 32 + 2);
  expect(trained[1]).toBeLessThan(trained[3] as number);
  for (const row of Object.values(rows)) expect(row.accuracy).toMatch(/^[01]\.\d{3}$/);
});
