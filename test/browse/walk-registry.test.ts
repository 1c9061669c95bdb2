// Covers src/browse/discover-repositories.ts
// Covers src/browse/filter-children.ts
// Covers src/browse/image-names.ts
// Covers src/browse/read-whole-registry.ts
// Covers src/browse/repository-content.ts

import { describe, expect, it } from 'vitest';
import type { EmbeddedRegistry } from '../../src/embedded-registry/embedded-registry.ts';
import { type Digest, digestOf } from '../../src/image/digest.ts';
import { parseImageName } from '../../src/image/repository.ts';
import type { Listing } from '../../src/ports/registry.ts';
import { RegistryError } from '../../src/ports/registry-error.ts';
import type { RegistryEntry, WholeRegistryReader } from '../../src/ports/whole-registry.ts';
import { clientForTest, embeddedForTest } from '../adapters/oci/client.ts';
import { artifact, type Content, image, index, multiArch, nestedIndex, push } from '../builders/images.ts';
import { repository, tag } from '../builders/manifests.ts';
import { scriptedServer } from '../doubles/scripted-server.ts';
import { walk } from './walking.ts';

const LISTINGS = ['google', 'oci'] as const;

function digestOfContent({ manifest }: Content) {
  return manifest.digest;
}

function hexOf(content: Content): string {
  return content.manifest.digest.slice('sha256:'.length);
}

function pushAll(registry: EmbeddedRegistry, names: readonly string[]): void {
  for (const name of names) push(registry, name, image({ seed: name }), 'v1');
}

