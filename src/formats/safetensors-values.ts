import { TransferError } from '../core/errors.ts';
import type { SafetensorsTensor } from './safetensors.ts';

/** A tensor's values, copied out of the file; whole numbers in the type that they have there. */
export type SafetensorsValues = Float32Array | Int8Array | Int16Array | Int32Array | BigInt64Array | Uint8Array;

/** The bytes of a tensor where an array of its type can begin. */
const aligned = ({ bytes }: SafetensorsTensor): ArrayBuffer => Uint8Array.from(bytes).buffer;

const readers: Readonly<Record<SafetensorsTensor['type'], (tensor: SafetensorsTensor) => SafetensorsValues>> = {
  F32: (tensor) => new Float32Array(aligned(tensor)),
  F16: (tensor) => fromHalves(new Uint16Array(aligned(tensor))),
  BF16: (tensor) => new Float32Array(Uint32Array.from(new Uint16Array(aligned(tensor)), (bits) => bits << 16).buffer),
  I64: (tensor) => new BigInt64Array(aligned(tensor)),
  I32: (tensor) => new Int32Array(aligned(tensor)),
  I16: (tensor) => new Int16Array(aligned(tensor)),
  I8: (tensor) => new Int8Array(aligned(tensor)),
  U8: ({ bytes }) => Uint8Array.from(bytes),
  BOOL: ({ bytes }) => Uint8Array.from(bytes),
};

/**
 * The values of a tensor. F16 and BF16 become float32, which holds each of them exactly.
 *
 * @param tensor A tensor of a safetensors file.
 */
export const valuesOf = (tensor: SafetensorsTensor): SafetensorsValues => readers[tensor.type](tensor);

/**
 * The values of a tensor of floating-point numbers.
 *
 * @param tensor A tensor of a safetensors file.
 * @param name What the tensor is called in messages.
 * @throws TransferError `INVALID_MODEL` where its values are whole numbers.
 */
export function floatsOf(tensor: SafetensorsTensor, name: string): Float32Array {
  const values = valuesOf(tensor);
  if (values instanceof Float32Array) return values;
  throw new TransferError(
    'INVALID_MODEL',
    `The values of ${name} are ${tensor.type}, and floating-point numbers are needed. Save the weights as F32, F16 or BF16.`,
  );
}

/** IEEE 754 binary16: a sign, 5 bits of exponent (bias 15), 10 of the fraction. */
function fromHalves(halves: Uint16Array): Float32Array {
  const floats = new Float32Array(halves.length);
  const bits = new Uint32Array(floats.buffer);
  halves.forEach((half, index) => {
    const sign = (half & 0x8000) << 16;
    const exponent = (half >> 10) & 31;
    const fraction = half & 1023;
    if (exponent === 0) floats[index] = (sign ? -1 : 1) * fraction * 2 ** -24;
    else if (exponent === 31) bits[index] = sign | 0x7f800000 | (fraction << 13);
    else bits[index] = sign | ((exponent + 112) << 23) | (fraction << 13);
  });
  return floats;
}
