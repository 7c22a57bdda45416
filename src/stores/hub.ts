import { TransferError } from '../core/errors.ts';
import { assertSettings } from '../core/settings.ts';
import type { ReadSettings, Store } from '../core/store.ts';
import { assertWithin } from '../model/byte-limit.ts';
import { sha256 } from '../model/sha256.ts';
import { hubCache } from './hub-cache.ts';
import { askHub, type HubAnswer, wholeFile } from './hub-request.ts';
import type { RemovableStore } from './removable-store.ts';

/** Settings of {@link hub}. */
export interface HubSettings {
  /** A branch, a tag, or the hash of a commit. Default: `'main'`, which is what it was when it was first loaded. */
  readonly revision?: string;
  /** Whether only what is kept may be read. Default: what `HF_HUB_OFFLINE` says, else false. */
  readonly offline?: boolean;
  /** The address of the hub. Default: `HF_ENDPOINT`, else `'https://huggingface.co'`. */
  readonly endpoint?: string;
  /**
   * In Node, the folder where files are kept. Default: `tfjs-transfer` in `HF_HOME`, else in `huggingface` of `XDG_CACHE_HOME`,
   * else in `~/.cache/huggingface`.
   */
  readonly cache?: string;
}

/** A model of the hub. `address()` asks it for the commit, where that is not known yet. */
export type HubStore = RemovableStore & Required<Pick<Store, 'address'>>;

/** What is kept in place of the hash of a file that the model does not have. */
const absent = 'absent';

/**
 * A model of the Hugging Face hub, for reading. Names of the hub are told from paths by this function alone: a string is
 * always a path or a URL. All files come from one commit, the one that the revision named when it was first loaded; they
 * are checked against the hashes that the hub announces and kept, in Node in a folder of the user's cache, in a browser in
 * its origin private file system. What is kept is read without a request, and checked again.
 *
 * @param name The model, `owner/name`.
 * @param settings The revision, whether to stay offline, the hub, and where files are kept.
 * @returns The store, for `loadBase` and `loadTokenizer`; `address()` says which commit it is, `remove()` forgets all
 * that is kept of the model: the next load asks for the newest. Reading throws `NOT_FOUND` where there is no such model,
 * revision or file, `OFFLINE` where a file is not kept and cannot be had, `INVALID_MODEL` where one came damaged,
 * `SAVE_FAILED` where it could not be kept.
 * @throws TransferError `INVALID_ARGUMENT` where the name is none.
 *
 * @example
 * ```ts no-run
 * import { loadBase } from 'tfjs-transfer';
 * import { hub } from 'tfjs-transfer/stores';
 * import { loadTokenizer } from 'tfjs-transfer/text';
 *
 * const miniLm = hub('sentence-transformers/all-MiniLM-L6-v2');
 * const [base, tokenizer] = await Promise.all([loadBase(miniLm), loadTokenizer(miniLm)]);
 * console.log(base.origin.source); // https://huggingface.co/sentence-transformers/all-MiniLM-L6-v2/resolve/<commit>
 * ```
 */
