import { onTestFinished, describe, expect, it } from 'vitest';
import { cosignTagOf, referrersTagOf } from '../../src/image/attachment-tags.ts';
import { bundle, referrersIndex } from '../builders/attachments.ts';
import { blobsOf, type Content, image, multiArch, PLATFORMS, pushOverHttp } from '../builders/images.ts';
import { availableRegistries, type RealRegistry, startRealRegistry } from '../doubles/real-registries.ts';
import type { LoggedRequest, RegistryKind } from '../doubles/registry-programs.ts';
import { runWithReport } from '../doubles/run-cip.ts';
import { manifestFlag } from './staging.ts';

// The requests of `test/copy/carry/carry-requests.test.ts`, counted in the access logs of real registries. None of them has the
// referrers API. A blob needs a POST and a PUT: none of them stores the body of a POST.

const TIMEOUT_MS = 180_000;
const APP = multiArch('counted', { platforms: PLATFORMS.length });
const SUBJECTS = [APP, ...APP.children];
const N = SUBJECTS.length;
const B = blobsOf(APP).length;

const kinds = availableRegistries();
const LOGGING: readonly RegistryKind[] = ['distribution-2.8', 'distribution-3'];
const destinations = kinds.filter((kind) => LOGGING.includes(kind));
const sourceKind = destinations[0];

async function started(kind: RegistryKind): Promise<RealRegistry> {
  const registry = await startRealRegistry(kind);
  onTestFinished(() => registry.stop());
  return registry;
}

async function fill({ host }: RealRegistry, signed: boolean): Promise<void> {
  const put = (content: Content, ...tags: readonly string[]) =>
    pushOverHttp(`http://${host}`, 'staging/app', content, tags);
  await put(APP);
  for (const [number, subject] of SUBJECTS.entries()) {
    const { digest } = subject.manifest;
    const own = bundle(`counted ${number}`, subject);
    await put(own);
    await put({ manifest: referrersIndex([own.manifest]), blobs: [], children: [] }, referrersTagOf(digest));
    const signature = image({ seed: `counted signature ${number}`, layers: 1 });
    if (signed) await put(signature, cosignTagOf(digest, 'sig'));
  }
}

/** The new requests in a log since the last call, by method and kind. */
function counting(registry: RealRegistry) {
  let begin = 0;
  return async () => {
    const log = (await registry.requestLog()) ?? [];
    const counts: Record<string, number> = {};
    for (const one of log.slice(begin)) counts[nameOf(one)] = (counts[nameOf(one)] ?? 0) + 1;
    begin = log.length;
    return counts;
  };
}

function nameOf({ method, url }: LoggedRequest): string {
  const kind = /^\/v2\/(?:staging|prod)\/app\/(manifests|blobs|tags|referrers)\b/.exec(url)?.[1];
  return `${method} ${kind ?? url}`;
}

function total(counts: Record<string, number>): number {
  return Object.values(counts).reduce((sum, count) => sum + count, 0);
}

describe.skipIf(sourceKind === undefined).each([
  { name: '6 bundles', signed: false, source: { first: 38, again: 15 }, again: 9 },
  { name: '6 bundles and 6 .sig', signed: true, source: { first: 62, again: 21 }, again: 15 },
])('$name', ({ signed, source: most, again }) => {
  it.each(destinations)(
    'take two requests for each blob and three for each index of referrers: %s',
    { timeout: TIMEOUT_MS },
    async (kind) => {
      const source = await started(sourceKind ?? kind);
      const destination = await started(kind);
      await fill(source, signed);
      const flag = await manifestFlag({
        from: `${source.host}/staging`,
        to: [`${destination.host}/prod`],
        images: { app: { [APP.manifest.digest]: ['v1'] } },
      });
      const [reads, writes] = [counting(source), counting(destination)];
      await reads();
      const run = async (...flags: readonly string[]) => {
        const { status, stderr } = await runWithReport([flag, ...flags, '-confirm']);
        expect(status, stderr).toBe(0);
        return { read: await reads(), written: await writes() };
      };

      const blobs = B + N + 1 + (signed ? 2 * N : 0);
      const first = await run();
      expect(total(first.read), JSON.stringify(first.read)).toBeLessThanOrEqual(most.first);
      expect(first.written).toEqual({
        'POST blobs': blobs,
        'PUT blobs': blobs,
        'PUT manifests': N + N + N + (signed ? N : 0),
        'HEAD blobs': 1,
        'HEAD manifests': 3 + N + (signed ? N : 0), // each tag right before its write
        'GET manifests': N, // each index of referrers after its write
      });

      const second = await run('-carry-scope=all');
      expect(total(second.read), JSON.stringify(second.read)).toBeLessThanOrEqual(most.again);
      expect(total(second.written), JSON.stringify(second.written)).toBeLessThanOrEqual(again);
      expect(await run()).toEqual({ read: {}, written: { 'HEAD manifests': 1 } });
    },
  );
});
