import { join } from 'node:path';
import { expect, test, vi } from 'vitest';

test("a base of one's own is trained, saved, loaded, and measured against the same network from scratch", async () => {
  const log = vi.spyOn(console, 'log').mockImplementation(() => {});
  process.argv.push('--quick');
  await import(join(import.meta.dirname, 'main.mjs'));
  const said = log.mock.calls.map(([line]) => String(line));
  log.mockRestore();

  expect(said[0]).toMatch(/^1\. animal, food, tool, vehicle: \d+ pictures to learn from/);
  expect(
    said.filter((line) => /^ {3}(own base, head alone|own base, tuned|from scratch) +0\.\d{3}/.test(line)),
  ).toHaveLength(3);
  expect(said.at(-1)).toMatch(/The base helped in [01] of 1 draws, by -?0\.\d{3} on average\./);
});
