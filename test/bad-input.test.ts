import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import * as tf from '@tensorflow/tfjs-core';
import sharp from 'sharp';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { cpu } from '../src/backends/cpu.ts';
import { tinyCnn } from '../src/bases/tiny-cnn.ts';
import { fromArrays, fromTensors } from '../src/data/index.ts';
import { classifier, multiLabel, regressor } from '../src/heads/index.ts';
import {
  attachHead,
  type Backend,
  type BaseSource,
  type Dataset,
  dispose,
  type ErrorCode,
  type Examples,
  evaluate,
  fineTune,
  type Head,
  linearProbe,
  loadBase,
  loadModel,
  pipe,
  predict,
  type Strategy,
  saveModel,
  sequence,
  softmaxCrossEntropy,
  type TrainEvent,
  TransferError,
  type TransferModel,
  train,
  unfreeze,
  unfreezeTop,
  useBackend,
} from '../src/index.ts';
import { imageFolder } from '../src/node/index.ts';

const size = 16;
const root = mkdtempSync(join(tmpdir(), 'tfjs-transfer-bad-input-'));
const at = (...parts: readonly string[]) => join(root, ...parts);
const picture = (value: number, side = size) => new Float32Array(side * side * 3).fill(value);
const pictures = (count: number, change: (values: Float32Array, index: number) => void = () => {}) =>
  Array.from({ length: count }, (_, index) => {
    const values = picture(20 * index);
    change(values, index);
    return values;
  });

function examples(targets: readonly (number | readonly number[])[], rows = pictures(targets.length)): Examples {
  const values = rows.flatMap((row) => [...row]);
  return fromArrays({ values, shape: [targets.length, size, size, 3] }, targets);
}

const onBase = <Result>(use: (base: ReturnType<typeof tinyCnn>) => Result): Result => {
  const base = tinyCnn({ size });
  try {
    return use(base);
  } finally {
    dispose(base);
  }
};
const modelWith = (head: Head) => onBase(attachHead(head));

let model: TransferModel;
let data: Dataset;
let first: unknown;
let saved: string;
const once = linearProbe({ epochs: 1, batchSize: 4 });

beforeAll(async () => {
  await useBackend(cpu());
  model = modelWith(classifier(['even', 'odd']));
  data = { train: examples([0, 1, 0, 1]), validation: examples([0, 1]) };
  first = await predict(model, picture(90));
  saved = at('saved');
  await saveModel(model, saved);
});

afterEach(async () => {
  expect(await predict(model, picture(90)), 'the model predicts as before').toEqual(first);
  const tuned = await fineTune(model, data, once);
  expect(tuned.ended, 'the model still trains').toBe('completed');
  dispose(tuned.model);
});

afterAll(() => {
  dispose(model);
  rmSync(root, { recursive: true, force: true });
});

interface Said {
  readonly received: RegExp;
  readonly expected: RegExp;
  readonly next: RegExp;
}

/** Runs what must fail, and expects one clear error and no tensor left behind. */
async function refused(run: () => unknown, code: ErrorCode, { received, expected, next }: Said): Promise<void> {
  const counts = () => [tf.memory().numTensors, tf.memory().numDataBuffers];
  const before = counts();
  const failure: unknown = await (async () => run())().then(
    () => 'nothing was refused',
    (error: unknown) => error,
  );
  expect(failure).toBeInstanceOf(TransferError);
  const error = failure as TransferError;
  expect([error.code, error.message]).toEqual([code, expect.stringMatching(received)]);
  expect(error.message).toMatch(expected);
  expect(error.message).toMatch(next);
  if (error.model) dispose(error.model);
  expect(counts(), 'tensors left behind').toEqual(before);
}

