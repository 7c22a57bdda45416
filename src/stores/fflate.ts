import type { StoredFile } from '../core/store.ts';

/** What is used of fflate. */
export type Fflate = Pick<typeof import('fflate'), 'Inflate' | 'zipSync'>;

/**
 * Packs a model: weights as they are, since they hardly shrink, and the rest deflated.
 *
 * @param files The files.
 */
export async function packed(files: readonly StoredFile[]): Promise<Uint8Array<ArrayBuffer>> {
  const { zipSync } = await import('fflate');
  const level = (name: string) => (name.endsWith('.bin') ? 0 : 6);
  return zipSync(Object.fromEntries(files.map(({ name, bytes }) => [name, [bytes, { level: level(name) }]])));
}