describe.each(LISTINGS)('a registry with the listing of %s', (listing) => {
  it('is walked in the order of the names, over pages, siblings and children apart', async () => {
    const registry = await embeddedForTest({ listing, pageSize: 2 });
    pushAll(registry, ['prod/b', 'prod/a/sub/deep', 'prod/a', 'prod/a-x', 'prod/a.y', 'prod2/c', 'x/prod/d']);
    const { names } = await walk(registry, { path: '/prod' });
    expect(names).toEqual(['a', 'a-x', 'a.y', 'a/sub/deep', 'b']);
  });

  it('may be a bare host', async () => {
    const registry = await embeddedForTest({ listing });
    pushAll(registry, ['prod/a', 'b', 'prod/a/c']);
    expect((await walk(registry)).names).toEqual(['b', 'prod/a', 'prod/a/c']);
  });

  it('gives every digest, those without a tag as well', async () => {
    const registry = await embeddedForTest({ listing });
    const content = nestedIndex('app');
    push(registry, 'prod/app', content, 'v2', 'v10', 'latest');
    const { images } = await walk(registry, { path: '/prod' });
    const all = registry.store.manifests('prod/app').map(({ digest }) => [digest, [] as string[]]);
    expect(images).toEqual({
      app: { ...Object.fromEntries(all), [digestOfContent(content)]: ['latest', 'v10', 'v2'] },
    });
  });

  it('that holds images itself has names that are relative to its parent', async () => {
    const registry = await embeddedForTest({ listing });
    pushAll(registry, ['foo/bar', 'foo/bar/sub', 'foo/other']);
    const { names, notices } = await walk(registry, { path: '/foo/bar' });
    expect(names).toEqual(['bar', 'bar/sub']);
    const [parent, at] = [`${registry.host}/foo`, `${registry.host}/foo/bar`];
    expect(notices).toContainEqual({ kind: 'holds-images', registry: at, parent });
  });

  it('that is to be compared is called . where it holds images itself', async () => {
    const registry = await embeddedForTest({ listing });
    pushAll(registry, ['foo/bar', 'foo/bar/sub']);
    const { names, notices } = await walk(registry, { path: '/foo/bar', naming: 'from-root' });
    expect(names).toEqual(['.', 'sub']);
    expect(notices.map(({ kind }) => kind)).not.toContain('holds-images');
  });

  it('says which of the repositories that the user names is not there, not so of manifests', async () => {
    const registry = await embeddedForTest({ listing });
    pushAll(registry, ['prod/a', 'prod/deep/b']);
    const at = (name: string) => repository(`${registry.host}/prod/${name}`);
    const { names, notices } = await walk(registry, {
      path: '/prod',
      listed: [at('a'), at('gone')],
      named: [at('to-come')],
    });
    expect(names).toEqual(['a', 'deep/b']);
    const absent = notices.filter(({ kind }) => kind === 'not-there');
    expect(absent).toEqual([{ kind: 'not-there', repository: at('gone') }]);
  });

  it('that holds nothing says whether it exists, as far as the registry tells', async () => {
    const registry = await embeddedForTest({ listing });
    const { names, notices } = await walk(registry, { path: '/prod' });
    expect(names).toEqual([]);
    const presence = listing === 'google' ? 'unknown' : 'absent';
    expect(notices).toEqual([{ kind: 'nothing-there', registry: `${registry.host}/prod`, presence }]);
    const host = await walk(registry);
    expect(host.notices).toEqual([{ kind: 'nothing-there', registry: registry.host, presence: 'present' }]);
  });

  it('names a tag that no image has, but not for a registry that does not exist', async () => {
    const registry = await embeddedForTest({ listing });
    push(registry, 'prod/app', image({ seed: 'app' }), 'v1');
    const { notices } = await walk(registry, { path: '/prod', tag: tag('v9') });
    expect(notices).toEqual([{ kind: 'tag-not-there', registry: `${registry.host}/prod`, tag: 'v9' }]);
    const typo = await walk(registry, { path: '/pord', tag: tag('v9') });
    expect(typo.notices.map(({ kind }) => kind)).toEqual(['nothing-there']);
  });

  it('keeps the digests with a tag, with that tag only', async () => {
    const registry = await embeddedForTest({ listing });
    const content = multiArch('app');
    push(registry, 'prod/app', content, 'v1', 'latest');
    push(registry, 'prod/old', image({ seed: 'old' }), 'v0');
    const { images } = await walk(registry, { path: '/prod', tag: tag('v1') });
    expect(images).toEqual({ app: { [digestOfContent(content)]: ['v1'] } });
  });

  it('leaves out a repository that cannot be read, names it, and gives the rest', async () => {
    const registry = await embeddedForTest({ listing });
    pushAll(registry, ['prod/a', 'prod/b', 'prod/c']);
    registry.addFault({
      kind: 'tags',
      path: /\/prod\/b\//,
      act: { kind: 'status', status: 403 },
    });
    const { names, notices } = await walk(registry, { path: '/prod' });
    expect(names).toEqual(['a', 'c']);
    const unreadable = notices.filter(({ kind }) => kind === 'unreadable');
    expect(unreadable).toEqual([
      expect.objectContaining({
        repository: `${registry.host}/prod/b`,
        name: 'b',
        reason: expect.stringContaining('403'),
      }),
    ]);
  });

  describe('made minimal', () => {
    it.each(['oci', 'docker'] as const)(
      'drops the untagged children of an index (%s), nested ones too',
      async (format) => {
        const registry = await embeddedForTest({ listing });
        const inner = multiArch('inner', { platforms: 2, format });
        const outer = index({ children: [inner, image({ seed: 'other', format })], format });
        push(registry, 'prod/app', outer, 'v1');
        const [tagged] = inner.children;
        if (tagged === undefined) throw new Error('no child');
        push(registry, 'prod/app', tagged, 'amd64');
        const { images } = await walk(registry, { path: '/prod', minimal: 'children' });
        expect(images).toEqual({
          app: { [digestOfContent(outer)]: ['v1'], [digestOfContent(tagged)]: ['amd64'] },
        });
      },
    );

    it('keeps a manifest whose index is in another repository', async () => {
      const registry = await embeddedForTest({ listing });
      const content = multiArch('app', { platforms: 1 });
      push(registry, 'prod/app', content, 'v1');
      const [child] = content.children;
      if (child === undefined) throw new Error('no child');
      push(registry, 'prod/other', index({ children: [] }), 'empty');
      push(registry, 'prod/other', child, 'kept');
      const { images } = await walk(registry, { path: '/prod', minimal: 'children' });
      expect(images['other']).toMatchObject({ [digestOfContent(child)]: ['kept'] });
      expect(images['app']).toEqual({ [digestOfContent(content)]: ['v1'] });
    });

    it('keeps signatures and attestations, unless it is to be strict', async () => {
      const registry = await embeddedForTest({ listing });
      const content = image({ seed: 'app' });
      const referrer = artifact('attestation', { subject: content });
      const tags = ['', '.sig', '.att', '.sbom'].map((suffix) => `sha256-${hexOf(content)}${suffix}`);
      const [fallback = '', ...others] = tags;
      push(registry, 'prod/app', content, 'v1');
      push(registry, 'prod/app', index({ children: [referrer] }), fallback);
      for (const name of others) push(registry, 'prod/app', artifact(name), name);
      push(registry, 'prod/app', artifact('kept', { subject: content }), 'sbom-of-v1');

      const { images } = await walk(registry, { path: '/prod', minimal: 'children' });
      expect(
        Object.values(images['app'] ?? {})
          .flat()
          .toSorted(),
      ).toEqual([...tags, 'sbom-of-v1', 'v1'].toSorted());
      expect(images['app']).toHaveProperty([digestOfContent(referrer)], []);

      const strict = await walk(registry, { path: '/prod', minimal: 'attachments' });
      expect(
        Object.values(strict.images['app'] ?? {})
          .flat()
          .toSorted(),
      ).toEqual(['sbom-of-v1', 'v1']);
      expect(Object.keys(strict.images['app'] ?? {})).toHaveLength(2);
    });

    it('keeps an attestation that the index of its image lists as well, where that is known', async () => {
      const registry = await embeddedForTest({ listing });
      const content = image({ seed: 'app' });
      const attestation = artifact('attestation', { subject: content });
      const outer = index({ children: [content, attestation] });
      push(registry, 'prod/app', outer, 'v1');
      const own = { [digestOfContent(outer)]: ['v1'] };
      const kept = listing === 'google' ? {} : { [digestOfContent(attestation)]: [] };
      const { images } = await walk(registry, { path: '/prod', minimal: 'children' });
      expect(images['app']).toEqual({ ...own, ...kept });
      const strict = await walk(registry, { path: '/prod', minimal: 'attachments' });
      expect(strict.images['app']).toEqual(own);
    });

    it('leaves out a repository whose index cannot be read', async () => {
      const registry = await embeddedForTest({ listing });
      push(registry, 'prod/app', multiArch('app'), 'v1');
      pushAll(registry, ['prod/b']);
      registry.addFault({ kind: 'manifest-get', act: { kind: 'status', status: 403 } });
      const { names, notices } = await walk(registry, { path: '/prod', minimal: 'children' });
      expect(names).toEqual(['b']);
      expect(notices).toContainEqual(expect.objectContaining({ kind: 'unreadable', name: 'app' }));
    });
  });
});

