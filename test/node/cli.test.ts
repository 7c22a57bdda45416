import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loadModel } from '../../src/model/load-model.ts';
import { lastLine, type Ran, ran } from '../support/ran.ts';

const folder = mkdtempSync(join(tmpdir(), 'cli-'));
const at = (...parts: readonly string[]) => join(folder, ...parts);
const quick = ['--base', 'tiny-cnn', '--backend', 'cpu'];

async function writePictures(name: string, classes: readonly (readonly [string, string])[], each: number) {
  for (const [label, colour] of classes) {
    mkdirSync(at(name, label), { recursive: true });
    for (let i = 0; i < each; i++) {
      const picture = sharp({ create: { width: 24, height: 24, channels: 3, background: colour } });
      await picture
        .modulate({ brightness: 1 - i / 20 })
        .png()
        .toFile(at(name, label, `${i}.png`));
    }
  }
}

let trained: Ran;

beforeAll(async () => {
  const classes = [
    ['lime', '#40c020'],
    ['plum', '#601060'],
  ] as const;
  await writePictures('fruit', classes, 6);
  writeFileSync(at('fruit', 'plum', 'broken.png'), 'no picture');
  await writePictures('others', classes, 2);
  trained = await ran(['train', at('fruit'), ...quick, '--epochs', '2', '--output', at('model'), '--json']);
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('train', () => {
  test('saves a model and says in JSON how good it is', () => {
    expect(trained).toMatchObject({ code: 0 });
    const result = lastLine(trained);
    expect(result).toEqual({
      accuracy: expect.any(Number),
      loss: expect.any(Number),
      classes: ['lime', 'plum'],
      images: 13,
      trained: 10,
      skipped: 1,
      seconds: expect.any(Number),
      output: at('model'),
      skippedFiles: [{ file: 'plum/broken.png', reason: expect.stringContaining('cannot be read') }],
    });
    expect(trained.stdout.trimEnd().split('\n')).toHaveLength(1);
    const weights = expect.stringMatching(/^weights\..*bin$/);
    expect(readdirSync(at('model')).sort()).toEqual(['metadata.json', 'model.json', weights]);
    expect(JSON.parse(readFileSync(at('model', 'metadata.json'), 'utf8')).labels).toEqual(['lime', 'plum']);
  });

  test('writes a line for each epoch of both phases where stderr is no terminal', () => {
    const lines = trained.stderr.trimEnd().split('\n');
    expect(
      lines.filter((line) =>
        /phase 1\/2( \(.* left\))? · epoch [12]\/2 · loss [\d.]+ · validation accuracy/.test(line),
      ),
    ).toHaveLength(2);
    expect(lines.filter((line) => /phase 2\/2 · epoch 1\/1 .*accuracy [01]\.\d{3}/.test(line))).toHaveLength(1);
    expect(trained.stderr).not.toContain('\u001b');
    expect(new Set(lines).size).toBe(lines.length);
  });

  test('rewrites one line for each phase on a terminal', async () => {
    const { code, stderr } = await ran(['train', at('fruit'), ...quick, '--epochs', '2', '--output', at('terminal')], {
      isTTY: true,
    });
    expect(code).toBe(0);
    expect(stderr).toContain('\u001b[1G');
    expect(stderr).toMatch(/phase 2\/2 · epoch 1\/1/);
    expect(stderr.split('\n').length).toBeLessThan(6);
  });

  test('tells a reader the accuracy, each class, what was skipped, and what to try next', async () => {
    const { code, stdout } = await ran([
      'train',
      at('fruit'),
      ...quick,
      '--strategy',
      'linear-probe',
      '--epochs',
      '1',
      '--output',
      at('read'),
    ]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/Accuracy [01]\.\d{3}, loss/);
    expect(stdout).toMatch(/^lime +1 /m);
    expect(stdout).toContain('plum/broken.png: it cannot be read');
    expect(stdout).toContain(`tfjs-transfer predict ${at('read')}`);
  });

  test('reports the scores of the weights that it saved', async () => {
    const flags = ['--epochs', '3', '--validation', '0.4', '--output', at('best'), '--json'];
    const run = await ran(['train', at('fruit'), ...quick, ...flags]);
    const losses = [...run.stderr.matchAll(/validation loss ([\d.]+)/g)].map(([, loss]) => Number(loss));
    expect(lastLine(run).loss).toBeCloseTo(Math.min(...losses), 3);
  });

  test('gives the same result for the same seed', async () => {
    const flags = ['--epochs', '2', '--output', at('again'), '--json'];
    const again = lastLine(await ran(['train', at('fruit'), ...quick, ...flags]));
    const { accuracy, loss } = lastLine(trained);
    expect(again).toMatchObject({ accuracy, loss });
    const weights = (name: string) => readdirSync(at(name)).find((file) => file.endsWith('.bin'));
    expect(weights('again')).toBe(weights('model'));
  });

  test('measures nothing without a validation split', async () => {
    const flags = ['--epochs', '1', '--validation', '0', '--output', at('whole'), '--json'];
    const result = lastLine(await ran(['train', at('fruit'), ...quick, ...flags]));
    expect(result).toMatchObject({ accuracy: null, loss: null, images: 13, trained: 12 });
  });

  test('reads a strategy from a file', async () => {
    const steps = [
      { kind: 'edit', name: 'freeze' },
      { kind: 'phase', name: 'train', epochs: 3, metrics: [] },
    ];
    writeFileSync(at('strategy.json'), JSON.stringify(steps));
    const flags = ['--strategy', at('strategy.json'), '--output', at('filed'), '--json'];
    const run = await ran(['train', at('fruit'), ...quick, ...flags]);
    expect(run.stderr).toContain('phase 1/1 · epoch 3/3');
    expect(lastLine(run).accuracy).toEqual(expect.any(Number));
    expect((await ran(['train', at('fruit'), ...quick, ...flags, '--epochs', '3'])).code).toBe(2);
    writeFileSync(at('strategy.json'), '[{');
    const broken = await ran(['train', at('fruit'), ...quick, ...flags]);
    expect(broken).toMatchObject({ code: 1, stderr: expect.stringContaining('holds no strategy') });
  });

  test('computes features in workers, with the same result', async () => {
    const argv = ['train', at('fruit'), ...quick, '--epochs', '2', '--workers', '2', '--json'];
    const result = lastLine(await ran([...argv, '--output', at('by-workers')]));
    const { accuracy, loss } = lastLine(trained);
    expect(result).toMatchObject({ accuracy, loss });
    expect(readdirSync(at('by-workers'))).toEqual(readdirSync(at('model')));
  });

  test('trains nothing in a dry run, and says what it would do', async () => {
    const argv = ['train', at('fruit'), ...quick, '--output', at('dry'), '--dry-run'];
    const { code, stdout } = await ran(argv);
    expect(code).toBe(0);
    expect(stdout).toContain('Phase 2 of 2: 5 epochs');
    expect(stdout).toContain('block3_pointwise');
    expect(lastLine(await ran([...argv, '--json'])).phases).toHaveLength(2);
    expect(existsSync(at('dry'))).toBe(false);
  });

  test('takes a folder of pictures with a text among them for pictures', async () => {
    await writePictures('noted', [['lime', '#40c020']], 3);
    await writePictures('noted', [['plum', '#601060']], 3);
    writeFileSync(at('noted', 'plum', 'notes.txt'), 'bought on Monday');
    const noted = await ran(['train', at('noted'), ...quick, '--epochs', '1', '--output', at('noted-model'), '--json']);
    expect(lastLine(noted)).toMatchObject({ images: 7, skipped: 1, skippedFiles: [{ file: 'plum/notes.txt' }] });
  });

  test('saves the best weights so far when it is interrupted', async () => {
    const interruption = new AbortController();
    const argv = ['train', at('fruit'), ...quick, '--epochs', '500', '--output', at('partial'), '--json'];
    const run = await ran(argv, {
      signal: interruption.signal,
      watch: (text) => text.includes('epoch 2/500') && interruption.abort(),
    });
    expect(run.code).toBe(130);
    expect(run.stderr).toContain(`Interrupted: the best weights so far are saved to ${at('partial')}.`);
    const losses = [...run.stderr.matchAll(/validation loss ([\d.]+)/g)].map(([, loss]) => Number(loss));
    expect(lastLine(run).loss).toBeCloseTo(Math.min(...losses), 3);
    const model = await loadModel(at('partial'));
    expect(model.head.labels).toEqual(['lime', 'plum']);
    model.lease.dispose();
  });

  test('saves nothing when it is interrupted before the first step', async () => {
    const argv = ['train', at('fruit'), ...quick, '--output', at('none')];
    expect(await ran(argv, { signal: AbortSignal.abort() })).toMatchObject({ code: 130, stdout: '' });
    const interruption = new AbortController();
    const watch = (text: string) => text.includes('before training') && interruption.abort();
    const late = await ran(argv, { signal: interruption.signal, watch });
    expect(late).toMatchObject({ code: 130, stdout: '', stderr: expect.stringContaining('nothing to save') });
    expect(existsSync(at('none'))).toBe(false);
  });

  test('leaves no tensor behind', async () => {
    const before = tf.memory().numTensors;
    await ran(['train', at('fruit'), ...quick, '--epochs', '1', '--output', at('tidy')]);
    await ran(['predict', at('tidy'), at('fruit/lime/0.png'), '--backend', 'cpu']);
    await ran(['inspect', 'tiny-cnn', '--backend', 'cpu']);
    expect(tf.memory().numTensors).toBe(before);
  });
});

describe('predict', () => {
  test('gives labels and scores in JSON, and an error beside them for a broken picture', async () => {
    const files = [at('fruit/lime/0.png'), at('fruit/plum/broken.png'), at('nowhere.png')] as const;
    const run = await ran(['predict', at('model'), ...files, '--top', '1', '--json', '--backend', 'cpu']);
    expect(run.code).toBe(1);
    expect(lastLine(run)).toEqual([
      { file: files[0], predictions: [{ label: expect.stringMatching(/lime|plum/), score: expect.any(Number) }] },
      { file: files[1], error: expect.any(String) },
      { file: files[2], error: expect.stringContaining('nowhere.png') },
    ]);
  });

  test('fails where a picture could not be read, and says so apart from the results', async () => {
    const files = [at('fruit/plum/broken.png'), at('fruit'), at('fruit/lime/0.png')];
    const { code, stdout, stderr } = await ran(['predict', at('model'), ...files, '--backend', 'cpu']);
    expect(code).toBe(1);
    expect(stdout).toMatch(/^\S+0\.png .*\n$/);
    expect(stderr).toMatch(/^Not read: .*broken\.png/m);
    expect(stderr).toMatch(/^Not read: \S+fruit is a folder\. Pass the files in it\.$/m);
  });

  test('tells a reader one line for each picture', async () => {
    const { stdout } = await ran(['predict', at('model'), at('fruit/lime/0.png'), '--backend', 'cpu']);
    expect(stdout).toMatch(/^\S+0\.png +(lime|plum) [01]\.\d{3} +(lime|plum) [01]\.\d{3}\n$/);
  });
});

describe('evaluate', () => {
  test('measures each class in the order of the model', async () => {
    const run = await ran(['evaluate', at('model'), at('others'), '--backend', 'cpu', '--json']);
    expect(run.code).toBe(0);
    const { accuracy, perClass, confusion, ...rest } = lastLine(run);
    expect(rest).toEqual({ loss: expect.any(Number), measured: 4, skipped: 0, skippedFiles: [] });
    expect(accuracy).toBeGreaterThanOrEqual(0);
    expect(perClass.map(({ label, support }: { label: string; support: number }) => [label, support])).toEqual([
      ['lime', 2],
      ['plum', 2],
    ]);
    expect(confusion.flat().reduce((sum: number, pictures: number) => sum + pictures, 0)).toBe(4);
  });

  test('tells a reader, with what was skipped', async () => {
    const { code, stdout } = await ran(['evaluate', at('model'), at('fruit'), '--backend', 'cpu']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/Accuracy [01]\.\d{3} on 12 pictures/);
    expect(stdout).toContain('plum/broken.png');
  });
});

describe('inspect', () => {
  test('shows layers, origin and labels of a model', async () => {
    const { code, stdout } = await ran(['inspect', at('model'), '--backend', 'cpu']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^stem_conv +Conv2D/m);
    expect(stdout).toMatch(/^Base +tiny-cnn$/m);
    expect(stdout).toMatch(/^Labels +lime, plum$/m);
  });

  test('describes a model and a base in JSON', async () => {
    const model = lastLine(await ran(['inspect', at('model'), '--backend', 'cpu', '--json']));
    expect(model).toMatchObject({ kind: 'transfer', labels: ['lime', 'plum'], origin: { name: 'tiny-cnn' } });
    const base = lastLine(await ran(['inspect', 'tiny-cnn', '--backend', 'cpu', '--json']));
    expect(base).toMatchObject({ kind: 'base', labels: [], inputs: [{ shape: [64, 64, 3] }] });
  });

  test('says of a damaged model that it is', async () => {
    const source = at('damaged');
    await ran(['train', at('fruit'), ...quick, '--epochs', '1', '--output', source]);
    const file = readdirSync(source).find((name) => name.endsWith('.bin')) as string;
    const weights = readFileSync(join(source, file));
    weights[0] = (weights[0] ?? 0) ^ 1;
    writeFileSync(join(source, file), weights);
    const { code, stderr } = await ran(['inspect', source, '--backend', 'cpu']);
    expect(code).toBe(1);
    expect(stderr).toContain('SHA-256');
  });
});

describe('usage', () => {
  const wrong: readonly (readonly [argv: readonly string[], sentence: RegExp])[] = [
    [[], /No command was given\. Pass one of: train, predict, evaluate, inspect/],
    [['tune'], /Unknown command "tune"/],
    [['constructor'], /Unknown command "constructor"/],
    [['tune', '--help'], /Unknown command "tune"/],
    [['train'], /train received no arguments\. Pass DATA/],
    [['train', 'a', 'b'], /train received "a", "b" as arguments/],
    [['train', 'a', '--epoch', '3'], /Unknown flag --epoch\. The flags of train are .*--epochs/],
    [['train', 'a', '--folder', 'b'], /Unknown flag --folder/],
    [['train', 'a', '-x'], /Unknown flag -x/],
    [['train', 'a', '--epochs'], /--epochs received no value\. Write --epochs <number>/],
    [['train', 'a', '--output', '--json'], /--output received no value/],
    [['train', 'a', '--json=yes'], /--json received "yes"; it takes no value/],
    [['train', 'a', '--epochs', '0'], /--epochs received "0"\. Pass a whole number from 1/],
    [['train', 'a', '--epochs', '2.5'], /--epochs received "2\.5"/],
    [['train', 'a', '--epochs', 'many'], /--epochs received "many"/],
    [['train', 'a', '--workers', '0'], /--workers received "0"\. Pass a whole number from 1/],
    [['train', 'a', '--seed', '-3'], /--seed received "-3"\. Pass a whole number from 0/],
    [['train', 'a', '--validation', '1'], /--validation received "1"\. Pass a number from 0 and below 1/],
    [['train', 'a', '--backend', 'gpu'], /--backend received "gpu"\. Pass one of: wasm, cpu/],
    [
      ['train', 'a', '--base', 'resnet'],
      /--base received "resnet", .* Pass efficientnet-lite0, tiny-cnn, hub:owner\/name/,
    ],
    [['train', 'a', '--strategy', 'all'], /--strategy received "all"\. Pass probe-then-tune or linear-probe/],
    [['train', 'a', '--output', 'a/model'], /--output received "a\/model", which lies in a/],
    [['train', 'a', '--output', at('strategy.json')], /which is a file/],
    [['predict', 'model'], /predict received "model" as arguments\. Pass MODEL and FILES, the last as often/],
    [['predict', 'model', 'a.png', '--top', 'x'], /--top received "x"/],
    [['evaluate', 'model'], /Pass MODEL and DATA/],
  ];

  beforeAll(() => writeFileSync(at('strategy.json'), '[]'));

  test.each(wrong)('refuses %j', async (argv, sentence) => {
    const { code, stdout, stderr } = await ran(argv);
    expect(code).toBe(2);
    expect(stdout).toBe('');
    expect(stderr).toMatch(sentence);
    expect(stderr).toMatch(/See tfjs-transfer .*--help\./);
  });

  test.each([
    ['a missing folder', ['train', at('nowhere'), ...quick], /there is no folder to read/],
    [
      'a missing model',
      ['predict', at('nowhere'), 'a.png', '--backend', 'cpu'],
      /cannot be read \(ENOENT\)\. Pass the folder or URL of a model that train saved\.$/m,
    ],
    [
      'a base without a model',
      ['train', at('fruit'), '--base', at('fruit'), '--backend', 'cpu'],
      /cannot be read \(ENOENT\)\. Pass efficientnet-lite0, .*hub:owner\/name/,
    ],
    ['a missing strategy', ['train', at('fruit'), ...quick, '--strategy', 'nowhere.json'], /cannot be read \(ENOENT\)/],
    ['a folder of pictures as a model', ['inspect', at('fruit'), '--backend', 'cpu'], /cannot be read/],
  ] as const)('fails with one sentence for %s', async (_what, argv, sentence) => {
    const { code, stdout, stderr } = await ran(argv);
    expect(code).toBe(1);
    expect(stdout).toBe('');
    expect(stderr).toMatch(sentence);
    expect(stderr.trimEnd()).not.toContain('\n');
  });

  test('prints help and version', async () => {
    const help = await ran(['--help']);
    expect(help).toMatchObject({ code: 0, stderr: '' });
    for (const name of ['train', 'predict', 'evaluate', 'inspect', 'Exit codes']) expect(help.stdout).toContain(name);
    const { stdout } = await ran(['train', '--help']);
    expect(stdout).toMatch(/--epochs=<number>/);
    expect(stdout).toMatch(/<DATA>/);
    expect(await ran(['--version'])).toMatchObject({ code: 0, stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/) });
  });
});
