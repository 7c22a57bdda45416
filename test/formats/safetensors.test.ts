import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { TransferError } from '../../src/core/errors.ts';
import { readSafetensors } from '../../src/formats/safetensors.ts';
import { readShards } from '../../src/formats/safetensors-shards.ts';
import { floatsOf, valuesOf } from '../../src/formats/safetensors-values.ts';
import { writeSafetensors } from '../../src/formats/safetensors-write.ts';
import { readFile } from '../support/read-file.ts';

/** How many damaged files are read; a million takes a minute and a half: SAFETENSORS_FILES=1000000. */
const damagedFiles = Number(process.env.SAFETENSORS_FILES ?? 50_000);

/** A file as somebody's program might write it: any header, any data. */
function fileOf(header: unknown, data: Uint8Array | number = 0): Uint8Array {
  const json = new TextEncoder().encode(typeof header === 'string' ? header : JSON.stringify(header));
  const bytes = typeof data === 'number' ? new Uint8Array(data) : data;
  const file = new Uint8Array(8 + json.length + bytes.length);
  new DataView(file.buffer).setBigUint64(0, BigInt(json.length), true);
  file.set(json, 8);
  file.set(bytes, 8 + json.length);
  return file;
}

const f32 = (shape: unknown, begin: unknown, end: unknown) => ({ dtype: 'F32', shape, data_offsets: [begin, end] });

const codeOf = (run: () => unknown): unknown => {
  try {
    run();
  } catch (error) {
    return error instanceof TransferError ? `${error.code}: ${error.message}` : error;
  }
  return 'nothing was thrown';
};