it('an index that is listed and gone is named, and all stays that it may have listed', async () => {
  const registry = await embeddedForTest({ listing: 'google' });
  const [gone, whole] = [multiArch('gone'), multiArch('whole')];
  push(registry, 'prod/app', gone, 'v1');
  push(registry, 'prod/app', whole, 'v2');
  const path = new RegExp(gone.manifest.digest);
  registry.addFault({ kind: 'manifest-get', path, times: Infinity, act: { kind: 'status', status: 404 } });
  const { images, notices } = await walk(registry, { path: '/prod', minimal: 'children' });
  expect(new Set(Object.keys(images['app'] ?? {}))).toEqual(
    new Set([gone, whole, ...gone.children].map(digestOfContent)),
  );
  expect(notices).toEqual([
    expect.objectContaining({ kind: 'unread-index', name: 'app', index: gone.manifest.digest }),
  ]);
});

describe('a registry that lists tags only', () => {
  it('follows tags, indexes and referrers, and warns once that other digests are not shown', async () => {
    const registry = await embeddedForTest();
    const content = multiArch('app', { platforms: 1 });
    const [child] = content.children;
    if (child === undefined) throw new Error('no child');
    const signature = artifact('of the child', { subject: child });
    const signed = artifact('of the signature', { subject: signature });
    push(registry, 'prod/app', content, 'v1');
    for (const referrer of [signature, signed, artifact('orphan')]) push(registry, 'prod/app', referrer);
    pushAll(registry, ['prod/b']);
    const { images, notices } = await walk(registry, { path: '/prod' });
    const reached = [content, child, signature, signed].map(digestOfContent);
    expect(Object.keys(images['app'] ?? {}).toSorted()).toEqual(reached.toSorted());
    expect(notices).toEqual([{ kind: 'tags-only', host: registry.host }]);
  });

  it('shows no child that it does not hold', async () => {
    const registry = await embeddedForTest();
    const content = multiArch('app', { platforms: 2 });
    const [absent, there] = content.children.map(digestOfContent);
    push(registry, 'prod/app', content, 'v1');
    if (absent === undefined || there === undefined) throw new Error('no children');
    registry.store.deleteManifest('prod/app', absent);
    const { images } = await walk(registry, { path: '/prod' });
    expect(images).toEqual({ app: { [digestOfContent(content)]: ['v1'], [there]: [] } });
  });

  it('without referrers is asked for them once', async () => {
    const registry = await embeddedForTest({ referrers: false });
    for (const name of ['prod/a', 'prod/b', 'prod/c']) push(registry, name, multiArch(name), 'v1');
    await walk(registry, { path: '/prod' });
    const asked = registry.requests.filter(({ kind }) => kind === 'referrers').length;
    expect(asked).toBeGreaterThan(0);
    expect(asked).toBeLessThan(10); // those at the same time as the first
  });

  it('without a catalogue is read from a list of repositories', async () => {
    const registry = await embeddedForTest();
    pushAll(registry, ['prod/a', 'prod/b', 'prod/c']);
    registry.addFault({ kind: 'catalog', act: { kind: 'status', status: 404 } });
    const named = ['a', 'c', 'nothing'].map((name) => repository(`${registry.host}/prod/${name}`));
    const { names, notices } = await walk(registry, { path: '/prod', named });
    expect(names).toEqual(['a', 'c']);
    expect(notices).toEqual([{ kind: 'tags-only', host: registry.host }]);
  });

  it('shows the expected digests with their children and referrers, and no other untagged digest', async () => {
    const registry = await embeddedForTest();
    const [sought, other] = [multiArch('sought', { platforms: 1 }), image({ seed: 'other' })];
    push(registry, 'prod/app', image({ seed: 'app' }), 'v1');
    for (const untagged of [sought, other]) push(registry, 'prod/app', untagged);
    const digests = [sought, image({ seed: 'not there' })].map(digestOfContent);
    const { images } = await walk(registry, {
      path: '/prod',
      expected: ({ name }) => (name === 'app' ? digests : []),
    });
    const shown = [image({ seed: 'app' }), sought, ...sought.children].map(digestOfContent);
    expect(Object.keys(images['app'] ?? {}).toSorted()).toEqual(shown.toSorted());
    const asked = registry.requests.filter(({ path }) => path.endsWith(digestOfContent(other)));
    expect(asked).toEqual([]);
  });

  it('shows an expected digest of a repository in which nothing has a tag, and drops its children', async () => {
    const registry = await embeddedForTest();
    const content = multiArch('app', { platforms: 2 });
    push(registry, 'prod/app', content);
    const body = JSON.stringify({ errors: [{ code: 'NAME_UNKNOWN' }] }); // as distribution does
    registry.addFault({ kind: 'tags', path: /prod\/app/, act: { kind: 'status', status: 404, body } });
    const expected = () => [content, ...content.children].map(digestOfContent);
    const { images } = await walk(registry, { path: '/prod', minimal: 'children', expected });
    expect(images).toEqual({ app: { [digestOfContent(content)]: [] } });
  });

  it('holds images itself though the only one has no tag, where somebody seeks it', async () => {
    const registry = await embeddedForTest();
    const content = image({ seed: 'app' });
    push(registry, 'foo/bar', content);
    pushAll(registry, ['foo/bar/sub']);
    const expected = ({ name }: { name: string }) => (name === 'bar' ? [digestOfContent(content)] : []);
    expect((await walk(registry, { path: '/foo/bar', expected })).names).toEqual(['bar', 'bar/sub']);
  });

  it.each([404, 401, 403, 405])(
    'without a catalogue (%i) or a list of repositories says so',
    async (status) => {
      const registry = await embeddedForTest();
      pushAll(registry, ['prod', 'prod/a']);
      registry.addFault({ kind: 'catalog', act: { kind: 'status', status }, times: Infinity });
      const { names, notices } = await walk(registry, { path: '/prod' });
      expect(names).toEqual(['prod']);
      expect(notices).toContainEqual(
        expect.objectContaining({ kind: 'unlisted', registry: `${registry.host}/prod` }),
      );
    },
  );
});

