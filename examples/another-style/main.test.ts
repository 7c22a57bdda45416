import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';

test('plain tuning, a probe before it, and weights between the two are measured in both styles', async () => {
  const log = vi.spyOn(console, 'log').mockImplementation(() => {});
  process.argv.push('--quick');
  await import(join(import.meta.dirname, 'main.mjs'));
  const said = log.mock.calls.map(([line]) => String(line)).join('\n');
  log.mockRestore();

  expect(said).toMatch(/plain tuning +\d\.\d{3} \(.*\) {3}0\.000 \(0\.000 to 0\.000\)/);
  expect(said.match(/(LP-FT|WiSE-FT)\) +\d\.\d{3} \(/g)).toHaveLength(4); // two ways, two styles
  const svg = readFileSync(join(import.meta.dirname, '../../runs/another-style/styles.svg'), 'utf8');
  expect(svg.match(/<circle/g)).toHaveLength(8);
  expect(svg).not.toMatch(/NaN|undefined/);
});
