import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';

test('food teaches drinks, and a report says what that was worth', async () => {
  const log = vi.spyOn(console, 'log').mockImplementation(() => {});
  process.argv.push('--quick');
  await import(join(import.meta.dirname, 'main.mjs'));
  const said = log.mock.calls.map(([line]) => String(line)).join('\n');
  log.mockRestore();

  expect(said).toMatch(/(positive|neutral|negative) transfer, over 2 seeds\njumpstart +-?\d\.\d{3} \(/);
  expect(said).toMatch(/epochs to auc 0\.\d{3}: (never|\d+), from scratch (never|\d+)/);
  expect(said).toMatch(/EfficientNet-Lite0: 0\.\d{3}; \d+ frozen weights proved bit-identical/);
  for (const file of ['curves.svg', 'curves.csv', 'drinks-model/model.json']) {
    expect(existsSync(join(import.meta.dirname, '../../runs/food-to-drinks', file))).toBe(true);
  }
});