describe('a folder of pictures', () => {
  const write = async (file: string, content: string | undefined, colour = 0) => {
    mkdirSync(join(at(file), '..'), { recursive: true });
    if (content !== undefined) return writeFileSync(at(file), content);
    const create = { width: 4, height: 4, channels: 3, background: { r: colour, g: 9, b: 9 } } as const;
    await sharp({ create }).png().toFile(at(file));
  };

  test('that is empty', async () => {
    mkdirSync(at('empty'));
    await refused(() => imageFolder(at('empty')), 'INVALID_DATA', {
      received: /no subfolders, 0 files/,
      expected: /one subfolder for each class/,
      next: /put its pictures there/,
    });
  });

  test('that is not there', async () => {
    await refused(() => imageFolder(at('absent')), 'NOT_FOUND', {
      received: /absent.*no folder to read/,
      expected: /one subfolder of pictures for each class/,
      next: /Pass a folder/,
    });
  });

  test('with one picture of a class', async () => {
    for (const name of ['cat/1', 'cat/2', 'dog/1']) await write(`single/${name}.png`, undefined);
    await refused(() => imageFolder(at('single')), 'INVALID_DATA', {
      received: /class "dog" has one picture/,
      expected: /cannot be divided between the splits/,
      next: /Add pictures of it/,
    });
  });

  test('with a file that is no picture: skipped, listed, and the rest trains', async () => {
    for (const [index, name] of ['cat/1', 'cat/2', 'dog/1', 'dog/2'].entries()) {
      await write(`mixed/${name}.png`, undefined, 60 * index);
    }
    await write('mixed/dog/notes.png', 'no picture');
    await write('mixed/dog/notes.txt', 'no picture');
    const pets = modelWith(classifier(['cat', 'dog']));
    const before = tf.memory().numTensors;
    await expect(imageFolder(at('mixed'), { signal: AbortSignal.abort(new Error('enough')) })).rejects.toThrow(
      'enough',
    );
    const folder = await imageFolder(at('mixed'), { validation: 0.5 });
    expect(folder.skipped.map(({ file }) => file)).toEqual(['dog/notes.png', 'dog/notes.txt']);
    for (const { reason } of folder.skipped) expect(reason).toMatch(/cannot be read|its name ends in none of/);
    const tuned = await fineTune(pets, folder, once);
    dispose(tuned.model);
    expect(tf.memory().numTensors).toBe(before);
    dispose(pets);
  });
});

describe('targets', () => {
  const classes = { expected: /a class index from 0 to 1 \(even, odd\)/, next: /Correct the targets/ };
  const outOfRange = [-1, 2, 0.5, Number.NaN];

  test.each(outOfRange)('%d in training', async (target) => {
    const said = { received: new RegExp(`example 2 in the train split is ${JSON.stringify(target)}`), ...classes };
    await refused(() => fineTune(model, { train: examples([0, 1, target, 1]) }, once), 'INVALID_DATA', said);
  });

  test.each(outOfRange)('%d in validation', async (target) => {
    const bad = { ...data, validation: examples([target, 0]) };
    const said = { received: new RegExp(`example 0 in the validation split is ${JSON.stringify(target)}`), ...classes };
    await refused(() => fineTune(model, bad, once), 'INVALID_DATA', said);
    await refused(() => evaluate(model, bad.validation), 'INVALID_DATA', { ...said, received: /example 0/ });
  });

  test.each([
    ['multiLabel', multiLabel(['red', 'round']), [1, 0], [1], /2 numbers, 0 or 1, one for each label/],
    ['multiLabel', multiLabel(['red', 'round']), [1, 0], [1, 2], /2 numbers, 0 or 1, one for each label/],
    ['multiLabel', multiLabel(['red', 'round']), [1, 0], 1, /2 numbers, 0 or 1, one for each label/],
    ['regressor', regressor(['x', 'y']), [1, 2], [1, 2, 3], /2 finite numbers, one for each output/],
    ['regressor', regressor(['x', 'y']), [1, 2], [1, Number.NaN], /2 finite numbers, one for each output/],
    ['regressor', regressor(['x', 'y']), [1, 2], [], /2 finite numbers, one for each output/],
  ] as const)('that do not fit a %s', async (name, head, good, bad, expected) => {
    const other = modelWith(head);
    await refused(() => fineTune(other, { train: examples([good, bad]) }, once), 'INVALID_DATA', {
      received: new RegExp(`example 1 in the train split is .*"${name}"`),
      expected,
      next: /Correct the targets, or attach a head that fits them/,
    });
    const tuned = await fineTune(other, { train: examples([good, good]) }, once);
    dispose(tuned.model);
    dispose(other);
  });

  test('fewer than the examples', async () => {
    const values = pictures(2).flatMap((row) => [...row]);
    await refused(() => fromArrays({ values, shape: [2, size, size, 3] }, [0]), 'INVALID_DATA', {
      received: /2 examples .* 1 targets/,
      expected: /one target for each example/,
      next: /Pass/,
    });
  });
});

