import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { fileURLToPath } from 'node:url';

const textFolder = (name: string) => fileURLToPath(new URL(`../goldens/text/${name}`, import.meta.url));

/** What a server answers of a file before the hub does; true where it did. */
type Answer = (request: IncomingMessage, response: ServerResponse) => boolean;

/** A server that answers as huggingface.co does, of the folders of the goldens of text as models of `golden`. */
export interface HubServer {
  readonly endpoint: string;
  /** What was asked for, in order: method and path. */
  readonly requests: string[];
  /** The commit of main. */
  commit: string;
  /** Whether it names commits and hashes, as other servers in the hub's layout do not. */
  isPlain: boolean;
  answer: Answer | undefined;
  close(): Promise<void>;
}

/** Starts the hub and, at another origin, its store of large files. */
export async function hubServer(): Promise<HubServer> {
  const large = await listening((request, response) => {
    hub.requests.push(`${request.method} large${request.url}`);
    if (hub.answer?.(request, response)) return;
    response.setHeader('access-control-allow-origin', '*');
    response.setHeader('etag', `"${'0'.repeat(64)}"`); // Something else's hash.
    response.end(fileOf(request.url as string));
  });
  const small = await listening((request, response) => {
    hub.requests.push(`${request.method} ${request.url}`);
    if (hub.answer?.(request, response)) return;
    response.setHeader('access-control-allow-origin', '*');
    response.setHeader(
      'access-control-expose-headers',
      'X-Repo-Commit, X-Error-Code, X-Error-Message, ETag, X-Linked-ETag',
    );
    const [, name = '', way = '', revision = '', file = ''] =
      /^\/(?:kept\/)?golden\/([^/]+)\/(resolve|raw)\/([^/]+)\/(.*)$/.exec(request.url as string) ?? [];
    const refuse = (code: string, message: string) => {
      if (!hub.isPlain) response.setHeader('x-error-code', code).setHeader('x-error-message', message);
      response.writeHead(404).end();
    };
    if (!existsSync(textFolder(name || 'none'))) return refuse('RepoNotFound', 'Repository not found');
    if (!['main', hub.commit].includes(revision)) return refuse('RevisionNotFound', `Invalid rev id: ${revision}`);
    if (!hub.isPlain) response.setHeader('x-repo-commit', hub.commit);
    if (!existsSync(`${textFolder(name)}/${file}`)) return refuse('EntryNotFound', 'Entry not found');
    const bytes = fileOf(`/${name}/${file}`);
    const hash = createHash('sha256').update(bytes).digest('hex');
    const isLarge = file.endsWith('.safetensors');
    if (way === 'raw') {
      return response.end(`version https://git-lfs.github.com/spec/v1\noid sha256:${hash}\nsize ${bytes.length}\n`);
    }
    if (hub.isPlain) return response.end(bytes);
    if (isLarge) {
      response.setHeader('x-linked-etag', `"${hash}"`);
      return response.writeHead(302, { location: `${large.endpoint}/${name}/${file}` }).end();
    }
    if (!request.url?.startsWith('/kept/')) return response.writeHead(307, { location: `/kept${request.url}` }).end();
    const git = createHash('sha1').update(`blob ${bytes.length}\0`).update(bytes).digest('hex');
    response.setHeader('etag', `W/"${git}"`).end(bytes);
  });
  const hub: HubServer = {
    endpoint: small.endpoint,
    requests: [],
    commit: 'c'.repeat(40),
    isPlain: false,
    answer: undefined,
    close: async () => {
      await Promise.all([small.close(), large.close()]);
    },
  };
  return hub;
}

const fileOf = (path: string) => readFileSync(textFolder(path.slice(1)));

async function listening(listener: RequestListener): Promise<{ endpoint: string; close: () => Promise<void> }> {
  const server = createServer(listener);
  const sockets = new Set<Socket>();
  // Whoever forgets to close it can still end.
  server.unref();
  server.on('connection', (socket) => sockets.add(socket.unref()));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () => {
      for (const socket of sockets) socket.destroy();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}
