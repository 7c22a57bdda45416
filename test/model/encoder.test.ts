import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { cpu } from '../../src/backends/cpu.ts';
import { wasm } from '../../src/backends/wasm.ts';
import { unfreezeTop } from '../../src/core/edits.ts';
import { TransferError } from '../../src/core/errors.ts';
import { pipe } from '../../src/core/pipe.ts';
import { readSafetensors } from '../../src/formats/safetensors.ts';
import { floatsOf } from '../../src/formats/safetensors-values.ts';
import { type WritableTensor, writeSafetensors } from '../../src/formats/safetensors-write.ts';
import { dispose } from '../../src/model/dispose.ts';
import { loadBase } from '../../src/model/load-base.ts';
import { useBackend } from '../../src/model/use-backend.ts';
import { golden, inputsOf, miniLm, needsEncoder, outputOf, textFolder } from '../support/encoders.ts';
import { difference } from '../support/examples.ts';

const classNames = () =>
  Object.keys(
    (tf.serialization.SerializationMap.getMap() as unknown as { classNameMap: Record<string, unknown> }).classNameMap,
  ).filter((name) => name.startsWith('Text'));

test('tfjs is told of no layer before an encoder is loaded', () => {
  expect(classNames()).toEqual([]);
});

describe.each([
  ['cpu', cpu, 1e-5],
  ['wasm', wasm, 1e-4],
] as const)('encoders on %s', (_name, backend, tolerance) => {
  beforeEach(async () => {
    await useBackend(backend());
  });

  const cases = [
    ['tiny-bert', 'forward', { layer_2: 'last_hidden_state', layer_0: 'hidden_1', pooler: 'pooler_output' }],
    ['tiny-bert', 'forward-pair', { layer_2: 'last_hidden_state', pooler: 'pooler_output' }],
    ['tiny-distilbert', 'forward', { layer_1: 'last_hidden_state' }],
    ['tiny-roberta', 'forward', { layer_1: 'last_hidden_state' }],
  ] as const;
  test.each(cases)('%s gives the hidden states of %s', async (folder, file, outputs) => {
    const before = tf.memory().numTensors;
    const base = await loadBase(textFolder(folder));
    const tensors = await golden(`test/goldens/text/${folder}/${file}.golden.safetensors`);
    for (const [path, name] of Object.entries(outputs)) {
      const output = outputOf(base, inputsOf(tensors), path);
      expect(output.shape).toEqual((tensors[name] as tf.Tensor).shape);
      expect(difference(output, tensors[name] as tf.Tensor)).toBeLessThan(tolerance);
      output.dispose();
    }
    dispose(base);
    tf.dispose(Object.values(tensors));
    expect(tf.memory().numTensors).toBe(before);
  });

  test.each([
    ['tiny-distilbert', ['pre_classifier', 'classifier'], tf.relu],
    ['tiny-roberta', ['classifier.dense', 'classifier.out_proj'], tf.tanh],
  ] as const)('%s gives the logits of its head', async (folder, [below, above], activate) => {
    const base = await loadBase(textFolder(folder), { cut: 'first' });
    const tensors = await golden(`test/goldens/text/${folder}/forward.golden.safetensors`);
    const weights = await golden(`test/goldens/text/${folder}/model.safetensors`);
    const through = (x: tf.Tensor, name: string) =>
      tf.add(tf.matMul(x, tf.transpose(weights[`${name}.weight`] as tf.Tensor)), weights[`${name}.bias`] as tf.Tensor);
    const error = tf.tidy(() => {
      const first = outputOf(base, inputsOf(tensors));
      return difference(through(activate(through(first, below)), above), tensors.logits as tf.Tensor);
    });
    expect(error).toBeLessThan(tolerance);
    dispose(base);
    tf.dispose([Object.values(tensors), Object.values(weights)] as never);
  });

  test('MiniLM gives the sentence embeddings, from float16 weights', async (context) => {
    needsEncoder(miniLm, context);
    const before = tf.memory().numTensors;
    const base = await loadBase(miniLm);
    expect([base.outputShape, base.units.length]).toEqual([[384], 7]);
    const tensors = await golden(`${miniLm}/forward.golden.safetensors`);
    const output = outputOf(base, inputsOf(tensors));
    const error = difference(output, tensors.mean_pooled as tf.Tensor);
    console.log(`MiniLM on ${tf.getBackend()}: ${error}`);
    expect(error).toBeLessThan(tolerance);
    dispose(base);
    tf.dispose([output, ...Object.values(tensors)]);
    expect(tf.memory().numTensors).toBe(before);
  });
});