describe('NaN in the data', () => {
  const withNaN = (where: number) =>
    examples(
      [0, 1, 0, 1, 0, 1],
      pictures(6, (values, index) => {
        if (index === where) values[7] = Number.NaN;
      }),
    );
  const said = (where: number): Said => ({
    received: new RegExp(`example ${where} holds NaN or Infinity`),
    expected: /nothing was trained on it/,
    next: /Remove the example or repair its values/,
  });
  const strategies: readonly (readonly [string, Strategy])[] = [
    ['the head', linearProbe({ epochs: 1, batchSize: 2 })],
    ['everything', sequence(unfreeze(), train({ epochs: 1, batchSize: 2 }))],
  ];

  describe.each(strategies)('training %s', (_, strategy) => {
    test.each([0, 5])('example %i of training', (where) =>
      refused(() => fineTune(model, { train: withNaN(where) }, strategy), 'INVALID_DATA', said(where)),
    );
    test('of validation', () =>
      refused(() => fineTune(model, { ...data, validation: withNaN(3) }, strategy), 'INVALID_DATA', said(3)));
    test('of what is evaluated', () => refused(() => evaluate(model, withNaN(5)), 'INVALID_DATA', said(5)));
    test('where features are not cached', () =>
      refused(() => fineTune(model, { train: withNaN(5) }, strategy, { cacheBytes: 0 }), 'INVALID_DATA', said(5)));
    test('of augmented examples', () => {
      const augmented = { train: { ...withNaN(4), augmented: true } };
      return refused(() => fineTune(model, augmented, strategy), 'INVALID_DATA', said(4));
    });
  });
});

test.each([0, -1, 0.5, Number.NaN])('evaluating %d examples at a time', (batchSize) =>
  refused(() => evaluate(model, data.train, { batchSize }), 'INVALID_ARGUMENT', {
    received: new RegExp(`evaluate received batchSize: ${batchSize}`),
    expected: /a whole number from 1/,
    next: /Pass/,
  }),
);

