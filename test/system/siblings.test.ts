import { describe, expect, it } from 'vitest';
import type { EmbeddedRegistry } from '../../src/embedded-registry/embedded-registry.ts';
import type { Content } from '../builders/content.ts';
import { blobsOf, image, manifestsOf, multiArch, push } from '../builders/images.ts';
import { testdir } from '../builders/testdir.ts';
import { runCip, runWithReport } from '../doubles/run-cip.ts';
import { countKinds, embedded, manifestFlag, type PlainManifest, thinFiles, writesOf } from './staging.ts';

const index = multiArch('siblings', { platforms: 3 });
const INDEX = index.manifest.digest;

interface World {
  readonly staging: EmbeddedRegistry;
  readonly old: EmbeddedRegistry;
  readonly fresh: EmbeddedRegistry;
  readonly manifest: PlainManifest;
}

/** Staging, a region that has the image, and a region that was added to the manifest. */
async function addedRegion({ atStaging }: { readonly atStaging: 'all' | 'nothing' }): Promise<World> {
  const [staging, old, fresh] = await Promise.all([embedded(), embedded(), embedded()]);
  if (atStaging === 'all') push(staging, 'staging/app', index);
  push(old, 'prod/app', index, 'v1', 'v2');
  const to = [`${old.host}/prod`, `${fresh.host}/prod`];
  const manifest = { from: `${staging.host}/staging`, to, images: { app: { [INDEX]: ['v1', 'v2'] } } };
  return { staging, old, fresh, manifest };
}

/** Everything that the content leads to is in the repository, under the tags. */
function expectWhole({ store }: EmbeddedRegistry, repository: string, content: Content, ...tags: string[]) {
  for (const { digest } of manifestsOf(content)) expect(store.manifest(repository, digest)).toBeDefined();
  for (const { digest } of blobsOf(content)) expect(store.hasBlob(repository, digest)).toBe(true);
  for (const tag of tags) expect(store.resolveTag(repository, tag)).toBe(content.manifest.digest);
}

describe('a region that is added after staging was pruned', () => {
  it('is filled from one that has the image, which is only read', async () => {
    const { old, fresh, manifest, staging } = await addedRegion({ atStaging: 'nothing' });
    const { status, report } = await runWithReport([await manifestFlag(manifest), '-confirm']);
    expect(status).toBe(0);
    expectWhole(fresh, 'prod/app', index, 'v1', 'v2');
    expect(report.summary).toMatchObject({ edges: 4, present: 2, copy: 2, copied: 2, lost: 0 });
    expect(report.items).toMatchObject(
      ['v1', 'v2'].map((tag) => ({
        decision: 'copy',
        source: `${old.host}/prod/app@${INDEX}`,
        destination: `${fresh.host}/prod/app:${tag}`,
        outcome: 'copied',
        reason: `filled from another destination (the digest is not in ${staging.host}/staging/app)`,
      })),
    );
    expect(writesOf(old)).toEqual([]);
    expect(countKinds(old)['blob-get']).toBe(new Set(blobsOf(index).map(({ digest }) => digest)).size);
  });

  it('a dry run says so, and writes nothing', async () => {
    const { old, fresh, manifest } = await addedRegion({ atStaging: 'nothing' });
    const { status, report, stderr } = await runWithReport([await manifestFlag(manifest)]);
    expect(status).toBe(0);
    expect(report.summary).toMatchObject({ present: 2, copy: 2, lost: 0 });
    expect(report.items[0]?.source).toBe(`${old.host}/prod/app@${INDEX}`);
    expect(stderr).toContain(`copy ${fresh.host}/prod/app:v1 ${INDEX}: filled from`);
    expect([...writesOf(old), ...writesOf(fresh)]).toEqual([]);
  });

  it('is not filled with -no-siblings: the image is lost', async () => {
    const { fresh, manifest, staging } = await addedRegion({ atStaging: 'nothing' });
    const flags = [await manifestFlag(manifest), '-confirm', '-no-siblings'];
    const { status, report } = await runWithReport(flags);
    expect(status).toBe(1);
    expect(report.summary).toMatchObject({ present: 2, copy: 0, lost: 2 });
    expect(report.items[0]).toMatchObject({ source: `${staging.host}/staging/app@${INDEX}` });
    expect(writesOf(fresh)).toEqual([]);
  });

  it('is filled in every shard, whichever shard the other region is in', async () => {
    const { fresh, manifest } = await addedRegion({ atStaging: 'nothing' });
    const flag = await manifestFlag(manifest);
    for (const shard of ['0/3', '1/3', '2/3']) {
      const { status, stderr } = await runCip([flag, '-confirm', `-shard=${shard}`]);
      expect(status, stderr).toBe(0);
    }
    expectWhole(fresh, 'prod/app', index, 'v1', 'v2');
  });

  it('is filled from a region that has the digest, but not its tags', async () => {
    const { old, fresh, manifest } = await addedRegion({ atStaging: 'nothing' });
    push(old, 'prod/app', image({ seed: 'moved' }), 'v1', 'v2'); // its tags have moved
    const { report } = await runWithReport([await manifestFlag(manifest), '-confirm']);
    expect(report.summary).toMatchObject({ 'tag-move': 2, copied: 2, lost: 0 });
    expectWhole(fresh, 'prod/app', index, 'v1', 'v2');
  });

  it('on the same host is filled by mounts', async () => {
    const registry = await embedded();
    const far = await embedded();
    push(far, 'prod/app', index, 'v1');
    push(registry, 'old/app', index, 'v1');
    const to = [`${far.host}/prod`, `${registry.host}/old`, `${registry.host}/new`];
    const manifest = { from: `${registry.host}/staging`, to, images: { app: { [INDEX]: ['v1'] } } };
    const { status, report } = await runWithReport([await manifestFlag(manifest), '-confirm']);
    expect(status).toBe(0);
    expectWhole(registry, 'new/app', index, 'v1');
    expect(report.items[0]?.source).toBe(`${registry.host}/old/app@${INDEX}`);
    expect(countKinds(registry)).toMatchObject({ mount: expect.any(Number) });
    expect(countKinds(registry)['blob-get']).toBeUndefined();
    expect(countKinds(far)['blob-get']).toBeUndefined();
  });

  it('is filled under another name that the digest has in the manifest', async () => {
    const { old, fresh, manifest } = await addedRegion({ atStaging: 'nothing' });
    const images = { app: { [INDEX]: ['v1'] }, renamed: { [INDEX]: ['v1'] } };
    const flags = [await manifestFlag({ ...manifest, images }), '-confirm'];
    expect((await runCip(flags)).status).toBe(0);
    for (const region of [old, fresh]) expectWhole(region, 'prod/renamed', index, 'v1');
  });

  it('of another manifest is no source, though it wants the same digest', async () => {
    const [staging, theirs, ours] = await Promise.all([embedded(), embedded(), embedded()]);
    push(theirs, 'secret/app', index, 'v1');
    const project = (place: EmbeddedRegistry, root: string) => ({
      from: `${staging.host}/${root}-staging`,
      to: [`${place.host}/${root}`],
      images: { app: { [INDEX]: ['v1'] } },
    });
    const directory = await testdir(thinFiles({ a: project(theirs, 'secret'), b: project(ours, 'public') }));
    const { status, report } = await runWithReport([`-thin-manifest-dir=${directory}`, '-confirm']);
    expect(status).toBe(1);
    expect(report.summary).toMatchObject({ present: 1, lost: 1 });
  });
});