describe('an encoder as a base', () => {
  beforeEach(async () => {
    await useBackend(cpu());
  });

  test('has a unit for each block, and the pooler in the top one', async () => {
    const base = await loadBase(textFolder('tiny-bert'));
    expect(base.units.map(({ name, layers, group }) => [name, layers, group])).toEqual([
      ['embeddings', ['embeddings'], 'embeddings'],
      ['layer_0', ['layer_0'], 'layer_0'],
      ['layer_1', ['layer_1'], 'layer_1'],
      ['layer_2', ['layer_2', 'pooler'], 'layer_2'],
    ]);
    const layersOf = (top: number | string) =>
      new Set([...pipe(base, unfreezeTop(top)).settings.trains].map((key) => key.split('/')[0]));
    expect(layersOf(2)).toEqual(new Set(['layer_1', 'layer_2', 'pooler']));
    expect(layersOf('layer_2')).toEqual(new Set(['layer_2', 'pooler']));
    expect([base.outputShape, base.inputs.map(({ shape, dtype }) => [shape, dtype])]).toEqual([
      [32],
      [
        [[null], 'int32'],
        [[null], 'int32'],
        [[null], 'int32'],
      ],
    ]);
    expect(base.origin).toMatchObject({ name: 'tiny-bert', source: textFolder('tiny-bert') });
    expect(base.origin.sha256).toMatch(/^[0-9a-f]{64}$/);
    dispose(base);
  });

  test('ends in what cut says, and a mean counts no padding', async () => {
    const tensors = await golden('test/goldens/text/tiny-bert/forward.golden.safetensors');
    const [first, mean, lower] = await Promise.all(
      ['first', 'mean', 'layer_0'].map((cut) => loadBase(textFolder('tiny-bert'), { cut })),
    );
    const expected = tf.tidy(() => {
      const mask = tf.expandDims(tf.cast(tensors.attention_mask as tf.Tensor, 'float32'), -1);
      const meanOf = (x: tf.Tensor) => tf.div(tf.sum(tf.mul(x, mask), 1), tf.sum(mask, 1));
      const last = tensors.last_hidden_state as tf.Tensor;
      return [
        tf.squeeze(tf.slice(last, [0, 0, 0], [-1, 1, -1]), [1]),
        meanOf(last),
        meanOf(tensors.hidden_1 as tf.Tensor),
      ];
    });
    for (const [i, base] of [first, mean, lower].entries()) {
      const output = outputOf(base as NonNullable<typeof base>, inputsOf(tensors));
      expect(difference(output, expected[i] as tf.Tensor)).toBeLessThan(1e-5);
      output.dispose();
    }
    expect(lower?.units.map(({ name }) => name)).toEqual(['embeddings', 'layer_0']);
    tf.dispose([...expected, ...Object.values(tensors)]);
    for (const base of [first, mean, lower]) dispose(base as NonNullable<typeof base>);
  });
});

