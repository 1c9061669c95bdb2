import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { once } from 'node:events';
import { pipeline } from 'node:stream/promises';
import { Readable, Writable } from 'node:stream';
import { describe, expect, it, onTestFinished } from 'vitest';
import { digestOf } from '../../src/image/digest.ts';
import { OCI_CONFIG, OCI_LAYER_GZIP, OCI_MANIFEST } from '../../src/image/media-types.ts';
import { startWithReport } from '../doubles/run-cip.ts';
import { manifestFlag } from './staging.ts';

const MIB = 1024 * 1024;
const BLOB_BYTES = 3 * 1024 * MIB;
const MAX_RSS_BYTES = 250 * 1000 * 1000;

/** What the blob consists of, over and over. */
const PIECE = Buffer.alloc(MIB, 'the same mebibyte again and again, ');

// the peak is read from /proc
const isLinux = process.platform === 'linux';
if (!isLinux) console.error('not on Linux, so not tested: the memory that a promotion takes');

describe.skipIf(!isLinux)('the memory of the whole process', () => {
  it('stays below 250 MB whatever the size of a blob: 3 GiB', { timeout: 120_000 }, async () => {
    const config = Buffer.from(
      '{"architecture":"amd64","os":"linux","rootfs":{"type":"layers","diff_ids":[]}}',
    );
    const layer = digestOfBlob();
    const manifest = Buffer.from(
      JSON.stringify({
        schemaVersion: 2,
        mediaType: OCI_MANIFEST,
        config: { mediaType: OCI_CONFIG, digest: digestOf(config), size: config.length },
        layers: [{ mediaType: OCI_LAYER_GZIP, digest: layer, size: BLOB_BYTES }],
      }),
    );
    const source = await listen(async ({ method, url = '' }, response) => {
      if (url.endsWith(`/manifests/${digestOf(manifest)}`)) {
        response.setHeader('content-type', OCI_MANIFEST);
        response.end(method === 'HEAD' ? undefined : manifest);
      } else if (url.endsWith(`/blobs/${digestOf(config)}`)) response.end(config);
      else if (url.endsWith(`/blobs/${layer}`)) {
        response.setHeader('content-length', BLOB_BYTES);
        await pipeline(Readable.from(pieces(), { objectMode: false }), response);
      } else response.writeHead(404).end();
    });

    const received = new Map<string, number>();
    let peakBytes = 0;
    const sink = await listen(async (request, response) => {
      const { method, url = '' } = request;
      if (method === 'POST') response.writeHead(202, { location: `${url}upload` }).end();
      else if (method === 'PUT' && url.includes('/uploads/')) {
        const { digest, size } = await hashAndDiscard(request);
        received.set(digest, size);
        response.writeHead(url.endsWith(`digest=${digest}`) ? 201 : 400).end();
      } else if (method === 'PUT') {
        await hashAndDiscard(request);
        peakBytes = peakOf(cip.pid); // the last request: everything else has been done
        response.writeHead(201).end();
      } else response.writeHead(404).end();
    });

    const flag = await manifestFlag({
      from: `${source}/staging`,
      to: [`${sink}/prod`],
      images: { large: { [digestOf(manifest)]: ['v1'] } },
    });
    const cip = startWithReport([flag, '-confirm']);
    const { status, report, stderr } = await cip.ended;

    expect(status, stderr).toBe(0);
    expect(received).toEqual(
      new Map([
        [digestOf(config), config.length],
        [layer, BLOB_BYTES],
      ]),
    );
    expect(report?.hosts[sink]).toMatchObject({ bytesOut: BLOB_BYTES + config.length + manifest.length });
    expect(peakBytes).toBeGreaterThan(0);
    expect(peakBytes).toBeLessThan(MAX_RSS_BYTES);
  });
});

function* pieces(): Generator<Buffer> {
  for (let sent = 0; sent < BLOB_BYTES; sent += MIB) yield PIECE;
}

function digestOfBlob(): string {
  const hash = createHash('sha256');
  for (const piece of pieces()) hash.update(piece);
  return `sha256:${hash.digest('hex')}`;
}

async function hashAndDiscard(request: IncomingMessage): Promise<{ digest: string; size: number }> {
  const hash = createHash('sha256');
  let size = 0;
  const discard = new Writable({
    write(piece: Buffer, _encoding, done) {
      hash.update(piece);
      size += piece.length;
      done();
    },
  });
  await pipeline(request, discard);
  return { digest: `sha256:${hash.digest('hex')}`, size };
}

/** The most memory that a process has had so far, in bytes. */
function peakOf(pid: number): number {
  const kibibytes = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Number(kibibytes) * 1024;
}

/** A server for the running test; resolves to its host. */
async function listen(
  answer: (request: IncomingMessage, response: ServerResponse) => Promise<void>,
): Promise<string> {
  const server = createServer((request, response) => {
    answer(request, response).catch(() => response.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => close(server));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server has no port');
  return `127.0.0.1:${address.port}`;
}

async function close(server: Server): Promise<void> {
  await new Promise<void>((done) => {
    server.close(() => done());
    server.closeAllConnections();
  });
}
