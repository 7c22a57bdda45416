import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { textData } from '../../src/node/cli/text-data.ts';
import { loadTokenizer } from '../../src/text/index.ts';
import { textFolder } from '../support/encoders.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'text-data-'));
});
afterAll(() => rm(folder, { recursive: true }));

test('a column of texts as labels is named at once, however long it is', { timeout: 5000 }, async () => {
  const path = join(folder, 'long.tsv');
  const rows = Array.from({ length: 50_000 }, (_, i) => `text ${i}\tits label ${i}`);
  await writeFile(path, ['text\tlabel', ...rows].join('\n'));
  const tokenizer = await loadTokenizer(textFolder('tiny-bert'));
  const columns = { text: 'text', label: 'label' };
  await expect(textData(path, { columns, tokenizer, validation: 0.25, seed: 0 })).rejects.toThrow(
    /there are 50000 labels\. --label names the column of the classes/,
  );
});