describe('a source that does not answer', () => {
  it('does not hold up what another destination has', async () => {
    const { staging, fresh, manifest } = await addedRegion({ atStaging: 'all' });
    const act = { kind: 'status', status: 403 } as const;
    staging.addFault({ times: Number.POSITIVE_INFINITY, act });
    const { status, report } = await runWithReport([await manifestFlag(manifest), '-confirm']);
    expect(status).toBe(0);
    expect(report.summary).toMatchObject({ copied: 2, unreadable: 0 });
    expect(report.items[0]?.reason).toMatch(/^filled from another destination \(source: (?:GET|HEAD) .*403/);
    expectWhole(fresh, 'prod/app', index, 'v1', 'v2');
  });
});

describe('a destination that does not answer', () => {
  it('leaves it open whether an image is lost', async () => {
    const { old, fresh, manifest } = await addedRegion({ atStaging: 'nothing' });
    old.addFault({ times: Number.POSITIVE_INFINITY, act: { kind: 'status', status: 403 } });
    const { status, report } = await runWithReport([await manifestFlag(manifest), '-confirm']);
    expect(status).toBe(1);
    expect(report.summary).toMatchObject({ lost: 0, unreadable: 4 });
    const reason = report.items.find(({ destination }) => destination?.startsWith(fresh.host))?.reason;
    expect(reason).toContain(`, and ${old.host}/prod/app may have it: `);
  });
});

describe('a source that has the index alone', () => {
  it('its children and blobs are read from a destination that has them, and the report names it', async () => {
    const { staging, old, fresh, manifest } = await addedRegion({ atStaging: 'all' });
    const [child, whole] = index.children;
    if (child === undefined || whole === undefined) throw new Error('no children');
    staging.store.deleteManifest('staging/app', child.manifest.digest);
    for (const { digest } of whole.blobs) staging.store.deleteBlob('staging/app', digest);
    const { status, report } = await runWithReport([await manifestFlag(manifest), '-confirm']);
    expect(status).toBe(0);
    expectWhole(fresh, 'prod/app', index, 'v1', 'v2');
    expect(report.items[0]).toMatchObject({
      source: `${staging.host}/staging/app@${INDEX}`,
      outcome: 'copied',
      reason: expect.stringMatching(
        new RegExp(`; content that the source does not have came from ${old.host}/prod/app$`),
      ),
    });
    expect(writesOf(old)).toEqual([]);
  });

  it('a sibling that serves other bytes is never believed', async () => {
    const { old, fresh, manifest } = await addedRegion({ atStaging: 'nothing' });
    old.addFault({ kind: 'blob-get', times: Number.POSITIVE_INFINITY, act: { kind: 'flip-bit' } });
    const { status, report } = await runWithReport([await manifestFlag(manifest), '-confirm']);
    expect(status).toBe(1);
    expect(report.summary).toMatchObject({ copied: 0, failed: 2 });
    expect(fresh.store.resolveTag('prod/app', 'v1')).toBeUndefined();
  });
});

describe('where the source has the image', () => {
  it('no sibling is asked for anything, and the source is asked as often as with -no-siblings', async () => {
    const counts = async (...flags: readonly string[]) => {
      const { staging, old, fresh, manifest } = await addedRegion({ atStaging: 'all' });
      const { status } = await runCip([await manifestFlag(manifest), '-confirm', ...flags]);
      expect(status).toBe(0);
      return [staging, old, fresh].map((registry) => countKinds(registry));
    };
    expect(await counts()).toEqual(await counts('-no-siblings'));
  });
});