describe('a strategy', () => {
  const run = (strategy: unknown) => () => fineTune(model, data, strategy as Strategy);
  const phase = train({ epochs: 1 });

  test.each([400, -1, 1.5, Number.NaN])('with unfreezeTop(%d)', async (top) => {
    const said = {
      received: new RegExp(`unfreezeTop\\(${top}\\): the base has 7 layers`),
      expected: /a whole number from 0 to 7/,
      next: /Pass/,
    };
    await refused(run(sequence(unfreezeTop(top), phase)), 'INVALID_ARGUMENT', said);
    await refused(() => pipe(model, unfreezeTop(top)), 'INVALID_ARGUMENT', said);
  });

  test.each(['nope', ''])('with unfreezeTop(%j)', async (name) => {
    await refused(run(sequence(unfreezeTop(name), phase)), 'NOT_FOUND', {
      received: new RegExp(`unfreezeTop\\('${name}'\\): no layer`),
      expected: /has this name or begins with it/,
      next: /The units are.*stem_conv, block1_depthwise.*block3_pointwise/,
    });
  });

  test('that is empty', () =>
    refused(run([]), 'INVALID_ORDER', {
      received: /strategy is empty/,
      expected: /at least one phase/,
      next: /Pass.*train\(\{ epochs: 10 \}\)/,
    }));

  test('that ends with an edit', () =>
    refused(run(sequence(phase, unfreezeTop(1))), 'INVALID_ORDER', {
      received: /ends with the edit unfreezeTop/,
      expected: /nothing trains after/,
      next: /Add train\(\{ epochs \}\) behind it/,
    }));

  test.each([
    ['a number', 3],
    ['null', null],
    ['a function', () => model],
    ['a head', classifier(['even', 'odd'])],
  ])('with %s in it', (_, stranger) =>
    refused(run([phase, stranger, phase]), 'INVALID_ARGUMENT', {
      received: /Step 2 of the strategy/,
      expected: /is no edit and no phase/,
      next: /Pass what freeze\(\), unfreezeTop\(n\), train/,
    }),
  );

  test('with a gradient that is not finite where every output is', () => {
    const loss = softmaxCrossEntropy({ classWeights: [3e38, 3e38] });
    return refused(run([train({ epochs: 1, loss })]), 'NOT_FINITE', {
      received: /the loss, or the norm of its gradients, is NaN or Infinity/,
      expected: /The weights of the step before are kept/,
      next: /Lower the learning rate/,
    });
  });

  test('that is none', () =>
    refused(run(phase), 'INVALID_ARGUMENT', {
      received: /The strategy is a single phase/,
      expected: /sequence\(train\(\{ epochs \}\)\), or a recipe/,
      next: /Pass/,
    }));
});

