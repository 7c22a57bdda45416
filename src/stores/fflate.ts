import { importOptional } from '../core/host.ts';
import type { StoredFile } from '../core/store.ts';

/** What is used of fflate. */
export type Fflate = Pick<typeof import('fflate'), 'Inflate' | 'zipSync'>;

/**
 * Imports fflate.
 *
 * @throws TransferError `PACKAGE_MISSING`.
 */
export const loadFflate = () => importOptional('fflate', 'A zip', () => import('fflate')) as Promise<Fflate>;

/**
 * Packs a model: weights as they are, since they hardly shrink, and the rest deflated.
 *
 * @param files The files.
 */
export async function packed(files: readonly StoredFile[]): Promise<Uint8Array<ArrayBuffer>> {
  const { zipSync } = await loadFflate();
  const level = (name: string) => (name.endsWith('.bin') ? 0 : 6);
  return zipSync(Object.fromEntries(files.map(({ name, bytes }) => [name, [bytes, { level: level(name) }]])));
}
