/** The most bytes that are handed to the browser at once: it copies them, and an abort waits for them. */
const pieceSize = 8 * 2 ** 20;

/** Bytes in pieces. */
export function piecesOf(bytes: Uint8Array, size = pieceSize): Uint8Array<ArrayBuffer>[] {
  const count = Math.max(1, Math.ceil(bytes.byteLength / size));
  return Array.from({ length: count }, (_, i) => bytes.subarray(i * size, (i + 1) * size) as Uint8Array<ArrayBuffer>);
}
