import { describe, expect, it } from 'vitest';
import type { EmbeddedRegistry } from '../../src/embedded-registry/embedded-registry.ts';
import { image, index, layer, PLATFORMS, push } from '../builders/images.ts';
import { runCip, runWithReport } from '../doubles/run-cip.ts';
import { countKinds, embedded, manifestFlag } from './staging.ts';
import { expectNothingHalfVisible } from './wholeness.ts';

const LARGE = layer('refused heads', 700_000);
const CONTENT = index({
  children: PLATFORMS.slice(0, 3).map((platform, number) =>
    image({ seed: `refused heads ${number}`, layers: [LARGE, layer(`refused ${number}`)], ...platform }),
  ),
});
const BLOBS = 1 + 2 * 3;

/** A registry that answers every HEAD of a blob as public.ecr.aws does, or of manifests too. */
async function registryWithoutHead(status: number, kinds: readonly ('blob-head' | 'manifest-head')[]) {
  const faults = kinds.map((kind) => ({ kind, act: { kind: 'status', status } as const, times: Infinity }));
  return embedded({ faults });
}

async function stagedIn(source: EmbeddedRegistry, destination: EmbeddedRegistry): Promise<string> {
  const digest = push(source, 'staging/app', CONTENT);
  return manifestFlag({
    from: `${source.host}/staging`,
    to: [`${destination.host}/prod`],
    images: { app: { [digest]: ['v1', 'v2'] } },
  });
}

describe.each([401, 403, 405])('a registry that answers %i to every HEAD of a blob', (status) => {
  it('is promoted to, verified with all that it has, and found damaged', async () => {
    const source = await embedded();
    const destination = await registryWithoutHead(status, ['blob-head']);
    const flag = await stagedIn(source, destination);
    const promoted = await runWithReport([flag, '-confirm']);
    expect(promoted.status, promoted.stderr).toBe(0);
    expect(promoted.report.summary).toMatchObject({ copied: 2, failed: 0 });
    expectNothingHalfVisible(destination);

    destination.clearRequests();
    const verified = await runCip(['verify', flag, '-deep']);
    expect(verified.status, verified.stderr).toBe(0);
    const counts = countKinds(destination);
    expect(counts['blob-get']).toBe(BLOBS);
    expect(counts['blob-head']).toBeLessThanOrEqual(BLOBS);
    const read = destination.requests.filter(({ kind }) => kind === 'blob-get');
    expect(read.reduce((sum, { bytesOut }) => sum + bytesOut, 0)).toBe(BLOBS);

    destination.store.deleteBlob('prod/app', LARGE.digest);
    const damaged = await runCip(['verify', flag, '-deep']);
    expect(damaged.status).toBe(1);
    expect(damaged.stderr).toContain(`but not blob ${LARGE.digest}`);
  });

  it('is promoted from', async () => {
    const source = await registryWithoutHead(status, ['blob-head']);
    const destination = await embedded();
    const { status: code, stderr } = await runWithReport([await stagedIn(source, destination), '-confirm']);
    expect(code, stderr).toBe(0);
    expectNothingHalfVisible(destination);
  });
});

describe('a registry that answers 405 to every HEAD', () => {
  it('is promoted to and from, and moves no tag', async () => {
    const source = await registryWithoutHead(405, ['blob-head', 'manifest-head']);
    const destination = await registryWithoutHead(405, ['blob-head', 'manifest-head']);
    const old = push(destination, 'prod/app', image({ seed: 'old' }), 'v2');
    const { status, stderr, report } = await runWithReport([await stagedIn(source, destination), '-confirm']);
    expect(status, stderr).toBe(1);
    expect(report.summary).toMatchObject({ copied: 1, 'tag-move': 1 });
    expect(destination.store.resolveTag('prod/app', 'v1')).toBe(CONTENT.manifest.digest);
    expect(destination.store.resolveTag('prod/app', 'v2')).toBe(old);
  });
});