describe('a head', () => {
  test('on a base that has one', () =>
    refused(() => attachHead(classifier(['a', 'b']))(model as never), 'INVALID_ORDER', {
      received: /the model has a head already/,
      expected: /Attach the other head to the base/,
      next: /asBase\(model\)/,
    }));

  test('that is an array of labels', () =>
    refused(() => attachHead(['a', 'b'] as never), 'INVALID_ARGUMENT', {
      received: /attachHead received \[Array\]/,
      expected: /no head/,
      next: /Pass classifier\(labels\)/,
    }));

  test('on a base that was not awaited', () =>
    refused(() => attachHead(classifier(['a', 'b']))(Promise.resolve() as never), 'INVALID_ORDER', {
      received: /received object, not a base/,
      expected: /what loadBase or asBase returns/,
      next: /await loadBase/,
    }));

  test('that is missing', async () => {
    const base = tinyCnn({ size });
    await refused(() => fineTune(base as never, data, once), 'INVALID_ORDER', {
      received: /base has no head/,
      expected: /to train/,
      next: /Attach one: pipe\(base, attachHead/,
    });
    dispose(base);
  });
});

describe('a base', () => {
  /** A copy of the saved model, changed. */
  function changed(name: string, change: (file: (name: string) => string, weights: string) => void): string {
    const folder = at(name);
    cpSync(saved, folder, { recursive: true });
    const weights = readdirSync(folder).find((file) => file.endsWith('.bin')) as string;
    change((file) => join(folder, file), weights);
    return folder;
  }
  const bytesOf = (file: string) => new Uint8Array(readFileSync(file));

  test('that is missing', async () => {
    for (const place of [at('nowhere'), at('nowhere', 'model.json'), pathToFileURL(at('nowhere')).href]) {
      await refused(() => loadBase(place), 'NOT_FOUND', {
        received: /nowhere.*model\.json cannot be read \(ENOENT\)/,
        expected: /the path of a model\.json or of its folder/,
        next: /Pass/,
      });
    }
  });

  test('whose weights are missing', async () => {
    const folder = changed('lost', (file, weights) => rmSync(file(weights)));
    await refused(() => loadBase(folder), 'NOT_FOUND', {
      received: /weights\.[0-9a-f]{16}\.bin cannot be read \(ENOENT\)/,
      expected: /path of a model\.json or of its folder/,
      next: /Pass/,
    });
  });

  test('that is truncated', async () => {
    const folder = changed('cut', (file, weights) =>
      writeFileSync(file(weights), bytesOf(file(weights)).subarray(0, -100)),
    );
    const said = {
      received: /and \d+ are there/,
      expected: /should take \d+ bytes/,
      next: /truncated; copy or convert/,
    };
    await refused(() => loadBase(folder), 'INVALID_MODEL', said);
    await refused(() => loadModel(folder), 'INVALID_MODEL', said);
  });

  test('with bytes behind its weights', async () => {
    const folder = changed('long', (file, weights) =>
      writeFileSync(file(weights), new Uint8Array([...bytesOf(file(weights)), 0])),
    );
    const said = { received: /and \d+ are there/, expected: /should take \d+ bytes/, next: /of another model; copy/ };
    await refused(() => loadBase(folder), 'INVALID_MODEL', said);
    await refused(() => loadModel(folder), 'INVALID_MODEL', said);
  });

  test.each([
    ['is no JSON', '<!doctype html>', /is no JSON/],
    ['is half a file', '{"format": "layers-model", "modelTopology": {', /is no JSON/],
    ['is null', 'null', /has no modelTopology or no weightsManifest/],
    ['is a list', '[]', /has no modelTopology or no weightsManifest/],
    ['has no weights', '{"modelTopology": {}}', /has no modelTopology or no weightsManifest/],
  ])('whose model.json %s', async (name, text, received) => {
    const folder = changed(`json ${name}`, (file) => writeFileSync(file('model.json'), text));
    await refused(() => loadBase(folder), 'INVALID_MODEL', {
      received,
      expected: /tfjs layers-model/,
      next: /Pass the/,
    });
  });

  test('whose topology is none', async () => {
    const json = { format: 'layers-model', modelTopology: { class_name: 'Nonsense', config: {} }, weightsManifest: [] };
    const folder = changed('nonsense', (file) => writeFileSync(file('model.json'), JSON.stringify(json)));
    await refused(() => loadBase(folder), 'INVALID_MODEL', {
      received: /nonsense cannot be built: .*Nonsense/,
      expected: /Layers of your own must be registered/,
      next: /registerClass/,
    });
  });

  test('that is a graph-model', async () => {
    const json = { format: 'graph-model', modelTopology: { node: [] }, weightsManifest: [] };
    const folder = changed('graph', (file) => writeFileSync(file('model.json'), JSON.stringify(json)));
    await refused(() => loadBase(folder), 'UNSUPPORTED', {
      received: /is a graph-model/,
      expected: /layers-model/,
      next: /tensorflowjs_converter --input_format=keras --output_format=tfjs_layers_model/,
    });
  });

  test('with another hash than its package says', async () => {
    const input = { scale: 1, offset: 0 };
    const source = { kind: 'base-source', name: 'other', url: pathToFileURL(saved).href, input } as const;
    const sha256 = '0'.repeat(64);
    await refused(() => loadBase({ ...source, sha256 } satisfies BaseSource), 'INVALID_MODEL', {
      received: /other: the weights at file:.* have SHA-256 [0-9a-f]{64}/,
      expected: /not 0{64} as the package says/,
      next: /Install the package again/,
    });
    dispose(await loadBase(source));
  });

  test('that is none', () =>
    refused(() => loadBase(42 as never), 'INVALID_ARGUMENT', {
      received: /source is no path, no URL and no IOHandler/,
      expected: /one of these/,
      next: /Pass/,
    }));

  test('for pictures of another size', async () => {
    const small = await fromTensors(tf.zeros([4, 8, 8, 3]), [0, 1, 0, 1]);
    const said = {
      received: /shape \[8, 8, 3\]/,
      expected: /reads \[16, 16, 3\]/,
      next: /Resize pictures \(tf\.image\.resizeBilinear\)/,
    };
    await refused(() => fineTune(model, { train: small }, once), 'INVALID_DATA', said);
    await refused(() => evaluate(model, small), 'INVALID_DATA', said);
  });

  describe('over HTTP', () => {
    let server: Server | undefined;
    afterEach(() => {
      server?.closeAllConnections();
      server?.close();
    });
    const serve = async (listener: RequestListener) => {
      server = createServer(listener);
      await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve));
      return `http://127.0.0.1:${(server.address() as AddressInfo).port}/models/one`;
    };
    const file = (url = '') => readFileSync(join(saved, basename(url)));

    test('that is missing', async () => {
      const url = await serve((_, response) => response.writeHead(404).end('not found'));
      await refused(() => loadBase(url), 'NOT_FOUND', {
        received: /\/models\/one\/model\.json answered 404/,
        expected: /a model's weights lie beside its model\.json/,
        next: /Check the address/,
      });
    });

    test('whose weights are missing', async () => {
      const url = await serve((request, response) => {
        if (request.url?.endsWith('.json')) response.end(file(request.url));
        else response.writeHead(404).end();
      });
      await refused(() => loadBase(url), 'NOT_FOUND', {
        received: /\/models\/one\/weights\.[0-9a-f]{16}\.bin answered 404/,
        expected: /weights lie beside its model\.json/,
        next: /Check the address/,
      });
    });

    test('in whose place the server of an app sends its page', async () => {
      const url = await serve((request, response) => {
        if (request.url?.endsWith('.json')) return response.end(file(request.url));
        response.setHeader('content-type', 'text/html; charset=utf-8').end('<!doctype html><title>app</title>');
      });
      await refused(() => loadBase(url), 'NOT_FOUND', {
        received: /weights\.[0-9a-f]{16}\.bin answered with a page/,
        expected: /not a file/,
        next: /Check the address, and that the whole folder is there/,
      });
    });

    test('whose download breaks off', async () => {
      const url = await serve((request, response) => {
        const bytes = file(request.url);
        if (request.url?.endsWith('.json')) return response.end(bytes);
        response.writeHead(200, { 'content-length': bytes.length });
        response.write(bytes.subarray(0, 100), () => response.destroy());
      });
      await refused(() => loadBase(url), 'NOT_FOUND', {
        received: /weights\.[0-9a-f]{16}\.bin/,
        expected: /cannot be reached/,
        next: /Check the address and the connection/,
      });
    });

    test('of a server that is gone', async () => {
      const url = await serve(() => {});
      await new Promise((resolve) => server?.close(resolve));
      await refused(() => loadBase(url), 'NOT_FOUND', {
        received: /\/models\/one\/model\.json cannot be reached/,
        expected: /address/,
        next: /Check the address and the connection/,
      });
    });
  });

  test('that was changed after saving', async () => {
    const folder = changed('flipped', (file, weights) => {
      const bytes = bytesOf(file(weights));
      bytes[1000] = (bytes[1000] as number) ^ 1;
      writeFileSync(file(weights), bytes);
    });
    await refused(() => loadModel(folder), 'INVALID_MODEL', {
      received: /the weights have SHA-256 [0-9a-f]{64}/,
      expected: /when they were saved it was [0-9a-f]{64}/,
      next: /changed or damaged; copy it again/,
    });
  });

  test('that was not saved here', async () => {
    const folder = changed('plain', (file) => {
      const { userDefinedMetadata: _, ...json } = JSON.parse(readFileSync(file('model.json'), 'utf8'));
      writeFileSync(file('model.json'), JSON.stringify(json));
    });
    await refused(() => loadModel(folder), 'INVALID_MODEL', {
      received: /was not saved by saveModel/,
      expected: /as a base/,
      next: /loadBase/,
    });
  });
});

