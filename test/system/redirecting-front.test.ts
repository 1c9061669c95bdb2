import { createServer } from 'node:http';
import { describe, expect, it, onTestFinished } from 'vitest';
import { image, index, layer, PLATFORMS, push } from '../builders/images.ts';
import { availableRegistries, startRealRegistry } from '../doubles/real-registries.ts';
import { runWithReport } from '../doubles/run-cip.ts';
import { embedded, manifestFlag } from './staging.ts';
import { expectNothingHalfVisible } from './wholeness.ts';

const MIB = 1024 * 1024;
const LARGE = layer('redirected', 2 * MIB);
const CONTENT = index({
  children: [
    image({ seed: 'redirected a', layers: [LARGE, layer('small')], ...PLATFORMS[0] }),
    image({ seed: 'redirected b', layers: [LARGE], ...PLATFORMS[1] }),
  ],
});

describe('a registry that is reached by redirects only, of reads and of writes', () => {
  it.each([
    ['whole', {}],
    ['in chunks', { maxUploadBytes: MIB }],
  ])('is promoted to: blobs are sent %s', async (_how, options) => {
    const registry = await embedded(options);
    const { flag, front } = await staged(registry.host);
    const { status, stderr, report } = await runWithReport([flag, '-confirm']);
    expect(status, stderr).toBe(0);
    expect(report.summary).toMatchObject({ copied: 1, failed: 0 });
    expectNothingHalfVisible(registry);
    expect(registry.store.resolveTag('prod/app', 'v1')).toBe(CONTENT.manifest.digest);
    expect(front.redirected()).toContain('PUT');
    expect(front.redirected()).toContain('POST');
  });

  it.each(availableRegistries())('is promoted to: %s', async (kind) => {
    const registry = await startRealRegistry(kind);
    onTestFinished(() => registry.stop());
    const { flag } = await staged(registry.host);
    const promoted = await runWithReport([flag, '-confirm']);
    expect(promoted.status, promoted.stderr).toBe(0);
    const { status, stderr } = await runWithReport([flag]);
    expect(status, stderr).toBe(0);
  });
});

/** An image and the manifest that wants it at a front of this registry. */
async function staged(target: string) {
  const source = await embedded();
  const front = await redirectingFront(target);
  const digest = push(source, 'staging/app', CONTENT);
  const flag = await manifestFlag({
    from: `${source.host}/staging`,
    to: [`${front.host}/prod`],
    images: { app: { [digest]: ['v1'] } },
  });
  return { flag, front };
}

/** A server for the running test that answers everything with 307 to another one, before the body has come. */
async function redirectingFront(target: string) {
  const methods = new Set<string>();
  const server = createServer((incoming, outgoing) => {
    methods.add(incoming.method ?? '');
    outgoing.writeHead(307, { location: `http://${target}${incoming.url}`, 'content-length': '0' }).end();
    incoming.resume();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return { host: `127.0.0.1:${address.port}`, redirected: () => Array.from(methods) };
}
