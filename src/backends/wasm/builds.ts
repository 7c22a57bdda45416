/**
 * The bytes of a build of the kernels.
 *
 * @param base64 The build: gzipped, as its unrolled loops are alike, and in base64.
 */
export async function bytesOf(base64: string): Promise<Uint8Array<ArrayBuffer>> {
  const packed = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
  const unpacked = new Blob([packed]).stream().pipeThrough(new DecompressionStream('gzip'));
  return new Uint8Array(await new Response(unpacked).arrayBuffer());
}

/**
 * The same build for a memory that threads share: its import says so, and nothing else differs (WebAssembly 2.0 with
 * threads, 5.3.9: limits).
 *
 * @param own The build for a memory of one thread.
 */
export function forThreads(own: Uint8Array): Uint8Array<ArrayBuffer> {
  // Sections have a number, their size in LEB128, and so many bytes; that of imports is the second, of 15 bytes.
  let section = 8;
  while (own[section] !== 2) {
    let [end, size, shift] = [section + 1, 0, 0];
    do {
      size |= ((own[end] as number) & 127) << shift;
      shift += 7;
    } while ((own[end++] as number) > 127);
    section = end + size;
  }
  const limits = section + 15;
  // Shared, from 0 to 65,536 pages, where it was from 0 on.
  const shared = [3, 0, 0x80, 0x80, 4];
  const bytes = new Uint8Array(own.length + 3);
  bytes.set(own.subarray(0, limits));
  bytes[section + 1] = 18;
  bytes.set(shared, limits);
  bytes.set(own.subarray(limits + 2), limits + shared.length);
  return bytes;
}