describe('a backend', () => {
  afterEach(() => expect(tf.getBackend()).toBe('cpu'));

  test('that is unknown', () =>
    refused(() => useBackend('cuda' as never), 'BACKEND_UNKNOWN', {
      received: /received "cuda"/,
      expected: /a backend as a value, called: wasm\(\) of tfjs-transfer\/backends\/wasm/,
      next: /Pass/,
    }));

  test('whose package is not installed', () => {
    // What Node throws; test/package runs without a package for real.
    const message = "Cannot find package '@tensorflow/tfjs-backend-cpu' imported from app.js";
    const lib = () => Promise.reject(Object.assign(new Error(message), { code: 'ERR_MODULE_NOT_FOUND' }));
    return refused(() => useBackend(cpu({ lib })), 'PACKAGE_MISSING', {
      received: /package @tensorflow\/tfjs-backend-cpu is not installed/,
      expected: /@tensorflow\/tfjs-backend-cpu/,
      next: /Run: npm install @tensorflow\/tfjs-backend-cpu/,
    });
  });

  test('that cannot start', async () => {
    const broken = (factory: () => tf.KernelBackend | Promise<tf.KernelBackend>): Backend => ({
      kind: 'backend',
      name: 'broken',
      load: async () => void tf.registerBackend('broken', factory),
    });
    const no = () => {
      throw new Error('no such device');
    };
    for (const factory of [no, async () => no()]) {
      // Asked at once: the next operation makes tfjs choose some other backend by itself.
      const current = () => expect(tf.getBackend()).toBe('cpu');
      await refused(() => useBackend(broken(factory)).finally(current), 'BACKEND_UNKNOWN', {
        received: /backend "broken" could not start here/,
        expected: /The other backends that are loaded: cpu\./,
        next: /Choose one of these/,
      });
      expect(await predict(model, picture(90))).toEqual(first);
      tf.removeBackend('broken');
      await useBackend(cpu());
    }
  });
});

