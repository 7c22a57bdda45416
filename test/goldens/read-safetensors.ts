import { readFile } from '../support/read-file.ts';

/** One tensor of a golden file. */
export interface GoldenTensor {
  shape: number[];
  dtype: 'F32' | 'I32';
  data: Float32Array | Int32Array;
}

interface Entry {
  shape: number[];
  dtype: string;
  data_offsets: [number, number];
}

/** Reads a safetensors file of the goldens, by its path from the root. For tests only: it trusts the file. */
export async function readSafetensors(path: string): Promise<Record<string, GoldenTensor>> {
  const file = await readFile(path);
  const start = 8 + Number(new DataView(file.buffer, file.byteOffset).getBigUint64(0, true));
  const header: Record<string, Entry> = JSON.parse(new TextDecoder().decode(file.subarray(8, start)));
  const tensors: Record<string, GoldenTensor> = {};
  for (const [name, { shape, dtype, data_offsets }] of Object.entries(header)) {
    if (name === '__metadata__') continue;
    if (dtype !== 'F32' && dtype !== 'I32') throw new Error(`${path}: ${name} is ${dtype}, not F32 or I32`);
    // a copy, because the bytes in the file need not be aligned to 4
    const bytes = Uint8Array.from(file.subarray(start + data_offsets[0], start + data_offsets[1])).buffer;
    tensors[name] = { shape, dtype, data: dtype === 'F32' ? new Float32Array(bytes) : new Int32Array(bytes) };
  }
  return tensors;
}