describe('safetensors', () => {
  const broken: readonly [what: string, file: Uint8Array, sentence: RegExp][] = [
    ['no bytes', new Uint8Array(0), /it has 0 bytes, and 8 say/],
    ['seven bytes', new Uint8Array(7), /it has 7 bytes/],
    ['a header of no length', fileOf(''), /no JSON/],
    ['a header past the end', fileOf('{}').subarray(0, 9), /has 2 bytes, and 1 are there/],
    ['a header above 100 MB', Uint8Array.of(1, 225, 245, 5, 0, 0, 0, 0), /has 100000001 bytes; 100000000 are the most/],
    ['a header longer than numbers go', new Uint8Array(8).fill(255), /has 18446744073709551615 bytes/],
    ['a header that is no UTF-8', fileOf('{"é":1}').fill(255, 10, 11), /no JSON/],
    ['a header that is an array', fileOf([]), /its header is no object/],
    ['a header that is null', fileOf('null'), /its header is no object/],
    ['__proto__ as a tensor', fileOf(`{"__proto__":${JSON.stringify(f32([1], 0, 4))}}`, 4), /a key __proto__/],
    [
      '__proto__ in a tensor',
      fileOf('{"a":{"__proto__":{"dtype":"F32","shape":[],"data_offsets":[0,4]}}}', 4),
      /a key __proto__/,
    ],
    ['__proto__ in the metadata', fileOf('{"__metadata__":{"__proto__":"x"}}'), /a key __proto__/],
    ['metadata that is no object', fileOf({ __metadata__: 'x' }), /__metadata__ is no object/],
    ['metadata that is no strings', fileOf({ __metadata__: { a: 1 } }), /__metadata__: a is no string/],
    ['an entry that is no object', fileOf({ a: 3 }), /a is no object/],
    ['an entry without its type', fileOf({ a: { shape: [], data_offsets: [0, 0] } }), /type of a is no string/],
    ['a shape that is no array', fileOf({ a: f32(4, 0, 4) }, 4), /shape of a is 4/],
    ['a negative length', fileOf({ a: f32([-1], 0, 4) }, 4), /shape of a is \[-1\]/],
    ['a broken length', fileOf({ a: f32([0.5], 0, 2) }, 2), /shape of a is \[0.5\]/],
    ['a product past the safe integers', fileOf({ a: f32([2 ** 30, 2 ** 30, 0], 0, 0) }), /is too large/],
    ['a length past the safe integers', fileOf({ a: f32([2 ** 53], 0, 0) }), /shape of a is \[9007199254740992\]/],
    ['one offset', fileOf({ a: { dtype: 'F32', shape: [1], data_offsets: [0] } }, 4), /offsets of a are \[0\]/],
    ['offsets in the wrong order', fileOf({ a: f32([1], 4, 0) }, 4), /offsets are 4 and 0/],
    ['offsets that miss the shape', fileOf({ a: f32([2], 0, 4) }, 4), /takes 8 bytes as its shape and type say/],
    ['a hole at the beginning', fileOf({ a: f32([1], 4, 8) }, 8), /a begins at byte 4 of the data; 0 was expected/],
    ['a hole', fileOf({ a: f32([1], 0, 4), b: f32([1], 8, 12) }, 12), /b begins at byte 8 of the data; 4 was/],
    ['an overlap', fileOf({ a: f32([2], 0, 8), b: f32([1], 4, 8) }, 8), /b begins at byte 4 of the data; 8 was/],
    ['bytes that nothing names', fileOf({ a: f32([1], 0, 4) }, 5), /its tensors take 4 bytes, and 5 are there/],
    ['data cut off', fileOf({ a: f32([1], 0, 4) }, 3), /its tensors take 4 bytes, and 3 are there/],
  ];

  test.each(broken)('refuses %s', (_what, file, sentence) => {
    const said = codeOf(() => readSafetensors(file, 'x.safetensors'));
    expect(said).toMatch(/^INVALID_MODEL: x\.safetensors is no safetensors file: /);
    expect(said).toMatch(sentence);
  });

  test('says which type of values it cannot read', () => {
    const file = fileOf({ a: { dtype: 'F64', shape: [1], data_offsets: [0, 8] } }, 8);
    expect(codeOf(() => readSafetensors(file, 'x'))).toMatch(/^UNSUPPORTED: The values of a are of type "F64"/);
    const inherited = fileOf({ a: { dtype: 'toString', shape: [1], data_offsets: [0, 8] } }, 8);
    expect(codeOf(() => readSafetensors(inherited, 'x'))).toMatch(/^UNSUPPORTED/);
  });

  test('reads scalars, tensors without values, metadata and a padded header', () => {
    const header = { __metadata__: { format: 'pt' }, none: f32([0, 3], 4, 4), one: f32([], 0, 4) };
    const file = fileOf(`${JSON.stringify(header)}   `, new Uint8Array(Float32Array.of(7).buffer));
    const { tensors, metadata } = readSafetensors(file, 'x');
    expect(metadata).toEqual(new Map([['format', 'pt']]));
    expect([...tensors].map(([name, { shape }]) => [name, shape])).toEqual([
      ['one', []],
      ['none', [0, 3]],
    ]);
    expect([...tensors.values()].map(valuesOf)).toEqual([Float32Array.of(7), new Float32Array(0)]);
  });

  test('reads every type of whole numbers, aligned to nothing', () => {
    const types = {
      I64: BigInt64Array,
      I32: Int32Array,
      I16: Int16Array,
      I8: Int8Array,
      U8: Uint8Array,
      BOOL: Uint8Array,
    };
    for (const [dtype, Kind] of Object.entries(types)) {
      const bytes = new Uint8Array(16).map((_, index) => 250 + index);
      const length = 16 / Kind.BYTES_PER_ELEMENT;
      const header = {
        odd: { dtype: 'U8', shape: [1], data_offsets: [0, 1] },
        a: { dtype, shape: [length], data_offsets: [1, 17] },
      };
      const { tensors } = readSafetensors(fileOf(header, Uint8Array.of(1, ...bytes)), 'x');
      const tensor = tensors.get('a') as NonNullable<ReturnType<typeof tensors.get>>;
      expect(valuesOf(tensor)).toEqual(new Kind(bytes.buffer as ArrayBuffer));
      expect(codeOf(() => floatsOf(tensor, 'a'))).toMatch(/^INVALID_MODEL: The values of a are /);
    }
  });

  test('makes float32 of all 65,536 values of F16 and BF16 without changing one', () => {
    const all = Uint16Array.from({ length: 65_536 }, (_, bits) => bits);
    const read = (type: 'F16' | 'BF16') => valuesOf({ type, shape: [65_536], bytes: new Uint8Array(all.buffer) });
    const halves = read('F16');
    const brains = read('BF16');
    for (const bits of all) {
      const sign = bits & 0x8000 ? -1 : 1;
      // The definitions of IEEE 754, section 3.4, computed in float64.
      const value = (exponent: number, fraction: number, width: number, bias: number, last: number) => {
        if (exponent === last) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
        return exponent
          ? sign * (1 + fraction / width) * 2 ** (exponent - bias)
          : sign * (fraction / width) * 2 ** (1 - bias);
      };
      const half = value((bits >> 10) & 31, bits & 1023, 1024, 15, 31);
      const brain = value((bits >> 7) & 255, bits & 127, 128, 127, 255);
      if (!Object.is(halves[bits], half) || !Object.is(brains[bits], brain)) {
        throw new Error(`${bits}: ${halves[bits]} for ${half}, ${brains[bits]} for ${brain}`);
      }
    }
  });

  test('reads what it wrote, and writes the same bytes whatever the order', () => {
    const tensor = fc.array(fc.nat(4), { maxLength: 3 }).chain((shape) => {
      const length = shape.reduce((product, size) => product * size, 1);
      const settings = { minLength: length, maxLength: length };
      return fc.record({
        shape: fc.constant(shape),
        values: fc.oneof(fc.float32Array(settings), fc.int32Array(settings)),
      });
    });
    const names = fc.string({ unit: 'grapheme' }).filter((name) => !/^__(metadata|proto)__$/.test(name));
    const metadata = fc.dictionary(
      fc.string().filter((key) => key !== '__proto__'),
      fc.string(),
    );
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.tuple(names, tensor), { selector: ([name]) => name, maxLength: 5 }),
        metadata,
        (entries, about) => {
          const file = writeSafetensors(new Map(entries), about);
          expect(writeSafetensors(new Map([...entries].reverse()), about)).toEqual(file);
          const read = readSafetensors(file, 'x');
          expect(Object.fromEntries(read.metadata)).toEqual({ ...about });
          expect(read.tensors.size).toBe(entries.length);
          for (const [name, { shape, values }] of entries) {
            const back = read.tensors.get(name) as NonNullable<ReturnType<typeof read.tensors.get>>;
            expect([back.shape, valuesOf(back)]).toEqual([shape, values]);
          }
        },
      ),
    );
  });

  test('writes byte for byte what the Rust original wrote', async () => {
    const original = await readFile('test/goldens/text/tiny-bert/model.safetensors');
    const { tensors, metadata } = readSafetensors(original, 'tiny-bert');
    const entries = [...tensors].map(
      ([name, tensor]) => [name, { shape: tensor.shape, values: floatsOf(tensor, name) }] as const,
    );
    const written = writeSafetensors(new Map(entries), Object.fromEntries(metadata));
    expect(Buffer.from(written).equals(Buffer.from(original))).toBe(true);
  });

  test('refuses to write what cannot be read', () => {
    const values = new Float32Array(3);
    expect(codeOf(() => writeSafetensors(new Map([['a', { shape: [2], values }]])))).toMatch(
      /^INVALID_ARGUMENT: .* has 3 values/,
    );
    expect(codeOf(() => writeSafetensors(new Map([['__proto__', { shape: [3], values }]])))).toMatch(
      /^INVALID_ARGUMENT/,
    );
    expect(codeOf(() => writeSafetensors(new Map([['__metadata__', { shape: [3], values }]])))).toMatch(
      /^INVALID_ARGUMENT/,
    );
  });

  test(`reads ${damagedFiles} damaged files to the end, or says why not`, { timeout: 600_000 }, () => {
    const tensors = { a: f32([2, 2], 0, 16), b: { dtype: 'F16', shape: [3], data_offsets: [16, 22] } };
    const whole = fileOf(
      { __metadata__: { format: 'pt' }, ...tensors, c: { dtype: 'I64', shape: [], data_offsets: [22, 30] } },
      30,
    );
    const headerEnd = whole.length - 30;
    const interesting = [...'{}[]",:0123456789eE+-.\\u_FIBOL \u0000\u00ff'].map((letter) => letter.charCodeAt(0));
    const byte = fc.oneof(fc.constantFrom(...interesting), fc.nat(255));
    const place = fc.oneof(
      { weight: 6, arbitrary: fc.integer({ min: 8, max: headerEnd }) },
      { weight: 1, arbitrary: fc.nat(7) },
      { weight: 1, arbitrary: fc.nat(whole.length) },
    );
    // Each damage replaces some bytes by some others: none by some, some by none, and one by one among them.
    const damage = fc.tuple(
      place,
      fc.constantFrom(1, 1, 1, 0, 2, 8, 1000),
      fc.array(byte, { maxLength: 3 }),
      fc.boolean(),
    );
    let refused = 0;
    fc.assert(
      fc.property(fc.array(damage, { minLength: 1, maxLength: 3 }), (damages) => {
        let bytes = [...whole];
        let length = headerEnd - 8;
        for (const [at, count, others, keepsLength] of damages) {
          bytes = [...bytes.slice(0, at), ...others, ...bytes.slice(at + count)];
          if (keepsLength) length += others.length - count;
        }
        const file = Uint8Array.from(bytes);
        // A header that is as long as it says gets further than one that is not.
        if (file.length >= 8 && length >= 0) new DataView(file.buffer).setUint32(0, length, true);
        try {
          for (const tensor of readSafetensors(file, 'x').tensors.values()) {
            expect(valuesOf(tensor).length).toBe(tensor.shape.reduce((product, size) => product * size, 1));
          }
        } catch (error) {
          refused++;
          if (!(error instanceof TransferError)) throw error;
          expect(['INVALID_MODEL', 'UNSUPPORTED']).toContain(error.code);
        }
      }),
      { numRuns: damagedFiles, seed: 7 },
    );
    expect(refused).toBeGreaterThan(damagedFiles / 2);
    expect(refused).toBeLessThan(damagedFiles);
  });
});