describe('an abort', () => {
  test('while features are computed resolves with the model as it was', async () => {
    const before = tf.memory().numTensors;
    const abort = new AbortController();
    const events: TrainEvent[] = [];
    const onEvent = (event: TrainEvent) => {
      events.push(event);
      if (event.kind === 'features') abort.abort();
    };
    const strategy = linearProbe({ epochs: 1, batchSize: 1 });
    const result = await fineTune(model, data, strategy, { signal: abort.signal, onEvent });
    expect(result.ended).toBe('aborted');
    expect(events.map(({ kind }) => kind)).toEqual(['phase', 'features', 'done']);
    expect(result.history.phases).toEqual([]);
    expect(await predict(result.model, picture(90))).toEqual(first);
    dispose(result.model);
    expect(tf.memory().numTensors).toBe(before);
  });

  test('before the run resolves without a step', async () => {
    const before = tf.memory().numTensors;
    const kinds = new Set<string>();
    const settings = { signal: AbortSignal.abort(), onEvent: ({ kind }: TrainEvent) => kinds.add(kind) };
    const result = await fineTune(model, data, once, settings);
    expect(result.ended).toBe('aborted');
    expect(kinds).not.toContain('step');
    expect(await predict(result.model, picture(90))).toEqual(first);
    dispose(result.model);
    expect(tf.memory().numTensors).toBe(before);
  });

  test.each([
    ['evaluate', (signal: AbortSignal) => evaluate(model, data.train, { signal })],
    ['loadBase', (signal: AbortSignal) => loadBase(saved, { signal })],
    ['loadBase over HTTP', (signal: AbortSignal) => loadBase('http://127.0.0.1:9', { signal })],
    ['loadModel', (signal: AbortSignal) => loadModel(saved, { signal })],
  ])('makes %s reject with its reason', async (_, run) => {
    const before = tf.memory().numTensors;
    const reason = new Error('enough');
    const failure: unknown = await run(AbortSignal.abort(reason)).then(
      () => 'not aborted',
      (error: unknown) => error,
    );
    expect(failure).toBe(reason);
    expect(tf.memory().numTensors).toBe(before);
  });
});

