import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import { digestOf } from '../../src/image/digest.ts';
import { OCI_CONFIG, OCI_LAYER_GZIP, OCI_MANIFEST } from '../../src/image/media-types.ts';
import { startWithReport, temporaryDirectory } from '../doubles/run-cip.ts';
import { manifestFlag } from './staging.ts';

const MIB = 1024 * 1024;
const MAX_RSS_BYTES = 250 * 1000 * 1000;

/** What a blob consists of, over and over. */
const PIECE = Buffer.alloc(MIB, 'the same mebibyte again and again, ');

// the peak is read from /proc
const isLinux = process.platform === 'linux';
if (!isLinux) console.error('not on Linux, so not tested: the memory that a promotion takes');

describe.skipIf(!isLinux)('the memory of the whole process', () => {
  it('stays below 250 MB whatever the size of a blob: 3 GiB', { timeout: 120_000 }, async () => {
    const { source, layer, config, manifest, digest } = await largeImage(3 * 1024 * MIB);
    const sink = await startSink();
    const { peakBytes, report } = await promote({ source: source.host, digest }, [sink]);

    expect(sink.received).toEqual(new Map([layer, config]));
    // the config twice: the registry answers 202 to a POST with it
    expect(report?.hosts[sink.host]).toMatchObject({ bytesOut: layer[1] + 2 * config[1] + manifest.length });
    expect(peakBytes).toBeGreaterThan(0);
    expect(peakBytes).toBeLessThan(MAX_RSS_BYTES);
  });

  it('stays below 250 MB whatever the hosts that want a blob, one of them behind by all of it: 1 GiB', {
    timeout: 120_000,
  }, async () => {
    const { source, layer, config, digest } = await largeImage(1024 * MIB);
    const fast = [await startSink(), await startSink()];
    // it takes nothing of a large blob before the others have all of it
    const othersHaveIt = Promise.all(fast.map(({ has }) => has(layer[0])));
    const slow = await startSink(() => othersHaveIt);
    const { peakBytes } = await promote({ source: source.host, digest }, [slow, ...fast]);

    for (const sink of [slow, ...fast]) expect(sink.received).toEqual(new Map([layer, config]));
    expect(source.reads).toEqual([layer[0], config[0]].toSorted());
    expect(peakBytes).toBeGreaterThan(0);
    expect(peakBytes).toBeLessThan(MAX_RSS_BYTES);
  });
});

/** An image with one layer of this size, at a source that makes it while it is read. */
async function largeImage(size: number) {
  const config = Buffer.from(
    '{"architecture":"amd64","os":"linux","rootfs":{"type":"layers","diff_ids":[]}}',
  );
  const layer = digestOfBlob(size);
  const manifest = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: OCI_MANIFEST,
      config: { mediaType: OCI_CONFIG, digest: digestOf(config), size: config.length },
      layers: [{ mediaType: OCI_LAYER_GZIP, digest: layer, size }],
    }),
  );
  const reads: string[] = [];
  const host = await listen(async ({ method, url = '' }, response) => {
    const blob = /\/blobs\/(.*)$/.exec(url)?.[1];
    if (blob !== undefined) reads.push(blob);
    if (url.endsWith(`/manifests/${digestOf(manifest)}`)) {
      response.setHeader('content-type', OCI_MANIFEST);
      response.end(method === 'HEAD' ? undefined : manifest);
    } else if (blob === digestOf(config)) response.end(config);
    else if (blob === layer) {
      response.setHeader('content-length', size);
      await pipeline(Readable.from(pieces(size), { objectMode: false }), response);
    } else response.writeHead(404).end();
  });
  return {
    source: {
      host,
      /** Blobs that were asked for, sorted. */
      get reads() {
        return reads.toSorted();
      },
    },
    layer: [layer, size] as const,
    config: [digestOf(config), config.length] as const,
    manifest,
    digest: digestOf(manifest),
  };
}

/** A registry that forgets what it gets; it takes a blob once `mayTake` resolves. */
async function startSink(mayTake: () => Promise<unknown> = () => Promise.resolve()) {
  /** Sizes by digest. */
  const received = new Map<string, number>();
  const waiting: { readonly digest: string; readonly resolve: () => void }[] = [];
  const onManifest: (() => void)[] = [];
  const host = await listen(async (request, response) => {
    const { method, url = '' } = request;
    if (method === 'POST') response.writeHead(202, { location: `${url.replace(/\?.*/, '')}upload` }).end();
    else if (method === 'PUT' && url.includes('/uploads/')) {
      if (Number(request.headers['content-length']) > MIB) await mayTake();
      const { digest, size } = await hashAndDiscard(request);
      received.set(digest, size);
      for (const one of waiting) if (one.digest === digest) one.resolve();
      response.writeHead(url.endsWith(`digest=${digest}`) ? 201 : 400).end();
    } else if (method === 'PUT') {
      await hashAndDiscard(request);
      for (const call of onManifest) call();
      response.writeHead(201).end();
    } else response.writeHead(404).end();
  });
  const has = (digest: string) => new Promise<void>((resolve) => waiting.push({ digest, resolve }));
  return { host, received, has, onManifest };
}

/** Promotes an image, and measures as late as possible: when the last manifest is written everything else is done. */
async function promote(
  { source, digest }: { source: string; digest: string },
  sinks: readonly Awaited<ReturnType<typeof startSink>>[],
) {
  const flag = await manifestFlag({
    from: `${source}/staging`,
    to: sinks.map(({ host }) => `${host}/prod`),
    images: { large: { [digest]: ['v1'] } },
  });
  let peakBytes = 0;
  const cip = startWithReport([flag, '-confirm'], { env: { TMPDIR: temporaryDirectory() } });
  for (const { onManifest } of sinks) {
    onManifest.push(() => {
      peakBytes = peakOf(cip.pid);
    });
  }
  const { status, report, stderr } = await cip.ended;
  expect(status, stderr).toBe(0);
  return { peakBytes, report };
}

function* pieces(size: number): Generator<Buffer> {
  for (let sent = 0; sent < size; sent += MIB) yield PIECE;
}

function digestOfBlob(size: number): string {
  const hash = createHash('sha256');
  for (const piece of pieces(size)) hash.update(piece);
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
