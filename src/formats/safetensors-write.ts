import { TransferError } from '../core/errors.ts';
import { longestHeader } from './safetensors.ts';

/** A tensor to be written. */
export interface WritableTensor {
  readonly shape: readonly number[];
  readonly values: Float32Array | Int32Array;
}

/**
 * Writes a safetensors file as the Rust original does: types that need the most alignment first, then names in order,
 * and a header that is padded with spaces so that the data begin at a multiple of 8.
 *
 * @param tensors The tensors by name.
 * @param metadata What else the file says of itself.
 * @returns The bytes of the file. Equal tensors give equal bytes, in whatever order they come.
 * @throws TransferError `INVALID_ARGUMENT` where values do not fill a shape, or a name cannot be written.
 */
export function writeSafetensors(
  tensors: ReadonlyMap<string, WritableTensor>,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array<ArrayBuffer> {
  const entries = [...tensors].sort(([a], [b]) => (a < b ? -1 : 1));
  const header: [string, unknown][] = Object.keys(metadata).length > 0 ? [['__metadata__', metadata]] : [];
  let end = 0;
  for (const [name, { shape, values }] of entries) {
    assertWritable(name, shape, values.length);
    const begin = end;
    end += values.byteLength;
    header.push([name, { dtype: values instanceof Float32Array ? 'F32' : 'I32', shape, data_offsets: [begin, end] }]);
  }
  const json = new TextEncoder().encode(JSON.stringify(Object.fromEntries(header)));
  const length = Math.ceil(json.length / 8) * 8;
  if (length > longestHeader) {
    throw new TransferError(
      'INVALID_ARGUMENT',
      `writeSafetensors: the header would take ${length} bytes; ${longestHeader} are the most. Write several files.`,
    );
  }
  const file = new Uint8Array(8 + length + end);
  new DataView(file.buffer).setBigUint64(0, BigInt(length), true);
  file.fill(0x20, 8, 8 + length).set(json, 8);
  let offset = 8 + length;
  for (const [, { values }] of entries) {
    file.set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength), offset);
    offset += values.byteLength;
  }
  return file;
}

function assertWritable(name: string, shape: readonly number[], count: number): void {
  const size = shape.reduce((product, length) => product * length, 1);
  if (name === '__metadata__' || name === '__proto__') {
    throw new TransferError('INVALID_ARGUMENT', `writeSafetensors: no tensor can be called ${name}. Rename it.`);
  }
  if (size === count) return;
  throw new TransferError(
    'INVALID_ARGUMENT',
    `writeSafetensors: ${name} has ${count} values, and its shape [${shape.join(', ')}] takes ${size}. Correct the shape.`,
  );
}