describe('saving', () => {
  const scores = async (handle: TransferModel) => (await predict(handle, picture(90))).map(({ score }) => score);
  const otherModel = () => modelWith(classifier(['even', 'odd'], { seed: 1 }));
  const unwritable: Said = {
    received: /could not be saved to .*: E[A-Z]+/,
    expected: /What was there before is unchanged/,
    next: /Make room, or choose a folder that can be written to/,
  };

  async function expectWhole(folder: string): Promise<void> {
    const loaded = await loadModel(folder);
    expect(await predict(loaded, picture(90))).toEqual(first);
    dispose(loaded);
  }

  test('to a path below a file', async () => {
    writeFileSync(at('file'), 'mine');
    const inTheWay = { ...unwritable, next: /A file is in its place: choose a folder/ };
    await refused(() => saveModel(model, at('file', 'model')), 'SAVE_FAILED', inTheWay);
    await refused(() => saveModel(model, at('file')), 'SAVE_FAILED', inTheWay);
    expect(readFileSync(at('file'), 'utf8')).toBe('mine');
  });

  test('to a URL that nothing can save to', () =>
    refused(() => saveModel(model, 'ftp://somewhere/model'), 'INVALID_ARGUMENT', {
      received: /nothing here can save to ftp:\/\/somewhere\/model/,
      expected: /In Node pass a folder/,
      next: /IOHandler/,
    }));

  test('to a handler that fails', () => {
    const save = () => Promise.reject(new Error('quota exceeded'));
    return refused(() => saveModel(model, { save }), 'SAVE_FAILED', {
      received: /could not be saved to an IOHandler: quota exceeded/,
      expected: /saved/,
      next: /quota exceeded/,
    });
  });

  test('over a model replaces it, its old weights, and nothing else', async () => {
    const folder = at('replaced');
    await saveModel(model, folder);
    const mine = ['notes.txt', 'weights.bin', 'weights.old.bin', 'group1-shard1of1.bin'];
    for (const name of mine) writeFileSync(join(folder, name), 'mine');
    const before = readdirSync(folder);
    const other = otherModel();
    await saveModel(other, folder);
    const after = readdirSync(folder);
    const [gone, come] = [
      before.filter((name) => !after.includes(name)),
      after.filter((name) => !before.includes(name)),
    ];
    expect([...gone, ...come]).toEqual([
      expect.stringMatching(/^weights\.\w{16}\.bin$/),
      expect.stringMatching(/^weights/),
    ]);
    for (const name of mine) expect(readFileSync(join(folder, name), 'utf8')).toBe('mine');
    const loaded = await loadModel(folder);
    expect(await scores(loaded)).toEqual(await scores(other));
    for (const handle of [loaded, other]) dispose(handle);
  });

  test('where a file cannot take its place leaves the model that was there', async () => {
    for (const blocked of ['metadata.json', 'model.json']) {
      const folder = at(`without-${basename(blocked, '.json')}`);
      await saveModel(model, folder);
      const kept = readFileSync(join(folder, blocked));
      rmSync(join(folder, blocked));
      mkdirSync(join(folder, blocked, 'inside'), { recursive: true });
      const before = readdirSync(folder);
      const other = otherModel();
      await refused(() => saveModel(other, folder), 'SAVE_FAILED', unwritable);
      expect(readdirSync(folder)).toEqual(before);
      rmSync(join(folder, blocked), { recursive: true });
      writeFileSync(join(folder, blocked), kept);
      await expectWhole(folder);
      dispose(other);
    }
  });

  test('to a full disk', async ({ skip }) => {
    // The kernel refuses to let a file of this process grow past the limit, as it does when the disk is full.
    const limited = (bytes: string) =>
      spawnSync('prlimit', ['--pid', String(process.pid), `--fsize=${bytes}:`]).status === 0;
    if (!limited('unlimited')) skip('the system has no prlimit to limit the size of files with');
    const folder = at('full');
    await saveModel(model, folder);
    const before = readdirSync(folder);
    const other = otherModel();
    try {
      // A page: less than the weights take, so that writing begins and fails in between.
      limited('4096');
      await refused(() => saveModel(other, folder), 'SAVE_FAILED', { ...unwritable, received: /full: EFBIG/ });
      await refused(() => saveModel(other, at('full-and-new')), 'SAVE_FAILED', unwritable);
    } finally {
      limited('unlimited');
    }
    expect(readdirSync(folder)).toEqual(before);
    expect(readdirSync(at('full-and-new'))).toEqual([]);
    await expectWhole(folder);
    await saveModel(other, folder);
    dispose(other);
  });
});
