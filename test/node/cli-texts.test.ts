import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { textFolder } from '../support/encoders.ts';
import { hubServer } from '../support/hub-server.ts';
import { lastLine, ran } from '../support/ran.ts';

const folder = mkdtempSync(join(tmpdir(), 'cli-texts-'));
const at = (...parts: readonly string[]) => join(folder, ...parts);
const write = (name: string, ...lines: readonly string[]) => {
  writeFileSync(at(name), `${lines.join('\n')}\n`);
  return at(name);
};
const cpu = ['--backend', 'cpu'];
const quick = [...cpu, '--base', textFolder('tiny-bert'), '--strategy', 'linear-probe', '--epochs', '30'];
const columns = ['--text', 'body', '--label', 'kind'];

const soups = [
  'the soup was wonderful',
  'a soup, "hot" and good',
  'soup again',
  'the soup of the day',
  'soup\nin lines',
];
const drinks = ['a cold drink', 'this drink is too sweet', 'drink it, at once', 'the last drink', 'drink or not'];
const quoted = (text: string) => `"${text.replaceAll('"', '""')}"`;

beforeAll(() => {
  const rows = [...soups.map((text) => [text, 'soup'] as const), ...drinks.map((text) => [text, 'drink'] as const)];
  write(
    'data.csv',
    '\ufeffid,body,kind',
    ...rows.map(([text, label], id) => `${id},${quoted(text)},${label}`),
    '98,,soup',
    '99,left over,',
  );
  write(
    'data.jsonl',
    ...rows.map(([body, kind]) => JSON.stringify({ body, kind })),
    '',
    JSON.stringify({ body: null, kind: 'soup' }),
  );
  for (const [label, texts] of Object.entries({ soup: soups, drink: drinks })) {
    mkdirSync(at('texts', label), { recursive: true });
    for (const [index, text] of texts.entries()) writeFileSync(at('texts', label, `${index}.txt`), text);
  }
  writeFileSync(at('texts', 'soup', 'empty.txt'), ' \n');
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Trains on one of the places; the last line of stdout. */
async function trained(data: string, output: string, ...flags: readonly string[]) {
  const run = await ran(['train', at(data), ...quick, ...columns, '--output', at(output), '--json', ...flags]);
  expect(run).toMatchObject({ code: 0 });
  return lastLine(run);
}

describe('train on texts', () => {
  test.each([
    ['data.csv', ['data.csv, row 11', 'data.csv, row 12'], ['its text is empty', 'it has no label']],
    ['data.jsonl', ['data.jsonl, row 11'], ['its text is empty']],
    ['texts', ['soup/empty.txt'], ['its text is empty']],
  ])('%s gives a model, and the same JSON as pictures do', async (data, skipped, reasons) => {
    expect(await trained(data, `model-of-${data}`)).toEqual({
      accuracy: expect.any(Number),
      loss: expect.any(Number),
      classes: ['drink', 'soup'],
      images: 10 + skipped.length,
      trained: 8,
      skipped: skipped.length,
      seconds: expect.any(Number),
      output: at(`model-of-${data}`),
      skippedFiles: skipped.map((file, index) => ({ file, reason: reasons[index] })),
    });
  });

  test('learns the same from each of them', async () => {
    const weights = (name: string) => readdirSync(at(name)).find((file) => file.endsWith('.bin'));
    expect(weights('model-of-data.jsonl')).toBe(weights('model-of-data.csv'));
    expect(weights('model-of-data.csv')).toBeDefined();
  });

  test('reads a CSV that is separated by semicolons', async () => {
    const rows = [...soups, ...drinks].map((text, index) => `${quoted(text)};${index < 5 ? 'soup' : 'drink'}`);
    write('semicolons.csv', 'body;kind', ...rows);
    expect(await trained('semicolons.csv', 'semicolons')).toMatchObject({ classes: ['drink', 'soup'], trained: 8 });
  });

  test('saves the tokenizer and the length with the model, which are all that predict needs', async () => {
    await trained('data.csv', 'model', '--length', '6', '--validation', '0');
    expect(JSON.parse(readFileSync(at('model', 'sentence_bert_config.json'), 'utf8'))).toEqual({ max_seq_length: 6 });
    expect(readFileSync(at('model', 'tokenizer.json'))).toEqual(
      readFileSync(join(textFolder('tiny-bert'), 'tokenizer.json')),
    );
    const run = await ran([
      'predict',
      at('model'),
      at('texts/soup/0.txt'),
      at('data.csv'),
      at('none.txt'),
      ...cpu,
      '--text',
      'body',
      '--top',
      '1',
      '--json',
    ]);
    expect(run.code).toBe(1);
    const results = lastLine(run);
    expect(results).toHaveLength(14);
    expect(results[0]).toEqual({
      file: at('texts/soup/0.txt'),
      predictions: [{ label: 'soup', score: expect.any(Number) }],
    });
    expect(results[1]).toMatchObject({ file: at('data.csv'), row: 1, predictions: [{ label: 'soup' }] });
    expect(results[12]).toEqual({ file: at('data.csv'), error: 'data.csv, row 11: its text is empty.' });
    expect(results[13]).toEqual({ file: at('none.txt'), error: expect.stringContaining('ENOENT') });
    const read = await ran(['predict', at('model'), at('data.jsonl'), ...cpu, '--text', 'body']);
    expect(read.stdout).toMatch(/^\S+data\.jsonl, row 2 +soup 0\.\d+ +drink 0\.\d+$/m);
  });

  test('evaluate measures the classes of the model, whatever the order and the format', async () => {
    const run = await ran(['evaluate', at('model'), at('texts'), ...cpu, '--json']);
    expect(run.code).toBe(0);
    const { accuracy, perClass, confusion } = lastLine(run);
    expect(accuracy).toBeGreaterThan(0.7);
    expect(perClass.map(({ label, support }: { label: string; support: number }) => [label, support])).toEqual([
      ['drink', 5],
      ['soup', 5],
    ]);
    expect(confusion).toHaveLength(2);
    const table = await ran(['evaluate', at('model'), at('data.csv'), ...cpu, ...columns, '--json']);
    expect(lastLine(table).confusion).toEqual(confusion);
    const read = await ran(['evaluate', at('model'), at('data.csv'), ...cpu, ...columns]);
    expect(read.stdout).toMatch(/Class +Texts +Precision/);
    expect(read.stdout).toMatch(/Accuracy [01]\.\d{3} on 10 texts\./);
  });

  test('says how far it is, and what to do with the model', async () => {
    const run = await ran(['train', at('data.csv'), ...quick, ...columns, '--output', at('read')]);
    expect(run.stderr).toMatch(/phase 1\/1.* · features of train at \w+ 8\/8/);
    expect(run.stderr).toMatch(/epoch 30\/30 · loss [\d.]+ · validation accuracy/);
    expect(run.stdout).toContain('Trained on 8 texts');
    expect(run.stdout).toContain(`predict ${at('read')} <file>`);
    const plan = await ran(['train', at('data.csv'), ...quick, ...columns, '--dry-run']);
    expect(plan.stdout).toMatch(/8 texts to train on, 2 to measure on/);
    expect(plan.stdout).toContain('computed once for each text');
  });

  test('reads its base from the hub', async () => {
    const server = await hubServer();
    try {
      process.env.HF_ENDPOINT = server.endpoint;
      process.env.HF_HOME = at('hub');
      await trained('data.csv', 'of-hub', '--base', 'hub:golden/tiny-bert');
      server.requests.length = 0;
      await trained('data.csv', 'of-hub-again', '--base', 'hub:golden/tiny-bert');
      expect(server.requests).toEqual([]);
      const metadata = JSON.parse(readFileSync(at('of-hub', 'metadata.json'), 'utf8'));
      expect(metadata.tfjsTransfer.origin).toMatchObject({
        name: 'tiny-bert',
        source: expect.stringContaining(server.commit),
      });
    } finally {
      delete process.env.HF_ENDPOINT;
      delete process.env.HF_HOME;
      await server.close();
    }
  });

  test('warns where the classes are uneven', async () => {
    const rows = Array.from({ length: 24 }, (_, i) => `soup number ${i},soup`);
    const data = write('uneven.csv', 'text,label', ...rows, 'a drink,drink', 'drinks,drink');
    const run = await ran(['train', data, ...quick, '--epochs', '1', '--output', at('uneven'), '--json']);
    expect(run.stderr).toContain(
      'The classes are uneven: "soup" has 24 texts, "drink" has 2 texts. Always saying the first is right in 92.3 %',
    );
  });

  test('refuses a length that the base cannot read', async () => {
    const run = await ran(['train', at('data.csv'), ...quick, ...columns, '--length', '5000', '--dry-run']);
    expect(run).toMatchObject({
      code: 2,
      stdout: '',
      stderr: expect.stringMatching(/--length received "5000", and .*tiny-bert reads \d+ tokens at most/),
    });
  });

  test('inspect says that a model reads texts', async () => {
    await trained('data.csv', 'inspected');
    for (const place of [at('inspected'), textFolder('tiny-bert')]) {
      const { stdout } = await ran(['inspect', place, ...cpu]);
      expect(stdout).toMatch(/^Input +a text, as its ids, mask and types$/m);
    }
  });

  test('leaves no tensor behind', async () => {
    const before = tf.memory().numTensors;
    await trained('data.csv', 'tidy');
    await ran(['predict', at('tidy'), at('data.csv'), ...cpu, '--text', 'body']);
    await ran(['evaluate', at('tidy'), at('data.csv'), ...cpu, ...columns]);
    await ran(['train', at('data.csv'), ...quick, '--text', 'nothing']);
    expect(tf.memory().numTensors).toBe(before);
  });
});

describe('what cannot be read', () => {
  const cases: readonly (readonly [what: string, lines: readonly string[], sentence: RegExp, name: string])[] = [
    [
      'a missing column',
      ['message,label', 'a,b'],
      /row 1 has no column "text"\. Its columns are message, label\. Name .* --text/,
      'bad.csv',
    ],
    ['a table without rows', ['text,label'], /it has no rows/, 'bad.csv'],
    [
      'a row with too many cells',
      ['text,label', 'a, b, c'],
      /no CSV that can be read: .*line 2\. Quote cells/,
      'bad.csv',
    ],
    ['an open quote', ['text,label', '"a,b'], /Quote Not Closed.*line 2/, 'bad.csv'],
    ['one class alone', ['text,label', 'a,b', 'c,b'], /there is one class alone, "b"/, 'bad.csv'],
    [
      'a class of one text',
      ['text,label', 'a,b', 'c,b', 'd,e'],
      /"e" has one text, which cannot be divided.*--validation 0/,
      'bad.csv',
    ],
    [
      'empty texts alone',
      ['text,label', ',b', ',c'],
      /there is no text that can be used\. Skipped 2 texts \(bad\.csv, row 1: its text is empty\)/,
      'bad.csv',
    ],
    [
      'a line that is no JSON',
      ['{"text": "a", "label": "b"}', '{"text":'],
      /line 2 is no JSON object\. Write one object/,
      'bad.jsonl',
    ],
    [
      'a line that lacks a column',
      ['{"text": "a", "label": "b"}', '{"text": "a"}'],
      /row 2 has no column "label"\. Its columns are text/,
      'bad.jsonl',
    ],
  ];
  test.each(cases)('%s', async (_, lines, sentence, name) => {
    const run = await ran(['train', write(name, ...lines), ...quick, '--output', at('none')]);
    expect(run).toMatchObject({ code: 1, stdout: '' });
    expect(run.stderr).toMatch(sentence);
  });

  test.each([
    [
      'latin-1',
      Buffer.from('text,label\ncaf\u00e9,soup\n', 'latin1'),
      /latin-1\.csv: it is not in UTF-8; perhaps .*Latin-1/,
    ],
    ['utf-16', Buffer.from('\ufefftext,label\na,soup\n', 'utf16le'), /utf-16\.csv: it is in UTF-16, .*iconv -f UTF-16/],
    ['no-mark', Buffer.from('text,label\na,soup\n', 'utf16le'), /no-mark\.csv: it is in UTF-16/],
  ])('bytes in another encoding: %s', async (name, bytes, sentence) => {
    writeFileSync(at(`${name}.csv`), bytes);
    const run = await ran(['train', at(`${name}.csv`), ...quick, '--output', at('none')]);
    expect(run).toMatchObject({ code: 1, stdout: '', stderr: expect.stringMatching(sentence) });
  });

  test('files that are no tables', async () => {
    const refusal = /sheet\.xlsx is no file of texts: its name ends in none of \.csv.*a sheet is saved as CSV/;
    const sheet = await ran(['train', write('sheet.xlsx', 'PK'), ...quick]);
    expect(sheet).toMatchObject({ code: 1, stderr: expect.stringMatching(refusal) });
    const text = await ran(['train', at('texts/soup/0.txt'), ...quick]);
    expect(text).toMatchObject({ code: 1, stderr: expect.stringMatching(/one text, .* Pass a table, .*\.csv/) });
    const picture = await ran(['predict', at('model'), write('rose.jpg', 'JPEG'), ...cpu]);
    expect(picture).toMatchObject({ code: 1, stderr: expect.stringMatching(/rose\.jpg is no file of texts/) });
  });

  test('a label that the model does not know', async () => {
    const data = write('other.csv', 'text,label', 'a,soup', 'b,cake');
    const run = await ran(['evaluate', at('model'), data, ...cpu]);
    expect(run).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('row 2 has the label "cake", which is none of drink, soup'),
    });
  });

  test('a base that reads pictures, a base that is none, a file that is none', async () => {
    const pictures = await ran(['train', at('data.csv'), ...columns, ...cpu, '--output', at('none')]);
    expect(pictures).toMatchObject({ code: 2, stderr: expect.stringContaining('which reads pictures') });
    const none = await ran(['train', at('data.csv'), '--base', 'owner/name', ...columns, ...cpu]);
    expect(none).toMatchObject({ code: 2, stderr: expect.stringContaining('hub:owner/name') });
    const flowers = at('flowers', 'rose');
    mkdirSync(flowers, { recursive: true });
    mkdirSync(at('flowers', 'lily'));
    const picture = sharp({ create: { width: 8, height: 8, channels: 3, background: '#40c020' } }).png();
    for (const name of ['rose/0.png', 'rose/1.png', 'lily/0.png', 'lily/1.png']) {
      await picture.toFile(at('flowers', name));
    }
    const encoder = await ran(['train', at('flowers'), ...quick]);
    expect(encoder).toMatchObject({ code: 2, stderr: expect.stringMatching(/an encoder of texts, .* holds pictures/) });
    const folder = await ran(['train', at('data.csv'), '--base', at('flowers'), ...columns, ...cpu]);
    expect(folder).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/encoder with its tokenizer\.json, or hub:/),
    });
    const file = await ran(['train', at('nowhere.csv'), ...quick]);
    expect(file).toMatchObject({ code: 1, stderr: expect.stringContaining('nowhere.csv cannot be read (ENOENT)') });
  });
});
