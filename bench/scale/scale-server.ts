import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { digestOf } from '../../src/image/digest.ts';
import { OCI_CONFIG, OCI_LAYER_GZIP, OCI_MANIFEST } from '../../src/image/media-types.ts';

const PIECE = Buffer.alloc(2 ** 20, 'the same mebibyte again and again, ');

export interface ScaleServer {
  readonly host: string;
  readonly close: () => void;
}

/** The digest that the server has under the tag `v<number>`. */
export function numberedDigest(number: number): string {
  return `sha256:${number.toString(16).padStart(64, '0')}`;
}

/** A registry with so many tags in each repository. It lists tags without digests, and answers a HEAD for each. */
export function startTagServer(tags: number): Promise<ScaleServer> {
  const list = JSON.stringify({
    name: 'app',
    tags: Array.from({ length: tags }, (_, number) => `v${number}`),
  });
  return listen(({ url = '' }, response) => {
    const number = /\/manifests\/v(\d+)$/.exec(url)?.[1];
    if (url.endsWith('/tags/list')) response.end(list);
    else if (number === undefined) response.writeHead(404).end();
    else {
      const headers = { 'docker-content-digest': numberedDigest(Number(number)), 'content-length': 500 };
      response.writeHead(200, { ...headers, 'content-type': OCI_MANIFEST }).end();
    }
  });
}

/** A registry with an image of one layer of `size` bytes at `staging/app`. It discards every upload. */
export async function startBlobServer(size: number): Promise<ScaleServer & { readonly digest: string }> {
  const config = Buffer.from('{"architecture":"amd64","os":"linux","rootfs":{"type":"layers"}}');
  const layer = digestOfPieces(size);
  const manifest = JSON.stringify({
    schemaVersion: 2,
    mediaType: OCI_MANIFEST,
    config: { mediaType: OCI_CONFIG, digest: digestOf(config), size: config.length },
    layers: [{ mediaType: OCI_LAYER_GZIP, digest: layer, size }],
  });
  const digest = digestOf(Buffer.from(manifest));
  const server = await listen(async (request, response) => {
    const { method = '', url = '' } = request;
    if (method === 'POST') response.writeHead(202, { location: `${url.replace(/\?.*/, '')}upload` }).end();
    else if (method === 'PUT') {
      for await (const _ of request); // the bytes are discarded
      response.writeHead(201).end();
    } else if (!url.startsWith('/v2/staging/')) response.writeHead(404).end();
    else if (url.endsWith(`/manifests/${digest}`)) {
      response.setHeader('content-type', OCI_MANIFEST);
      response.end(method === 'HEAD' ? undefined : manifest);
    } else if (url.endsWith(`/blobs/${digestOf(config)}`)) response.end(config);
    else if (url.endsWith(`/blobs/${layer}`)) {
      response.setHeader('content-length', size);
      await pipeline(Readable.from(pieces(size), { objectMode: false }), response);
    } else response.writeHead(404).end();
  });
  return { ...server, digest };
}

function* pieces(size: number): Generator<Buffer> {
  for (let sent = 0; sent < size; sent += PIECE.length) yield PIECE.subarray(0, size - sent);
}

function digestOfPieces(size: number): string {
  const hash = createHash('sha256');
  for (const piece of pieces(size)) hash.update(piece);
  return `sha256:${hash.digest('hex')}`;
}

async function listen(
  answer: (request: IncomingMessage, response: ServerResponse) => void | Promise<void>,
): Promise<ScaleServer> {
  const server = createServer((request, response) => {
    // a client that has gone ends its answer
    Promise.resolve(answer(request, response)).catch(() => response.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server has no port');
  const close = () => {
    server.close();
    server.closeAllConnections();
  };
  return { host: `127.0.0.1:${address.port}`, close };
}
