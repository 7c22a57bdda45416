import { TransferError } from '../core/errors.ts';
import type { ReadSettings } from '../core/store.ts';
import { joined } from '../model/byte-limit.ts';
import { bodyOf } from '../model/readable-url.ts';
import { hexOf, sha256 } from '../model/sha256.ts';

/** What a server in the hub's layout answered. */
export interface HubAnswer {
  readonly url: URL;
  readonly response: Response;
  /** A header of the hub's own answers, not of the store of large files that it leads to; null where there is none. */
  readonly header: (name: string) => string | null;
}

/**
 * Asks the hub for a file. It answers itself, or leads to a store of large files: only its own answer has the commit and
 * the hash.
 *
 * @param url The file.
 * @param method `HEAD` for what the hub says of it.
 * @param signal Stops it.
 * @throws TransferError `OFFLINE` where nobody answers, or only to say that it cannot now.
 */
export async function askHub(url: URL, method: 'GET' | 'HEAD', signal: AbortSignal | undefined): Promise<HubAnswer> {
  const settings = { method, ...(signal && { signal }) };
  try {
    const first = await fetch(url, { ...settings, redirect: 'manual' });
    const location = first.headers.get('location');
    // A page is not told where it was led to, nor with what headers.
    const led = first.type === 'opaqueredirect' ? url : location && new URL(location, url);
    if (led) await first.body?.cancel();
    const response = led ? await fetch(led, settings) : first;
    const own = [first, ...(new URL(response.url || url).origin === url.origin ? [response] : [])];
    const header = (name: string) =>
      own.map(({ headers }) => headers.get(name)).findLast((value) => value !== null) ?? null;
    if (response.status !== 429 && response.status < 500) return { url, response, header };
    await response.body?.cancel();
    throw new Error(`status ${response.status}`);
  } catch (cause) {
    throw unreached(url, cause, signal);
  }
}

function unreached(url: URL, cause: unknown, signal: AbortSignal | undefined): unknown {
  signal?.throwIfAborted();
  if (cause instanceof TransferError) return cause;
  const { message, cause: deeper } = cause as Error & { readonly cause?: { readonly code?: string } };
  return new TransferError(
    'OFFLINE',
    `${url} cannot be had now (${deeper?.code ?? message}). Check the connection, and HF_ENDPOINT where the hub is another; or pass the folder of the model on the disk.`,
    { cause },
  );
}

/**
 * Reads what was answered, and refuses it where it is not what the hub says that it is.
 *
 * @param answer The answer.
 * @param settings The most bytes, a signal, and who counts.
 * @throws TransferError `INVALID_MODEL` where the hash is another; `OFFLINE` where it ends early.
 */
export async function wholeFile(answer: HubAnswer, settings: ReadSettings): Promise<Uint8Array> {
  const { url, response } = answer;
  const bytes = await bodyOf(response, url, settings).catch((cause) => {
    throw unreached(url, cause, settings.signal);
  });
  const expected = await hashOf(answer, settings.signal);
  if (!expected) return bytes;
  const found = expected.length === 64 ? await sha256(bytes as Uint8Array<ArrayBuffer>) : await gitHash(bytes);
  if (found === expected) return bytes;
  throw new TransferError(
    'INVALID_MODEL',
    `${url} came as ${bytes.byteLength} bytes with the hash ${found}, and ${expected} was announced. Nothing of it was kept; load it again.`,
  );
}

/** SHA-256 of a large file, Git's SHA-1 of another; undefined where a server says neither. */
async function hashOf({ url, response, header }: HubAnswer, signal: AbortSignal | undefined) {
  const tag = (header('x-linked-etag') ?? header('etag'))?.replace(/^(W\/)?"(.*)"$/, '$2') ?? '';
  // Other servers have hashes of other things as their tags; nothing but SHA-256 is as long.
  if (/^[0-9a-f]{64}$/.test(tag) || (/^[0-9a-f]{40}$/.test(tag) && header('x-repo-commit'))) return tag;
  if (new URL(response.url || url).origin === url.origin || header('x-repo-commit')) return undefined;
  // A page was led elsewhere, and saw none of the hub's headers. What Git keeps in place of the file says its hash.
  const pointer = new URL(url.pathname.replace('/resolve/', '/raw/'), url);
  const { response: raw } = await askHub(pointer, 'GET', signal);
  return /^oid sha256:([0-9a-f]{64})$/m.exec(raw.ok ? await raw.text() : '')?.[1];
}

/** What Git calls a file with these bytes. */
async function gitHash(bytes: Uint8Array): Promise<string> {
  const blob = joined([new TextEncoder().encode(`blob ${bytes.byteLength}\0`), bytes]);
  return hexOf(new Uint8Array(await crypto.subtle.digest('SHA-1', blob as Uint8Array<ArrayBuffer>)));
}