describe('weights in several files', () => {
  const one = (value: number) => ({ shape: [1], values: Float32Array.of(value) });
  const shard = (...names: string[]) => writeSafetensors(new Map(names.map((name, index) => [name, one(index)])));
  const json = (value: unknown) => new TextEncoder().encode(typeof value === 'string' ? value : JSON.stringify(value));
  const folder = (files: Readonly<Record<string, Uint8Array>>) => async (file: string, limit: number) => {
    const bytes = files[file];
    if (!bytes) throw new TransferError('NOT_FOUND', `${file} is not there.`);
    if (bytes.length > limit) throw new TransferError('INVALID_MODEL', `${file} is longer than ${limit} bytes.`);
    return bytes;
  };
  const index = 'model.safetensors.index.json';
  const said = (files: Readonly<Record<string, Uint8Array>>, limit = 10_000) =>
    readShards(folder(files), 'tiny', limit).then(
      () => 'nothing was thrown',
      (error) => (error instanceof TransferError ? `${error.code}: ${error.message}` : error),
    );

  test('are read as one file is', async () => {
    const map = { b: 'model-2.safetensors', a: 'model-1.safetensors', c: 'model-1.safetensors' };
    const files = {
      [index]: json({ metadata: { total_size: 12 }, weight_map: map }),
      'model-1.safetensors': shard('a', 'c'),
      'model-2.safetensors': shard('b'),
    };
    const whole = { 'model.safetensors': shard('a', 'b', 'c') };
    for (const each of [files, whole]) {
      const { tensors } = await readShards(folder(each), 'tiny', 10_000);
      expect([...tensors.keys()].sort()).toEqual(['a', 'b', 'c']);
    }
  });

  test.each([
    ['no file at all', {}, /^NOT_FOUND: model\.safetensors is not there/],
    ['an index that is no JSON', { [index]: json('{') }, /^INVALID_MODEL: The index of the weights of tiny is no JSON/],
    ['an index without weights', { [index]: json({ weight_map: {} }) }, /has no weight_map/],
    ['an index that is null', { [index]: json(null) }, /has no weight_map/],
    [
      'a path to elsewhere',
      { [index]: json({ weight_map: { a: '../a.safetensors' } }) },
      /names "\.\.\/a\.safetensors" as the file of a/,
    ],
    ['an address', { [index]: json({ weight_map: { a: 'https://a/b.safetensors' } }) }, /names "https:/],
    ['a number as a file', { [index]: json({ weight_map: { a: 1 } }) }, /names 1 as the file of a/],
    [
      'a file that is not there',
      { [index]: json({ weight_map: { a: 'a.safetensors' } }) },
      /^NOT_FOUND: a\.safetensors/,
    ],
    [
      'a weight that is not there',
      { [index]: json({ weight_map: { a: 'b.safetensors' } }), 'b.safetensors': shard('b') },
      /says that a is in b\.safetensors, and it is not/,
    ],
  ])('refuse %s', async (_what, files, sentence) => {
    expect(await said(files as Readonly<Record<string, Uint8Array>>)).toMatch(sentence);
  });

  test('may have so many bytes together, and no more', async () => {
    const files = {
      [index]: json({ weight_map: { a: 'a.safetensors', b: 'b.safetensors' } }),
      'a.safetensors': shard('a'),
      'b.safetensors': shard('b'),
    };
    expect(await said(files, 2 * shard('a').length)).toBe('nothing was thrown');
    expect(await said(files, 2 * shard('a').length - 1)).toMatch(/^INVALID_MODEL: b\.safetensors is longer/);
  });
});
