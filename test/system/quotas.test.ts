import { describe, expect, it } from 'vitest';
import { createRegistryOver } from '../../src/adapters/oci/oci-registry.ts';
import { type RateLimits, DEFAULT_RATE_LIMITS } from '../../src/http/limits/rate-limits.ts';
import type { PromoterManifest } from '../../src/manifest/model.ts';
import { promote } from '../../src/promote.ts';
import type { PromotionReport } from '../../src/report/report.ts';
import { keychainWith, quiet } from '../adapters/oci/client.ts';
import { kept } from '../builders/kept.ts';
import { from } from '../builders/manifests.ts';
import { MemorySpool } from '../doubles/memory-spool.ts';
import { imageOf, QuotaRegistry, type Quotas } from '../doubles/quota-registry.ts';
import { RecordingProgress } from '../doubles/recording-progress.ts';
import { VirtualClock } from '../doubles/virtual-clock.ts';

const GOOGLE: Quotas = { requests: 60_000, writes: 18_000, user: 5000 };
const MINUTE = 60_000;

interface Run {
  readonly report: PromotionReport;
  readonly registry: QuotaRegistry;
  /** Virtual time that it took. */
  readonly minutes: number;
  /** Of all requests, those that were refused. */
  readonly refused: number;
}

/** A full promotion of so many images to empty destinations, in virtual time. */
async function promoteAll(
  images: number,
  { quotas, hosts, rateLimits }: { quotas: Quotas; hosts: readonly string[]; rateLimits?: RateLimits },
): Promise<Run> {
  const clock = new VirtualClock();
  const registry = new QuotaRegistry(clock, { quotas });
  const credential = {
    kind: 'access-token',
    current: () => Promise.resolve('t'),
    refuse: () => {},
  } as const;
  const client = createRegistryOver(
    { send: registry.send, close: () => Promise.resolve() },
    {
      keychain: keychainWith(credential),
      clock,
      plainHttp: [],
      threads: 50,
      userAgent: 'cip/test',
      rateLimits: rateLimits ?? DEFAULT_RATE_LIMITS,
    },
  );
  const begun = clock.monotonic();
  const read = readOf(manifestOf(images, hosts));
  const request = { read, tool: 'test', confirm: true, reportAll: false, threads: 50 };
  const never = quiet();
  const spool = new MemorySpool();
  const progress = new RecordingProgress();
  const ports = { ...client, spool, clock, progress, stopping: never, signal: never };
  const report = kept(await clock.until(promote(request, ports)));
  const minutes = (clock.monotonic() - begun) / MINUTE;
  return { report, registry, minutes, refused: registry.refused / (registry.refused + registry.accepted) };
}

function manifestOf(images: number, hosts: readonly string[]): PromoterManifest {
  const names = Array.from({ length: images }, (_, number) => `app${number}`);
  const dmap = (name: string) => [name, { [imageOf(`staging/${name}`).manifest.digest]: ['v1'] }] as const;
  const [first = ''] = hosts;
  return from(`${first}/staging`)
    .to(...hosts.map((host) => `${host}/prod`))
    .promote(Object.fromEntries(names.map(dmap)));
}

function readOf(manifest: PromoterManifest) {
  const counts = { projects: 1, images: manifest.images.length, digests: manifest.images.length };
  return { manifests: [manifest], problems: [], counts };
}

/** Minutes that the quotas alone make of what was done. */
function dictated({ registry }: Run, { requests, writes, user }: Quotas): number {
  const ofHosts = Array.from(registry.hosts.values()).flatMap((host) => [
    host.requests / requests,
    host.writes / writes,
  ]);
  return Math.max(registry.accepted / user, ...ofHosts);
}

describe('a full promotion within the quotas of Artifact Registry', () => {
  it('is refused nothing by them, and takes hardly longer than they dictate', async () => {
    const hosts = ['us-docker.pkg.dev', 'europe-docker.pkg.dev', 'asia-docker.pkg.dev'];
    const run = await promoteAll(1500, { quotas: GOOGLE, hosts });
    expect(run.report.summary).toMatchObject({ edges: 4500, copied: 4500, failed: 0 });
    expect(run.registry.accepted).toBeGreaterThan(4 * GOOGLE.user);
    expect(run.refused).toBeLessThan(0.01);
    expect(run.minutes).toBeLessThan(1.15 * dictated(run, GOOGLE));
  });

  it.each([
    ['requests', { requests: 600, writes: 60_000, user: Infinity }],
    ['writes', { requests: 60_000, writes: 600, user: Infinity }],
  ])('of a host keeps to its rate limit of %s', async (_what, quotas) => {
    const part = (perMinute: number) => (perMinute / 60) * 0.97;
    const limit = { requests: part(quotas.requests), writes: part(quotas.writes) };
    const host = 'registry.example.com';
    const rateLimits = { hosts: new Map([[host, limit]]), user: undefined };
    const run = await promoteAll(400, { quotas, hosts: [host], rateLimits });
    expect(run.report.summary).toMatchObject({ copied: 400, failed: 0 });
    expect(run.refused).toBeLessThan(0.01);
    expect(run.minutes).toBeGreaterThan(1);
    expect(run.minutes).toBeLessThan(1.15 * dictated(run, quotas));
  });
});

describe('a host with a quota that nobody knows', () => {
  it('is found out: everything is promoted, and little is refused', async () => {
    const quotas = { requests: 600, writes: 600, user: Infinity };
    const run = await promoteAll(700, { quotas, hosts: ['registry.example.com'] });
    expect(run.report.summary).toMatchObject({ copied: 700, failed: 0 });
    expect(run.refused).toBeLessThan(0.1);
    expect(run.minutes).toBeLessThan(1.5 * dictated(run, quotas));
  });

  it('does not hold up another', async () => {
    const quotas = { requests: 300, writes: 300, user: Infinity };
    const alone = await promoteAll(300, { quotas, hosts: ['a.example.com'] });
    const hosts = ['a.example.com', 'b.example.com', 'c.example.com', 'd.example.com'];
    const together = await promoteAll(300, { quotas, hosts });
    expect(together.report.summary).toMatchObject({ copied: 1200, failed: 0 });
    expect(together.minutes).toBeLessThan(1.2 * alone.minutes);
  });
});
