import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { EmbeddedRegistry, Fault, FaultAct } from '../../src/embedded-registry/embedded-registry.ts';
import type { PromotionReport } from '../../src/report/report.ts';
import { foreignLayerImage, image, layer, multiArch, nestedIndex, push } from '../builders/images.ts';
import { runs } from '../builders/property-runs.ts';
import { testdir } from '../builders/testdir.ts';
import { runWithReport } from '../doubles/run-cip.ts';
import { embedded, type PlainManifest, thinFiles, writesOf } from './staging.ts';
import { expectNothingHalfVisible, tagsIn } from './wholeness.ts';

const BASE = layer('base', 600 * 1024);
const CONTENTS = [
  image({ seed: 'one', layers: [BASE, layer('one')] }),
  image({ seed: 'two', layers: [BASE, layer('two')] }),
  multiArch('three', { platforms: 2 }),
  nestedIndex('four'),
  foreignLayerImage('five'),
];
const NAMES = ['app', 'group/app'];
const anyContent = fc.constantFrom(...CONTENTS);
const name = fc.constantFrom(...NAMES);
const tags = fc.uniqueArray(fc.constantFrom('v1', 'v2', 'v3'), { maxLength: 2 });

/** What a retry may cure, each time so often that it sometimes does not. */
const act: fc.Arbitrary<FaultAct> = fc.constantFrom<FaultAct[]>(
  { kind: 'status', status: 503 },
  { kind: 'status', status: 429, headers: { 'Retry-After': '0' } },
  { kind: 'status', status: 500 },
  { kind: 'reset' },
  { kind: 'reset-mid-body' },
  { kind: 'truncate' },
  { kind: 'flip-bit' },
);
const fault: fc.Arbitrary<Fault> = fc.record({
  method: fc.constantFrom('GET', 'HEAD', 'POST', 'PUT'),
  skip: fc.nat(8),
  times: fc.constantFrom(1, 2, 5),
  act,
});

const universe = fc.record({
  listing: fc.constantFrom('oci' as const, 'google' as const),
  mounts: fc.boolean(),
  wants: fc.array(fc.record({ near: fc.boolean(), name, content: anyContent, tags }), {
    minLength: 2,
    maxLength: 6,
  }),
  lost: fc.uniqueArray(anyContent, { maxLength: 1 }),
  there: fc.array(fc.record({ name, content: anyContent, tags }), { maxLength: 2 }),
  faults: fc.array(fc.record({ far: fc.boolean(), fault }), { maxLength: 5 }),
});
type Universe = typeof universe extends fc.Arbitrary<infer T> ? T : never;

describe('a promotion in any universe, on the wire', () => {
  it('is reported as the registries have seen it, leaves all whole, and is finished by the next run', {
    timeout: 300_000,
  }, async () => {
    await fc.assert(
      fc.asyncProperty(universe, async (given) => {
        const { far, near, flag } = await build(given);
        const before = tagsIn(near);
        const run = await runWithReport([flag, '-confirm', '-allow-lost']);
        expectTold(run.report, { far, near, before, given });
        expectUntouched(far);

        for (const registry of [far, near]) registry.clearFaults();
        const next = await runWithReport([flag, '-confirm', '-allow-lost']);
        expect(next.report.summary).toMatchObject({ unreadable: 0, failed: 0, 'not-attempted': 0 });
        expectNothingHalfVisible(near);

        for (const registry of [far, near]) registry.clearRequests();
        const last = await runWithReport([flag, '-confirm', '-allow-lost']);
        expect(last.report.summary).toMatchObject({ copy: 0, 'add-tag': 0 });
        expect([...writesOf(far), ...writesOf(near)]).toEqual([]);
      }),
      { ...runs({ seed: 28, numRuns: 10 }), endOnFailure: true },
    );
  });
});

async function build({ listing, mounts, wants, lost, there, faults }: Universe) {
  const far = await embedded({ listing });
  const near = await embedded({ listing, mounts });
  for (const { near: isNear, name, content } of wants) {
    if (!lost.includes(content)) push(isNear ? near : far, `staging/${name}`, content);
  }
  for (const { name, content, tags } of there) push(near, `prod/${name}`, content, ...tags);
  const project = (registry: EmbeddedRegistry): PlainManifest => ({
    from: `${registry.host}/staging`,
    to: [`${near.host}/prod`, `${near.host}/mirror`],
    images: imagesOf(wants.filter((want) => want.near === (registry === near))),
  });
  const flag = `-thin-manifest-dir=${await testdir(thinFiles({ far: project(far), near: project(near) }))}`;
  for (const one of faults) (one.far ? far : near).addFault(one.fault);
  return { far, near, flag };
}

function imagesOf(wants: Universe['wants']): PlainManifest['images'] {
  const images: Record<string, Record<string, string[]>> = {};
  for (const { name, content, tags } of wants) {
    const dmap = (images[name] ??= {});
    dmap[content.manifest.digest] = tags;
  }
  return images;
}

interface Seen {
  readonly far: EmbeddedRegistry;
  readonly near: EmbeddedRegistry;
  readonly before: Readonly<Record<string, string | undefined>>;
  readonly given: Universe;
}

/**
 * Requests that may be lost on their way to a registry. An answer without a body is whole before its connection is
 * broken: the next request on that connection may be on its way by then. Any other fault loses nothing.
 */
function mostLost({ faults }: Universe, isFar: boolean): number {
  return faults
    .filter(({ far, fault }) => far === isFar && LATE_BREAKS.has(fault.act.kind))
    .reduce((sum, { fault }) => sum + (fault.times ?? 1), 0);
}

const LATE_BREAKS: ReadonlySet<string> = new Set(['reset-mid-body', 'truncate']);

/** What was copied is there, no other tag is new, none has moved, and requests are counted as they came. */
function expectTold({ items, hosts, summary }: PromotionReport, { far, near, before, given }: Seen): void {
  const copied = items.filter(({ outcome }) => outcome === 'copied');
  const tagged = copied.filter(({ destination }) => !destination?.includes('@'));
  const added = tagged.map(({ destination, digest }) => [destination?.replace(`${near.host}/`, ''), digest]);
  expect(tagsIn(near)).toEqual({ ...before, ...Object.fromEntries(added) });
  for (const { destination } of copied) {
    const [repository = '', digest] = destination?.replace(`${near.host}/`, '').split('@') ?? [];
    if (digest !== undefined) expect(near.store.manifest(repository, digest)).toBeDefined();
  }
  expect(summary.copied).toBe(copied.length);
  expect(summary.copied + summary.failed).toBe(summary.copy + summary['add-tag']);
  for (const registry of [far, near]) {
    const told = hosts[registry.host];
    const lost = (told?.requests ?? 0) - registry.requests.length;
    expect(lost).toBeGreaterThanOrEqual(0);
    expect(lost).toBeLessThanOrEqual(mostLost(given, registry === far));
    const throttled = registry.requests.filter(({ status }) => status === 429).length;
    expect(told?.throttled ?? 0).toBe(throttled);
  }
  expectNothingHalfVisible(near);
}

function expectUntouched(source: EmbeddedRegistry): void {
  expect(writesOf(source)).toEqual([]);
}
