import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildCache, nondistributableImage, pushOverHttp } from '../builders/images.ts';
import { availableRegistries, type RealRegistry, startRealRegistry } from '../doubles/real-registries.ts';
import { runCip, runWithReport } from '../doubles/run-cip.ts';
import { manifestFlag } from './staging.ts';

const available = availableRegistries();
const cache = buildCache('cache');
const restricted = nondistributableImage('restricted');
const TIMEOUT_MS = 120_000;

/** Distribution 2.8 takes both as they are, and so is where they come from. */
describe.skipIf(!available.includes('distribution-2.8'))('images whose parts are hard to see', () => {
  let source: RealRegistry;

  beforeAll(async () => {
    source = await startRealRegistry('distribution-2.8');
    for (const content of [cache, restricted]) {
      await pushOverHttp(`http://${source.host}`, 'staging/app', content);
    }
  });

  afterAll(() => source.stop());

  it.each(available.filter((kind) => kind === 'distribution-2.8' || kind === 'crane'))(
    'a build cache and a nondistributable layer without urls are copied whole to %s',
    { timeout: TIMEOUT_MS },
    async (kind) => {
      const registry = await startRealRegistry(kind);
      try {
        const images = {
          app: { [cache.manifest.digest]: ['cache'], [restricted.manifest.digest]: ['windows'] },
        };
        const to = [`${registry.host}/prod`];
        const flag = await manifestFlag({ from: `${source.host}/staging`, to, images });
        const { status, report, stderr } = await runWithReport([flag, '-confirm']);
        expect(report.summary, stderr).toMatchObject({ copied: 2, failed: 0 });
        expect(status).toBe(0);
        for (const { digest, bytes } of [...cache.blobs, ...restricted.blobs]) {
          const answer = await fetch(`http://${registry.host}/v2/prod/app/blobs/${digest}`);
          expect(Buffer.from(await answer.arrayBuffer()).equals(bytes)).toBe(true);
        }
        expect((await runCip(['verify', '-deep', flag])).status).toBe(0);
        const snapshot = await runCip([`-snapshot=${registry.host}/prod`]);
        expect(snapshot.status, snapshot.stderr).toBe(0);
        for (const { manifest } of [cache, restricted]) expect(snapshot.stdout).toContain(manifest.digest);
      } finally {
        await registry.stop();
      }
    },
  );
});