it('of Google, a registry is asked for repositories as well that no child leads to', async () => {
  const empty = { status: 200, body: { child: [], manifest: {} } } as const;
  const manifest = { [digestOf(Buffer.from('app'))]: { tag: ['v1'] } };
  const server = await scriptedServer([
    { request: 'GET /v2/prod/tags/list', answer: empty },
    { request: 'GET /v2/prod/app/tags/list', answer: { status: 200, body: { child: [], manifest } } },
  ]);
  const named = [repository(`${server.host}/prod/app`)];
  expect((await walk(server, { path: '/prod', named })).names).toEqual(['app']);
});

it('of Google, a bare host without a catalogue tells of its repositories as its children', async () => {
  const manifest = { [digestOf(Buffer.from('app'))]: { tag: ['v1'] } };
  const server = await scriptedServer([
    { request: 'GET /v2/_catalog', answer: { status: 404 } },
    { request: 'GET /v2/tags/list', answer: { status: 200, body: { child: ['p'], manifest: {} } } },
    { request: 'GET /v2/p/tags/list', answer: { status: 200, body: { child: [], manifest } } },
  ]);
  const { names, notices } = await walk(server);
  expect({ names, notices }).toEqual({ names: ['p'], notices: [] });
});

it.each([1, 5, 30])('%i repositories are read at a time where so many may be', async (workers) => {
  const number = Array.from({ length: 40 }, (_, index) => `img-${index}`);
  const children = number.map(parseImageName).filter((name) => name !== undefined);
  const [manifests, tags, indexes] = [new Map(), new Map(), new Set<Digest>()];
  let [asked, most, now] = [0, 0, 0];
  const empty = { kind: 'digests', manifests, tags, has: () => false, indexes } as const;
  const list = async (name: string): Promise<Listing> => {
    if (!name.includes('img-')) return { ...empty, children };
    asked += 1;
    now += 1;
    most = Math.max(most, now);
    await new Promise((resolve) => setImmediate(resolve));
    now -= 1;
    return { ...empty, children: [] };
  };
  const client = { ...clientForTest().registry, list };
  await walk({ host: 'registry.invalid' }, { path: '/prod', workers, client });
  expect({ asked, most }).toEqual({ asked: 40, most: workers });
});

