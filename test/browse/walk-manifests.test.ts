// Covers src/edges/wanted-within.ts

import { describe, expect, it } from 'vitest';
import type { Notice } from '../../src/browse/notice.ts';
import { type ManifestWalkRequest, walkManifests } from '../../src/browse/walk-manifests.ts';
import { expandEdges } from '../../src/edges/expand-edges.ts';
import { wantedWithin } from '../../src/edges/wanted-within.ts';
import type { PromoterManifest } from '../../src/manifest/model.ts';
import { clientForTest, embeddedForTest, quiet } from '../adapters/oci/client.ts';
import { index, multiArch, push } from '../builders/images.ts';
import { digest, from, inFile, registryName, tag } from '../builders/manifests.ts';
import { collect } from './walking.ts';

const ONE = digest('1');
const TWO = digest('2');

async function walk(
  manifests: readonly PromoterManifest[],
  {
    registry: name,
    ...request
  }: Partial<Omit<ManifestWalkRequest, 'registry'>> & { readonly registry: string },
) {
  const notices: Notice[] = [];
  const registry = registryName(name);
  const repositories = wantedWithin(expandEdges(manifests), registry);
  const opened: string[] = [];
  const ports = {
    notice: (notice: Notice) => void notices.push(notice),
    open: () => {
      opened.push(name);
      return Promise.resolve(clientForTest().registry);
    },
    workers: 4,
  };
  const whole = {
    registry,
    repositories,
    tag: undefined,
    minimal: 'nothing',
    naming: 'as-snapshot',
    ...request,
  } as const;
  return { ...(await collect(walkManifests(whole, ports, quiet()))), notices, opened };
}

const staging = from('gcr.io/staging');

describe('the wanted images of a registry', () => {
  it('is given without asking anybody, in the order of the names', async () => {
    const manifest = staging
      .to('eu.gcr.io/prod', 'us.gcr.io/prod')
      .promote({ b: { [ONE]: ['v2', 'v1'] }, 'a/sub': { [TWO]: [] }, 'a-x': { [ONE]: ['x'] } });
    const { images, names, opened } = await walk([manifest], { registry: 'us.gcr.io/prod' });
    expect(names).toEqual(['a-x', 'a/sub', 'b']);
    expect(images['b']).toEqual({ [ONE]: ['v1', 'v2'] });
    expect(opened).toEqual([]);
  });

  it.each([
    ['gcr.io/prod', ['app']],
    ['gcr.io/prod2', ['app2']],
    ['gcr.io', ['prod/app', 'prod2/app2']],
    ['gcr.io/pro', []],
    ['eu.gcr.io', []],
  ])('at and below %s is %j', async (registry, expected) => {
    const manifests = [
      staging.to('gcr.io/prod').promote({ app: { [ONE]: [] } }),
      staging.to('gcr.io/prod2').promote({ app2: { [ONE]: [] } }),
    ];
    expect((await walk(manifests, { registry })).names).toEqual(expected);
  });

  it('is merged where several manifests and nested destinations meet, whatever their order', async () => {
    const manifests = [
      inFile('a')
        .from('gcr.io/x')
        .to('gcr.io/prod')
        .promote({ 'sub/app': { [ONE]: ['b'], [TWO]: [] } }),
      inFile('b')
        .from('gcr.io/y')
        .to('gcr.io/prod/sub')
        .promote({ app: { [ONE]: ['a', 'b'], [TWO]: ['t'] } }),
      inFile('c')
        .from('gcr.io/z')
        .to('gcr.io/prod/sub')
        .promote({ app: { [ONE]: [] } }),
    ];
    const expected = { 'sub/app': { [ONE]: ['a', 'b'], [TWO]: ['t'] } };
    expect((await walk(manifests, { registry: 'gcr.io/prod' })).images).toEqual(expected);
    expect((await walk(manifests.toReversed(), { registry: 'gcr.io/prod' })).images).toEqual(expected);
  });

  it('leaves out tags in conflict, with a notice', async () => {
    const manifest = staging.to('gcr.io/prod').promote({ app: { [ONE]: ['v1', 'x'], [TWO]: ['v1'] } });
    const { images, notices } = await walk([manifest], { registry: 'gcr.io/prod' });
    expect(images).toEqual({ app: { [ONE]: ['x'] } });
    expect(notices).toEqual([expect.objectContaining({ kind: 'conflict', tag: 'v1' })]);
  });

  it('may be what has a tag', async () => {
    const manifest = staging.to('gcr.io/prod').promote({ app: { [ONE]: ['v1', 'x'], [TWO]: ['v2'] } });
    const { images } = await walk([manifest], { registry: 'gcr.io/prod', tag: tag('x') });
    expect(images).toEqual({ app: { [ONE]: ['x'] } });
  });

  it('that is an image itself is called . where it is to be compared', async () => {
    const manifest = staging.to('gcr.io/prod').promote({ app: { [ONE]: [] }, 'app/sub': { [ONE]: [] } });
    const { names, notices } = await walk([manifest], { registry: 'gcr.io/prod/app', naming: 'from-root' });
    expect(names).toEqual(['.', 'sub']);
    expect(notices).toEqual([]);
  });

  it('may be an image itself', async () => {
    const manifest = staging.to('gcr.io/prod').promote({ app: { [ONE]: [] }, 'app/sub': { [ONE]: [] } });
    const { names, notices } = await walk([manifest], { registry: 'gcr.io/prod/app' });
    expect(names).toEqual(['app', 'app/sub']);
    expect(notices).toEqual([{ kind: 'holds-images', registry: 'gcr.io/prod/app', parent: 'gcr.io/prod' }]);
  });
});

describe.each(['google', 'oci'] as const)('minimal, by a registry with the listing of %s', (listing) => {
  it('is without the untagged digests that an index there lists', async () => {
    const registry = await embeddedForTest({ listing });
    const content = multiArch('app', { platforms: 2 });
    const untagged = index({ children: [multiArch('inner', { platforms: 1 })] });
    push(registry, 'prod/app', content, 'v1');
    push(registry, 'prod/app', untagged);
    const [child, tagged] = content.children.map(({ manifest }) => manifest.digest);
    const [inner] = untagged.children.map(({ manifest }) => manifest.digest);
    const manifest = staging.to(`${registry.host}/prod`).promote({
      app: manifestOf([
        [content.manifest.digest, ['v1']],
        [child, []],
        [tagged, ['amd64']],
        [untagged.manifest.digest, []],
        [inner, []],
      ]),
    });
    const { images } = await walk([manifest], { registry: `${registry.host}/prod`, minimal: 'children' });
    expect(images).toEqual({
      app: { [content.manifest.digest]: ['v1'], [String(tagged)]: ['amd64'], [untagged.manifest.digest]: [] },
    });
  });

  it('leaves out unreadable repositories', async () => {
    const registry = await embeddedForTest({ listing });
    registry.addFault({ kind: 'tags', path: /\/app\//, act: { kind: 'status', status: 403 } });
    const manifest = staging.to(`${registry.host}/prod`).promote({ app: { [ONE]: [] }, b: { [ONE]: [] } });
    const { names, notices } = await walk([manifest], {
      registry: `${registry.host}/prod`,
      minimal: 'children',
    });
    expect(names).toEqual(['b']);
    expect(notices).toContainEqual(expect.objectContaining({ kind: 'unreadable', name: 'app' }));
  });
});

function manifestOf(entries: readonly (readonly [string | undefined, readonly string[]])[]) {
  return Object.fromEntries(entries.map(([key, tags]) => [String(key), tags]));
}