describe('folders of encoders', () => {
  let folder: string;
  beforeEach(async () => {
    await useBackend(cpu());
    folder = await mkdtemp(join(tmpdir(), 'encoder-'));
    await cp(textFolder('tiny-bert'), folder, { recursive: true });
  });
  afterEach(() => rm(folder, { recursive: true }));

  const tensorsOf = async () => {
    const { tensors } = readSafetensors(await readFile(join(folder, 'model.safetensors')), 'x');
    return new Map<string, WritableTensor>(
      [...tensors].map(([name, tensor]) => [name, { shape: tensor.shape, values: floatsOf(tensor, name) }]),
    );
  };
  const write = (tensors: ReadonlyMap<string, WritableTensor>, file = 'model.safetensors') =>
    writeFile(join(folder, file), writeSafetensors(tensors));
  const config = async (change: object) => {
    const json = JSON.parse(await readFile(join(folder, 'config.json'), 'utf8'));
    await writeFile(join(folder, 'config.json'), JSON.stringify({ ...json, ...change }));
  };
  const said = async () => {
    const before = tf.memory().numTensors;
    const error = await loadBase(folder, { name: 'tiny' }).then(
      () => 'nothing was thrown',
      (error) => (error instanceof TransferError ? `${error.code}: ${error.message}` : error),
    );
    expect(tf.memory().numTensors).toBe(before);
    return error;
  };
  /** The largest difference to the hidden states of the golden. */
  const deviation = async (source = folder) => {
    const base = await loadBase(source);
    const tensors = await golden('test/goldens/text/tiny-bert/forward.golden.safetensors');
    const output = outputOf(base, inputsOf(tensors));
    const error = difference(output, tensors.pooler_output as tf.Tensor);
    tf.dispose([output, ...Object.values(tensors)]);
    dispose(base);
    return error;
  };

  test('may be named by their config.json', async () => {
    expect(await deviation(join(folder, 'config.json'))).toBeLessThan(1e-5);
  });

  test('may use old names, prefixes, heads of a task and lists of positions', async () => {
    const renamed = [...(await tensorsOf())].map(([name, tensor]) => {
      const old = name.replace('LayerNorm.weight', 'LayerNorm.gamma').replace('LayerNorm.bias', 'LayerNorm.beta');
      return [`bert.${old}`, tensor] as const;
    });
    const beside = [
      ['bert.embeddings.position_ids', { shape: [1, 32], values: Int32Array.from({ length: 32 }, (_, i) => i) }],
      ['classifier.weight', { shape: [3, 32], values: new Float32Array(96) }],
      ['cls.predictions.bias', { shape: [201], values: new Float32Array(201) }],
    ] as const;
    await write(new Map<string, WritableTensor>([...renamed, ...beside]));
    expect(await deviation()).toBeLessThan(1e-5);
  });

  test('may be in several files', async () => {
    const tensors = [...(await tensorsOf())];
    await rm(join(folder, 'model.safetensors'));
    await write(new Map(tensors.slice(0, 9)), 'model-00001-of-00002.safetensors');
    await write(new Map(tensors.slice(9)), 'model-00002-of-00002.safetensors');
    const weight_map = Object.fromEntries(
      tensors.map(([name], i) => [name, `model-0000${i < 9 ? 1 : 2}-of-00002.safetensors`]),
    );
    await writeFile(join(folder, 'model.safetensors.index.json'), JSON.stringify({ metadata: {}, weight_map }));
    expect(await deviation()).toBeLessThan(1e-5);
  });

  test('that lack weights, have others and have some of another shape say all of it', async () => {
    const tensors = await tensorsOf();
    tensors.delete('encoder.layer.1.output.dense.bias');
    tensors.delete('pooler.dense.weight');
    tensors.set('encoder.layer.3.output.dense.bias', { shape: [1], values: new Float32Array(1) });
    tensors.set('embeddings.LayerNorm.bias', { shape: [2], values: new Float32Array(2) });
    await write(tensors);
    const error = await said();
    expect(error).toMatch(/^INVALID_MODEL: The weights of tiny are not those that its config\.json describes\./);
    expect(error).toContain('Missing: encoder.layer.1.output.dense.bias, pooler.dense.weight.');
    expect(error).toContain('Unexpected: encoder.layer.3.output.dense.bias.');
    expect(error).toContain('Of another shape: embeddings.LayerNorm.bias is [2] and not [32].');
  });

  test('without a pooler are read through the mean', async () => {
    const tensors = await tensorsOf();
    tensors.delete('pooler.dense.weight');
    tensors.delete('pooler.dense.bias');
    await write(tensors);
    const base = await loadBase(folder);
    expect(base.layers.map(({ path }) => path).at(-1)).toBe('mean');
    dispose(base);
  });

  test.each([
    [
      { model_type: 'llama' },
      /^UNSUPPORTED: tiny is of model_type "llama"\. Encoders of bert, roberta, distilbert are read/,
    ],
    [{ model_type: null }, /^UNSUPPORTED: tiny is of model_type null/],
    [{ model_type: 'toString' }, /^UNSUPPORTED/],
    [{ position_embedding_type: 'relative_key' }, /^UNSUPPORTED: tiny has positions of type "relative_key"/],
    [{ is_decoder: true }, /^UNSUPPORTED: tiny has the masks of a decoder/],
    [{ hidden_act: 'mish' }, /^UNSUPPORTED: tiny has the activation "mish"/],
    [{ hidden_size: 0 }, /^INVALID_MODEL: .* says hidden_size: 0, where a whole number from 1/],
    [{ num_hidden_layers: '3' }, /^INVALID_MODEL: .* says num_hidden_layers: "3"/],
    [{ num_attention_heads: 5 }, /^INVALID_MODEL: .* says hidden_size: 32, which 5 heads cannot share/],
    [{ layer_norm_eps: 0 }, /^INVALID_MODEL: .* says layer_norm_eps: 0/],
    [{ vocab_size: 10 }, /^INVALID_MODEL: .*word_embeddings\.weight is \[201, 32\] and not \[10, 32\]/],
  ])('that say %j are refused', async (change, sentence) => {
    await config(change);
    expect(await said()).toMatch(sentence);
  });

  test('with a broken config.json, broken weights or none are refused', async () => {
    await writeFile(join(folder, 'model.safetensors'), new Uint8Array(20));
    expect(await said()).toMatch(/^INVALID_MODEL: model\.safetensors of tiny is no safetensors file/);
    await rm(join(folder, 'model.safetensors'));
    expect(await said()).toMatch(/^NOT_FOUND: .*model\.safetensors cannot be read/);
    await writeFile(join(folder, 'config.json'), '[]');
    expect(await said()).toMatch(/^INVALID_MODEL: The config\.json of tiny is no object/);
    await writeFile(join(folder, 'config.json'), '{');
    expect(await said()).toMatch(/^INVALID_MODEL: The config\.json of tiny is no JSON/);
    await rm(join(folder, 'config.json'));
    expect(await said()).toMatch(/^NOT_FOUND: .*model\.json cannot be read/);
  });

  test('whose weights are far longer than they can be are refused before they are read', async () => {
    const { truncate } = await import('node:fs/promises');
    await truncate(join(folder, 'model.safetensors'), 2 ** 30);
    expect(await said()).toMatch(
      /^INVALID_MODEL: .*model\.safetensors should take \d+ bytes, and 1073741824 are there/,
    );
  });

  test('that are cut where they have no layer say which they have', async () => {
    await expect(loadBase(folder, { cut: 'layer_3' })).rejects.toThrow(/Its blocks are layer_0 to layer_2/);
    await expect(loadBase(folder, { cut: 'layer_x' })).rejects.toThrow(/'layer_x' is no layer of the model/);
  });
});
