import { TransferError } from '../core/errors.ts';

/** The bytes of one value of each type that is read. */
const valueBytes = { F32: 4, F16: 2, BF16: 2, I64: 8, I32: 4, I16: 2, I8: 1, U8: 1, BOOL: 1 } as const;

/** The type of a tensor's values, as safetensors calls it. */
export type SafetensorsType = keyof typeof valueBytes;

/** A tensor in a safetensors file. */
export interface SafetensorsTensor {
  readonly type: SafetensorsType;
  readonly shape: readonly number[];
  /** Its values, little-endian and row by row: a view of the file, aligned to nothing. */
  readonly bytes: Uint8Array;
}

/** What a safetensors file holds. */
export interface Safetensors {
  readonly tensors: ReadonlyMap<string, SafetensorsTensor>;
  readonly metadata: ReadonlyMap<string, string>;
}

/** The most bytes of a header, as the Rust original has it. */
export const longestHeader = 100_000_000;

/**
 * Reads a safetensors file, with the checks of the Rust original: nothing is computed from a number that the file does
 * not bear out, and its tensors cover its bytes without hole or overlap.
 *
 * Format: https://github.com/huggingface/safetensors#format
 *
 * @param file The bytes. The tensors are views of them.
 * @param name What the file is called in messages.
 * @throws TransferError `INVALID_MODEL` where the file breaks a rule, `UNSUPPORTED` for a type of values that is not
 * read here.
 */
export function readSafetensors(file: Uint8Array, name: string): Safetensors {
  const refuse = refusal(name);
  const header = headerOf(file, refuse);
  const data = file.subarray(8 + header.length);
  const record = parsed(header, refuse);
  const metadata = record.get('__metadata__');
  const entries = [...record]
    .filter(([tensor]) => tensor !== '__metadata__')
    .map(([tensor, entry]) => entryOf(tensor, entry, refuse));
  // Tensors without values begin where they end, and come before the one that begins there.
  entries.sort((a, b) => a.begin - b.begin || a.end - b.end);
  let covered = 0;
  for (const { tensor, begin, end } of entries) {
    if (begin !== covered) refuse(`${tensor} begins at byte ${begin} of the data; ${covered} was expected`);
    covered = end;
  }
  if (covered !== data.length) refuse(`its tensors take ${covered} bytes, and ${data.length} are there`);
  return {
    tensors: new Map(
      entries.map(({ tensor, type, shape, begin, end }) => [tensor, { type, shape, bytes: data.subarray(begin, end) }]),
    ),
    metadata: metadata === undefined ? new Map() : stringsOf(metadata, refuse),
  };
}

/** Says what is wrong with a file. */
type Refuse = (reason: string, cause?: unknown) => never;

function refusal(name: string): Refuse {
  return (reason, cause) => {
    throw new TransferError(
      'INVALID_MODEL',
      `${name} is no safetensors file: ${reason}. Copy or save the file again.`,
      {
        cause,
      },
    );
  };
}

function headerOf(file: Uint8Array, refuse: Refuse): Uint8Array {
  if (file.length < 8) refuse(`it has ${file.length} bytes, and 8 say how long its header is`);
  const length = new DataView(file.buffer, file.byteOffset).getBigUint64(0, true);
  if (length > longestHeader) refuse(`its header has ${length} bytes; ${longestHeader} are the most`);
  const header = file.subarray(8, 8 + Number(length));
  if (header.length < length) refuse(`its header has ${length} bytes, and ${header.length} are there`);
  return header;
}

function parsed(header: Uint8Array, refuse: Refuse): ReadonlyMap<string, unknown> {
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(header);
    return recordOf(JSON.parse(text), 'its header', refuse);
  } catch (cause) {
    if (cause instanceof TransferError) throw cause;
    return refuse('its header is no JSON', cause);
  }
}

/** The own keys of a JSON object. `__proto__` is what somebody writes who wants more than a tensor. */
function recordOf(value: unknown, what: string, refuse: Refuse): ReadonlyMap<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) refuse(`${what} is no object`);
  if (Object.hasOwn(value as object, '__proto__')) refuse(`${what} has a key __proto__`);
  return new Map(Object.entries(value as object));
}

function stringsOf(metadata: unknown, refuse: Refuse): ReadonlyMap<string, string> {
  const record = recordOf(metadata, '__metadata__', refuse);
  for (const [key, value] of record) if (typeof value !== 'string') refuse(`__metadata__: ${key} is no string`);
  return record as ReadonlyMap<string, string>;
}

interface Entry {
  readonly tensor: string;
  readonly type: SafetensorsType;
  readonly shape: readonly number[];
  readonly begin: number;
  readonly end: number;
}

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;

const areCounts = (value: unknown): value is number[] => Array.isArray(value) && value.every(isCount);

function entryOf(tensor: string, value: unknown, refuse: Refuse): Entry {
  const entry = recordOf(value, tensor, refuse);
  const type = entry.get('dtype');
  const shape = entry.get('shape');
  const offsets = entry.get('data_offsets');
  if (typeof type !== 'string') return refuse(`the type of ${tensor} is no string`);
  if (!areCounts(shape)) return refuse(`the shape of ${tensor} is ${short(shape)}`);
  if (!areCounts(offsets) || offsets.length !== 2) return refuse(`the offsets of ${tensor} are ${short(offsets)}`);
  if (!Object.hasOwn(valueBytes, type)) {
    throw new TransferError(
      'UNSUPPORTED',
      `The values of ${tensor} are of type ${short(type)}. Save the file with values of ${Object.keys(valueBytes).join(', ')}.`,
    );
  }
  const [begin, end] = offsets as [number, number];
  let bytes = valueBytes[type as SafetensorsType] as number;
  for (const length of shape) {
    bytes *= length;
    if (!Number.isSafeInteger(bytes)) refuse(`the shape of ${tensor}, ${short(shape)}, is too large`);
  }
  if (end - begin !== bytes) {
    refuse(`${tensor} takes ${bytes} bytes as its shape and type say, and its offsets are ${begin} and ${end}`);
  }
  return { tensor, type: type as SafetensorsType, shape, begin, end };
}

/** A value from a file, as a message can bear it. */
const short = (value: unknown) => String(JSON.stringify(value)).slice(0, 80);
