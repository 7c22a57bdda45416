import { cpSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';

const emoji = join(import.meta.dirname, '../data/emoji/google');

test('a folder of pictures becomes a model that is saved and predicts', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'tfjs-transfer-node-script-'));
  for (const label of ['drink', 'plant']) {
    const names = readdirSync(join(emoji, label)).filter((name) => name.endsWith('.png'));
    for (const name of names.slice(0, 4)) cpSync(join(emoji, label, name), join(folder, 'pictures', label, name));
  }
  const [picture] = readdirSync(join(folder, 'pictures/plant'));
  const log = vi.spyOn(console, 'log').mockImplementation(() => {});
  process.argv.splice(
    2,
    Number.POSITIVE_INFINITY,
    join(folder, 'pictures'),
    join(folder, 'pictures/plant', picture as string),
    join(folder, 'model'),
  );
  await import(join(import.meta.dirname, 'main.mjs'));
  const said = log.mock.calls;
  log.mockRestore();

  expect(said[0]?.[0]).toMatch(/^accuracy on 2 pictures kept apart: [01]/);
  expect(said[1]?.[1]).toEqual([expect.objectContaining({ label: 'plant' }), expect.anything()]);
  expect(existsSync(join(folder, 'model/model.json'))).toBe(true);
  rmSync(folder, { recursive: true, force: true });
});