describe('a registry that tells all at once', () => {
  const [parent, child, other] = ['parent', 'child', 'other'].map((text) => digestOf(Buffer.from(text)));
  const INDEX = 'application/vnd.oci.image.index.v1+json';

  /** A reader with these pages, or one that fails after them. */
  function wholeOf(pages: readonly (readonly RegistryEntry[])[], failure?: Error): WholeRegistryReader {
    return {
      canRead: () => true,
      read: async function* () {
        yield* pages;
        if (failure !== undefined) throw failure;
      },
    };
  }

  function entry(name: string, of: Partial<RegistryEntry> & Pick<RegistryEntry, 'digest'>): RegistryEntry {
    return {
      repository: repository(`pkg.invalid/prod/${name}`),
      tags: [],
      mediaType: '',
      children: [],
      ...of,
    };
  }

  it('is asked for nothing else where children are to be left out, and is in order', async () => {
    if (parent === undefined || child === undefined || other === undefined) throw new Error('no digests');
    const whole = wholeOf([
      [entry('z/sub', { digest: other }), entry('a', { digest: child })],
      [entry('a', { digest: parent, tags: [tag('v1')], mediaType: INDEX, children: [child] })],
    ]);
    const walked = await walk({ host: 'pkg.invalid' }, { path: '/prod', minimal: 'children', whole });
    expect(walked).toEqual({
      images: { a: { [parent]: ['v1'] }, 'z/sub': { [other]: [] } },
      names: ['a', 'z/sub'],
      notices: [],
    });
  });

  it('has a tag that was moved in between where it was seen last', async () => {
    if (parent === undefined || other === undefined) throw new Error('no digests');
    const tags = [tag('v1')];
    const whole = wholeOf([[entry('a', { digest: parent, tags })], [entry('a', { digest: other, tags })]]);
    const { images } = await walk({ host: 'pkg.invalid' }, { path: '/prod', minimal: 'children', whole });
    expect(images).toEqual({ a: { [parent]: [], [other]: ['v1'] } });
  });

  it.each([
    ['which says so', 'children', ['not-whole']],
    ['without a word where it is not worth asking', 'nothing', []],
  ] as const)('or does not is listed, %s', async (_what, minimal, told) => {
    if (other === undefined) throw new Error('no digest');
    const registry = await embeddedForTest({ listing: 'google' });
    pushAll(registry, ['prod/a', 'prod/b']);
    const failure = new RegistryError('unauthorized', '403: SERVICE_DISABLED', { status: 403 });
    const whole = wholeOf([[entry('half', { digest: other })]], failure);
    const { names, notices } = await walk(registry, { path: '/prod', minimal, whole });
    expect(names).toEqual(['a', 'b']);
    expect(notices.map(({ kind }) => kind)).toEqual(told);
  });
});

