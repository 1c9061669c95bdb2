import { createServer } from 'node:http';
import { expect, it, onTestFinished } from 'vitest';
import { blobsOf, image } from '../builders/images.ts';
import { testdir } from '../builders/testdir.ts';
import { runWithReport } from '../doubles/run-cip.ts';
import { embedded, manifestFlag } from './staging.ts';

/** How long the source takes to send its layer, in pieces a second: three lives of a token. */
const PIECES = 6;
const TOKEN_SECONDS = 2;

const CONTENT = image({ seed: 'slow', layers: 1, layerBytes: 1024 * 1024 });

it('a layer that uploads for longer than a token lives is promoted', { timeout: 60_000 }, async () => {
  const source = await drippingSource();
  const users = { alice: 'secret' };
  const destination = await embedded({ auth: { kind: 'token', users, ttlSeconds: TOKEN_SECONDS } });
  const auth = Buffer.from('alice:secret').toString('base64');
  const config = await testdir({
    'config.json': JSON.stringify({ auths: { [destination.host]: { auth } } }),
  });
  const { digest } = CONTENT.manifest;
  const to = [`${destination.host}/prod`];
  const flag = await manifestFlag({ from: `${source}/staging`, to, images: { app: { [digest]: ['v1'] } } });
  const run = await runWithReport([flag, '-confirm'], { env: { DOCKER_CONFIG: config } });
  expect(run.status, run.stderr).toBe(0);
  expect(destination.store.resolveTag('prod/app', 'v1')).toBe(digest);
  const tokens = destination.requests.filter(({ kind }) => kind === 'token');
  expect(tokens.length).toBeGreaterThan(2); // it ran out on the way, and was asked for again
});

/** A registry with one image whose layer comes a piece a second. */
async function drippingSource(): Promise<string> {
  const blobs = new Map(blobsOf(CONTENT).map(({ digest, bytes }) => [digest as string, Buffer.from(bytes)]));
  const server = createServer((request, response) => {
    const name = request.url?.split('/').at(-1) ?? '';
    const blob = blobs.get(name);
    if (name === CONTENT.manifest.digest) {
      response.writeHead(200, { 'content-type': CONTENT.manifest.mediaType }).end(CONTENT.manifest.bytes);
    } else if (blob === undefined) {
      response.writeHead(404).end();
    } else {
      response.writeHead(200, { 'content-length': blob.length });
      drip(blob, (piece) => response.write(piece)).then(
        () => response.end(),
        () => response.destroy(),
      );
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server has no port');
  return `127.0.0.1:${address.port}`;
}

/** Small blobs at once; a large one over the seconds that the issue is about, which no fake clock can stand for. */
function drip(bytes: Buffer, write: (piece: Buffer) => void): Promise<void> {
  if (bytes.length < 64 * 1024) {
    write(bytes);
    return Promise.resolve();
  }
  const size = Math.ceil(bytes.length / PIECES);
  let offset = 0;
  return new Promise((resolve) => {
    const timer = setInterval(() => {
      write(bytes.subarray(offset, offset + size));
      offset += size;
      if (offset < bytes.length) return;
      clearInterval(timer);
      resolve();
    }, 1000);
  });
}