export function hub(name: string, settings: HubSettings = {}): HubStore {
  assertSettings('hub', settings, { revision: 'main', offline: true, endpoint: 'https://huggingface.co', cache: '' });
  const environment = globalThis.process?.env ?? {};
  const { revision = 'main', cache: folder } = settings;
  const { offline = /^(1|true|yes|on)$/i.test(environment.HF_HUB_OFFLINE ?? '') } = settings;
  const title = `hub('${name}')`;
  if (typeof name !== 'string' || !/^[\w-][\w.-]*(\/[\w-][\w.-]*)?$/.test(name) || /^\.*$/.test(revision)) {
    throw new TransferError(
      'INVALID_ARGUMENT',
      `${title}, revision '${revision}': pass the owner and the name, such as hub('sentence-transformers/all-MiniLM-L6-v2'). A folder or a URL is passed as it is, without hub.`,
    );
  }
  const endpoint = (settings.endpoint ?? (environment.HF_ENDPOINT || 'https://huggingface.co')).replace(/\/+$/, '');
  const urlOf = (version: string, file = '') =>
    new URL(
      `${endpoint}/${name}/resolve/${encodeURIComponent(version)}${file && `/${file}`}`,
      globalThis.location?.href,
    );
  const home = `${encodeURIComponent(urlOf('').host)}/${name}`;
  const reference = `${home}/refs/${encodeURIComponent(revision)}`;
  const textOf = (bytes: Uint8Array | undefined) => bytes && new TextDecoder().decode(bytes);
  const bytesOf = (text: string) => new TextEncoder().encode(text);
  const cache = () => hubCache(folder);
  let commit: string | undefined;

  const notKept = (what: string) =>
    new TransferError(
      'OFFLINE',
      `${title} is offline, and ${cache().name} has ${what}. Load it once without offline (and HF_HUB_OFFLINE), or pass the folder of the model.`,
    );

  /** The commit of all files: of two that are found at once, the first. */
  async function pinned(signal: AbortSignal | undefined): Promise<string> {
    const found = commit ?? (await findCommit(signal));
    commit ??= found;
    return commit;
  }

  async function findCommit(signal: AbortSignal | undefined): Promise<string> {
    if (/^[0-9a-f]{40}$/.test(revision)) return revision;
    const kept = textOf(await cache().read(reference));
    if (kept) return kept;
    if (offline) throw notKept(`nothing of its revision ${revision}`);
    const answer = await askHub(urlOf(revision, 'config.json'), 'HEAD', signal);
    const named = answer.header('x-repo-commit');
    if (!answer.response.ok && !named) throw refused(answer);
    // Another server in the hub's layout may know no commits.
    const found = named && /^[\w-]+$/.test(named) ? named : revision;
    await cache().write(reference, bytesOf(found));
    return found;
  }

  function refused({ url, response, header }: HubAnswer): TransferError {
    const reason = header('x-error-message') ?? `it answered ${response.status}`;
    return new TransferError(
      'NOT_FOUND',
      `${title}, revision ${revision}: ${reason} (${url}). Check the name and the revision; models that ask for a login are downloaded by other means, and their folder is passed.`,
    );
  }

  async function read(file: string, request: ReadSettings): Promise<Uint8Array> {
    const { signal, limit, onBytes } = request;
    const version = await pinned(signal);
    const missing = () =>
      new TransferError('NOT_FOUND', `${title} has no ${file}. See what it has: ${endpoint}/${name}/tree/${version}.`);
    if (!/^[\w-][\w.-]*(\/[\w-][\w.-]*)*$/.test(file)) throw missing();
    const entry = `${home}/snapshots/${encodeURIComponent(version)}/${file}`;
    const hash = textOf(await cache().read(entry));
    if (hash === absent) throw missing();
    const kept = hash && (await cache().read(`${home}/blobs/${hash}`));
    if (kept && (await sha256(kept as Uint8Array<ArrayBuffer>)) === hash) {
      assertWithin(`${title}: ${file}`, kept.byteLength, limit);
      onBytes?.(kept.byteLength, kept.byteLength);
      signal?.throwIfAborted();
      return kept;
    }
    if (offline) throw notKept(`no ${kept ? 'undamaged ' : ''}${file}`);
    const answer = await askHub(urlOf(version, file), 'GET', signal);
    if (!answer.response.ok) {
      await answer.response.body?.cancel();
      const reason = answer.header('x-error-code') ?? 'EntryNotFound';
      if (answer.response.status !== 404 || reason !== 'EntryNotFound') throw refused(answer);
      await cache().write(entry, bytesOf(absent));
      throw missing();
    }
    const bytes = await wholeFile(answer, request);
    const found = (await sha256(bytes as Uint8Array<ArrayBuffer>)) as string;
    await cache().write(`${home}/blobs/${found}`, bytes);
    await cache().write(entry, bytesOf(found));
    return bytes;
  }

  return {
    kind: 'store',
    name: title,
    open: async ({ signal }) => {
      await pinned(signal);
      return read;
    },
    address: async () => String(urlOf(await pinned(undefined))),
    async write() {
      throw new TransferError(
        'INVALID_ARGUMENT',
        `${title} can only be read. To save, pass a folder or another store.`,
      );
    },
    async remove() {
      commit = undefined;
      await cache().remove(home);
    },
  };
}
