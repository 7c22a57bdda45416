import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { TransferError } from '../../src/index.ts';
import { thrownBy } from './sources.ts';

const root = join(import.meta.dirname, '../..');
const read = (path: string) => readFileSync(join(root, path), 'utf8');
const filesIn = (folder: string) =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts'))
    .map((path) => join(folder, path));

const type = /export type ErrorCode =([^;]+);/.exec(read('src/core/errors.ts'))?.[1] ?? '';
const codes = [...type.matchAll(/'([A-Z_]+)'/g)].map((match) => match[1] as string);
const thrown = filesIn('src').map((path) => thrownBy(read(path)));
const tests = filesIn('test').filter((path) => !path.startsWith(join('test', 'docs')) && !path.includes('.tmp'));
const tested = tests.map(read).join('\n');

const pages = readdirSync(join(root, 'docs/errors')).filter((name) => name !== 'README.md');

test('every code has a page, and every page a code', () => {
  expect(codes.length).toBeGreaterThan(10);
  expect(pages.sort()).toEqual(codes.map((code) => `${code}.md`).sort());
});

describe.each(codes)('%s', (code) => {
  const page = pages.includes(`${code}.md`) ? read(`docs/errors/${code}.md`) : '';

  test('is thrown by the sources, and a test sees it', () => {
    expect(thrown.some((source) => source.codes.has(code))).toBe(true);
    expect(new RegExp(`\\b${code}\\b`).test(tested)).toBe(true);
  });

  test('is where error.docs says', () => {
    expect(new URL(new TransferError(code as never, 'What came.').docs).pathname).toMatch(
      new RegExp(`/docs/errors/${code}\\.md$`),
    );
  });

  test('has a page that says what it means, what to do, and only what the sources can say', () => {
    expect(page).toMatch(new RegExp(`^---\ntitle: ${code}\n---\n\n# ${code}\n\n[A-Z]`));
    expect(page).toContain('\n## What to do\n');
    const messages = [...page.matchAll(/```text\n([\s\S]*?)\n```/g)].map((match) => match[1] as string);
    expect(messages.length).toBeGreaterThan(0);
    const sentences = thrown.flatMap((source) => source.sentences);
    for (const message of messages) {
      expect(
        sentences.some((sentence) => sentence.test(message)),
        message,
      ).toBe(true);
    }
  });
});

// `npx vitest run test/docs/errors.test.ts -u` writes the index anew.
test('the index lists every page with its first sentence', async () => {
  const rows = codes.map((code) => {
    const [, first = ''] = read(`docs/errors/${code}.md`).split(`\n# ${code}\n\n`);
    const sentence = /^[\s\S]*?[.!?](?=\s)/.exec(first.replaceAll('\n', ' '))?.[0];
    return `| [\`${code}\`](${code}.md) | ${sentence} |`;
  });
  const index = `---
title: Errors
group: Errors
children:
${codes.map((code) => `  - ${code}.md`).join('\n')}
---

# Errors

The one error of this library is \`TransferError\`. Its message says what came, what was expected and what to do next;
\`error.code\` is a word to branch on, \`error.docs\` the address of its page, \`error.cause\` what led to it, and
\`error.model\`, where a run failed, the weights that it had reached.

| code | what it means |
|---|---|
${rows.join('\n')}
`;
  await expect(index).toMatchFileSnapshot(join(root, 'docs/errors/README.md'));
});