describe('a catalogue that breaks off', () => {
  async function broken() {
    const registry = await embeddedForTest({ pageSize: 2 });
    pushAll(registry, ['prod/a', 'prod/b', 'prod/c', 'prod/d']);
    registry.addFault({ kind: 'catalog', skip: 1, times: 99, act: { kind: 'status', status: 403 } });
    return registry;
  }

  it('yields the listed repositories, with a notice that there may be more', async () => {
    const { names, notices } = await walk(await broken(), { path: '/prod' });
    expect(names).toEqual(['a', 'b']);
    expect(notices).toContainEqual(expect.objectContaining({ kind: 'unlisted', listedCount: 2 }));
  });

  it('is made whole by the user, not by manifests', async () => {
    const registry = await broken();
    const others = ['c', 'd'].map((name) => repository(`${registry.host}/prod/${name}`));
    const listed = await walk(registry, { path: '/prod', listed: others });
    expect(listed.names).toEqual(['a', 'b', 'c', 'd']);
    expect(listed.notices.map(({ kind }) => kind)).toEqual(['tags-only']);
    const named = await walk(await broken(), { path: '/prod', named: others.slice(0, 1) });
    expect(named.notices.map(({ kind }) => kind)).toContain('unlisted');
  });
});

describe('a registry that lies', () => {
  const tags = (name: string) => `GET /v2/${name}/tags/list`;

  it('leads to no other path by the names of its children', async () => {
    const child = ['../../other', 'a/b', '..', 'ok'];
    const server = await scriptedServer([
      { request: tags('prod'), answer: { status: 200, body: { child, manifest: {} } } },
      { request: tags('prod/ok'), answer: { status: 200, body: { child: [], manifest: {} } } },
    ]);
    expect((await walk(server, { path: '/prod' })).names).toEqual([]);
  });

  it('comes to an end though every child has a child', async () => {
    const deep = 'x'.repeat(60);
    const answer = { status: 200, body: { child: [deep], manifest: {} } } as const;
    const server = await scriptedServer(
      Array.from({ length: 5 }, () => ({ request: /tags\/list$/, answer })).slice(0, 5),
    );
    expect((await walk(server, { path: '/prod' })).names).toEqual([]);
  });

  it('says one digest and serves another: its repository is unreadable', async () => {
    const body = Buffer.from(
      '{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[]}',
    );
    const digest = digestOf(Buffer.from('something else'));
    const mediaType = 'application/vnd.oci.image.index.v1+json';
    const manifest = { [digest]: { tag: [], mediaType } };
    const served = { status: 200, headers: { 'content-type': mediaType }, body };
    const request = `GET /v2/prod/manifests/${digest}`;
    const server = await scriptedServer([
      { request: tags('prod'), answer: { status: 200, body: { child: [], manifest } } },
      ...Array.from({ length: 4 }, () => ({ request, answer: served })), // damage on the way would go away
    ]);
    const { notices } = await walk(server, { path: '/prod', minimal: 'children' });
    expect(notices).toContainEqual(
      expect.objectContaining({ kind: 'unreadable', reason: expect.stringContaining('that are not') }),
    );
  });

  it('invents referrers of referrers: its repository is unreadable, in the end', async () => {
    let invented = 0;
    const head = (line: string) => ({
      'docker-content-digest': line.replace(/^.*\//, ''),
      'content-type': 'x/y',
    });
    const server = await scriptedServer([
      { request: tags('prod'), answer: { status: 200, body: { tags: ['v1'] } } },
      { request: 'GET /v2/_catalog', answer: { status: 404 } },
      {
        request: 'HEAD /v2/prod/manifests/v1',
        answer: {
          status: 200,
          headers: { 'docker-content-digest': digestOf(Buffer.from('0')), 'content-type': 'x/y' },
        },
      },
      ...Array.from({ length: 33 }, () => [
        {
          request: /^GET \/v2\/prod\/referrers\//,
          answer: () => ({
            status: 200,
            body: { manifests: [{ digest: digestOf(Buffer.from(`${++invented}`)) }] },
          }),
        },
        {
          request: /^HEAD \/v2\/prod\/manifests\/sha256:/,
          answer: ({ line }: { line: string }) => ({ status: 200, headers: head(line) }),
        },
      ]).flat(),
    ]);
    const { notices } = await walk(server, { path: '/prod' });
    expect(notices).toContainEqual(
      expect.objectContaining({ kind: 'unreadable', reason: expect.stringContaining('more than 32 levels') }),
    );
  });
});
