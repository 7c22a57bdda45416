/**
 * The SHA-256 of bytes.
 *
 * @param bytes The bytes.
 * @returns The hash in hexadecimal; undefined where the platform has no WebCrypto.
 */
export async function sha256(bytes: BufferSource): Promise<string | undefined> {
  if (!globalThis.crypto?.subtle) return undefined;
  return hexOf(new Uint8Array(await crypto.subtle.digest('SHA-256', bytes)));
}

/** Bytes in hexadecimal. */
export const hexOf = (bytes: Uint8Array) => [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
