import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

const folder = new URL('../../src/train/', import.meta.url);

test('training reads no tensor but through download: a lost device cannot pass for zeros', () => {
  const reads = readdirSync(folder).filter((file) =>
    /\.(data|dataSync|array|arraySync|bytes)\(\)/.test(
      readFileSync(new URL(file, folder), 'utf8').replace(/^ \*.*$/gm, ''),
    ),
  );
  expect(reads).toEqual([]);
});
