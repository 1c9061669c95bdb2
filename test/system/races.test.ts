import { describe, expect, it } from 'vitest';
import type { EmbeddedRegistry } from '../../src/embedded-registry/embedded-registry.ts';
import { image, push } from '../builders/images.ts';
import { type RunningCip, runWithReport, startWithReport } from '../doubles/run-cip.ts';
import { holdingProxy } from './holding-proxy.ts';
import { type MixedSet, missingReferences, mixedSet } from './mixed-set.ts';
import { embedded, manifestFlag } from './staging.ts';
import { expectNothingHalfVisible, tagsIn } from './wholeness.ts';

const APP = image({ seed: 'app' });
const OTHER = image({ seed: 'other' });
const WRITE = /^(POST|PUT|PATCH) /;
const TAG = /^PUT .*\/manifests\/v1$/;

describe('somebody else who works between plan and copying', () => {
  it('and moves a tag there is left alone: exit 1, and a tag move for the next run', async () => {
    const { production, flag, held, cip } = await heldAt(WRITE);
    push(production, 'prod/app', OTHER, 'v1');
    held.release();
    const { status, report } = await cip.ended;
    expect({ status, summary: report?.summary }).toMatchObject({
      status: 1,
      summary: { copy: 1, failed: 1 },
    });
    expect(report?.items[0]?.reason).toContain('tag moves are not supported');
    expect(production.store.resolveTag('prod/app', 'v1')).toBe(OTHER.manifest.digest);
    const next = await runWithReport([flag, '-confirm']);
    expect({ status: next.status, summary: next.report.summary }).toMatchObject({
      status: 1,
      summary: { 'tag-move': 1 },
    });
    expect(production.store.resolveTag('prod/app', 'v1')).toBe(OTHER.manifest.digest);
  });

  it('and deletes the image at its source makes it fail, and lost for the next run', async () => {
    const { production, flag, held, cip } = await heldAt(WRITE);
    production.store.deleteManifest('staging/app', APP.manifest.digest);
    for (const { digest } of APP.blobs) production.store.deleteBlob('staging/app', digest);
    held.release();
    const { status, report } = await cip.ended;
    expect({ status, summary: report?.summary }).toMatchObject({ status: 1, summary: { failed: 1 } });
    expect(tagsIn(production)).toEqual({});
    const next = await runWithReport([flag, '-confirm']);
    expect({ status: next.status, summary: next.report.summary }).toMatchObject({
      status: 1,
      summary: { lost: 1 },
    });
  });

  it('and collects a mounted blob that no manifest names yet is made up for in the same run', async () => {
    const { production, held, cip } = await heldAt(TAG);
    for (const { digest } of APP.blobs) production.store.deleteBlob('prod/app', digest);
    held.release();
    const { status, report } = await cip.ended;
    expect({ status, summary: report?.summary }).toMatchObject({ status: 0, summary: { copied: 1 } });
    const puts = production.requests.filter(({ kind }) => kind === 'manifest-put');
    expect(puts.map(({ status }) => status)).toEqual([400, 201]);
    expectPromoted(production);
  });

  it('and writes the tag while what is missing is copied again is left alone', async () => {
    const { production, proxy, held, cip } = await heldAt(TAG);
    for (const { digest } of APP.blobs) production.store.deleteBlob('prod/app', digest);
    const again = proxy.hold(/^HEAD .*\/blobs\//);
    held.release();
    await again.arrived;
    push(production, 'prod/app', OTHER, 'v1');
    again.release();
    const { status, report } = await cip.ended;
    expect({ status, summary: report?.summary }).toMatchObject({ status: 1, summary: { failed: 1 } });
    expect(report?.items[0]?.reason).toContain('tag moves are not supported');
    expect(production.store.resolveTag('prod/app', 'v1')).toBe(OTHER.manifest.digest);
  });
});

describe('two promoters of the same manifests at once', () => {
  // the second one starts while the first has got so far
  it.each([1, 20, 45, 60])('end well where the second begins at request %i of the first', async (number) => {
    const set = await mixedSet();
    let seen = 0;
    const isIt = () => ++seen === number;
    const holds = set.proxies.map((proxy) => proxy.hold(isIt));
    const first = startWithReport([set.flag, '-confirm']);
    await Promise.race(holds.map(({ arrived }) => arrived));
    const second = startWithReport([set.flag, '-confirm', '-log-format=legacy']);
    await second.says(/manifests read/);
    for (const hold of holds) hold.release();
    await expectBothWell(set, [first, second]);
  });
});

describe('two promoters of the same manifests at once, one of which is killed', () => {
  it.each([3, 15, 30, 45, 60, 75])('leave all of it done where that is at request %i', async (number) => {
    const set = await mixedSet();
    let seen = 0;
    const holds = set.proxies.map((proxy) => proxy.hold(() => ++seen === number));
    const both = [1, 2].map(() => startWithReport([set.flag, '-confirm']));
    await Promise.race(holds.map(({ arrived }) => arrived));
    const [victim, other] = both;
    victim?.kill('SIGKILL');
    for (const hold of holds) hold.release();
    const end = await other?.ended;
    expect(end?.status, end?.stderr).toBe(0);
    expect((await victim?.ended)?.status).toBe(null);
    await Promise.all(set.proxies.map((proxy) => proxy.quiet()));
    expectNothingHalfVisible(set.production);
    expect(tagsIn(set.production)).toEqual(set.goal);
    expect(missingReferences(set)).toEqual([]);
  });
});

async function expectBothWell(set: MixedSet, both: readonly RunningCip[]): Promise<void> {
  for (const { status, stderr, report } of await Promise.all(both.map(({ ended }) => ended))) {
    expect(status, stderr).toBe(0);
    expect(report?.summary).toMatchObject({ failed: 0, 'not-attempted': 0, 'tag-move': 0 });
  }
  expectNothingHalfVisible(set.production);
  expect(tagsIn(set.production)).toEqual(set.goal);
  expect(missingReferences(set)).toEqual([]);
  const next = await runWithReport([set.flag, '-confirm']);
  expect(next.report.summary).toMatchObject({ copy: 0, 'add-tag': 0 });
}

/** A promotion of one image within a host that has been held at a request. */
async function heldAt(request: RegExp) {
  const production = await embedded();
  const proxy = await holdingProxy(production.host);
  const digest = push(production, 'staging/app', APP);
  const flag = await manifestFlag({
    from: `${proxy.host}/staging`,
    to: [`${proxy.host}/prod`],
    images: { app: { [digest]: ['v1'] } },
  });
  const held = proxy.hold(request);
  const cip = startWithReport([flag, '-confirm']);
  await held.arrived;
  return { production, proxy, flag, held, cip };
}

function expectPromoted(production: EmbeddedRegistry): void {
  expect(production.store.resolveTag('prod/app', 'v1')).toBe(APP.manifest.digest);
  expectNothingHalfVisible(production);
}
