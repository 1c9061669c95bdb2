// Covers src/cli/commands/run/run-promotion.ts
// Covers src/cli/output/log-report.ts
// Covers src/cli/runtime/network-clients.ts
// Covers src/promote.ts

import { describe, expect, it } from 'vitest';
import type { EmbeddedRegistry } from '../../src/embedded-registry/embedded-registry.ts';
import {
  artifact,
  blobsOf,
  buildCache,
  type Content,
  foreignLayerImage,
  helmChart,
  image,
  layer,
  manifestsOf,
  multiArch,
  nestedIndex,
  nondistributableImage,
  push,
} from '../builders/images.ts';
import { testdir } from '../builders/testdir.ts';
import { runCip, runWithReport } from '../doubles/run-cip.ts';
import {
  CLOSED_HOST,
  countKinds,
  embedded,
  manifestFlag,
  plainManifest,
  registriesOf,
  thinFiles,
  writesOf,
} from './staging.ts';

const ABSENT = `sha256:${'a'.repeat(64)}`;

describe.each(['oci', 'google'] as const)(
  'a promotion of everything that there is, with the %s listing',
  (listing) => {
    const shared = layer('shared by two images', 4096);
    const contents = {
      index: multiArch('index', { platforms: 4 }),
      list: multiArch('list', { platforms: 3, format: 'docker' }),
      nested: nestedIndex('nested'),
      single: image({ seed: 'single', layers: [shared] }),
      docker: image({ seed: 'docker', format: 'docker', layers: 3 }),
      tagless: image({ seed: 'tagless', layers: [shared] }),
      second: image({ seed: 'second entry of one name' }),
      chart: helmChart('chart'),
      artifact: artifact('artifact'),
      windows: foreignLayerImage('windows'),
      restricted: nondistributableImage('restricted'),
      cache: buildCache('cache'),
      large: image({ seed: 'large', layers: 1, layerBytes: 1024 * 1024 }),
      numbers: ['1.0', '1.10', '0x10', '1e3', 'no', '2021-01-01', '007'].map((tag) => image({ seed: tag })),
    };

    async function world() {
      const staging = await embedded({ listing });
      const production = await embedded({ listing });
      const fill = (name: string, content: Content) => push(staging, `staging/${name}`, content);
      const digests = {
        index: fill('index', contents.index),
        list: fill('list', contents.list),
        nested: fill('nested', contents.nested),
        single: fill('tool', contents.single),
        docker: fill('tool', contents.docker),
        tagless: fill('tool', contents.tagless),
        second: fill('index', contents.second),
        chart: fill('charts/app', contents.chart),
        artifact: fill('artifact', contents.artifact),
        windows: fill('windows', contents.windows),
        restricted: fill('windows', contents.restricted),
        cache: fill('cache', contents.cache),
        large: fill('large', contents.large),
      };
      const numbers = contents.numbers.map((content) => fill('numbers', content));
      const text = `${registriesOf(`${staging.host}/staging`, [
        `${staging.host}/prod`,
        `${production.host}/deep/er/prod`,
      ])}images:
- name: index
  dmap:
    "${digests.index}": ["v1", "v1.0", "latest"]
- name: list
  dmap:
    "${digests.list}": ["1.0"]
- name: nested
  dmap:
    "${digests.nested}": [v1]
- name: tool
  dmap:
    "${digests.single}": [v1]
    "${digests.docker}": [v2]
    "${digests.tagless}": []
- name: charts/app
  dmap: {"${digests.chart}": ["1.2.3"]}
- name: artifact
  dmap: {"${digests.artifact}": [a]}
- name: windows
  dmap: {"${digests.windows}": [w], "${digests.restricted}": [r]}
- name: cache
  dmap: {"${digests.cache}": [c]}
- name: large
  dmap: {"${digests.large}": [x]}
- name: index # the same name once more
  dmap: {"${digests.second}": [v2]}
- name: numbers
  dmap:
    "${numbers[0]}": [1.0]
    "${numbers[1]}": [1.10]
    "${numbers[2]}": [0x10]
    "${numbers[3]}": [1e3]
    "${numbers[4]}": [no]
    "${numbers[5]}": [2021-01-01]
    "${numbers[6]}": [007]
`;
      return { staging, production, flag: await manifestFlag(text) };
    }

    const wanted: readonly (readonly [string, Content, readonly string[]])[] = [
      ['index', contents.index, ['v1', 'v1.0', 'latest']],
      ['index', contents.second, ['v2']],
      ['list', contents.list, ['1.0']],
      ['nested', contents.nested, ['v1']],
      ['tool', contents.single, ['v1']],
      ['tool', contents.docker, ['v2']],
      ['tool', contents.tagless, []],
      ['charts/app', contents.chart, ['1.2.3']],
      ['artifact', contents.artifact, ['a']],
      ['windows', contents.windows, ['w']],
      ['windows', contents.restricted, ['r']],
      ['cache', contents.cache, ['c']],
      ['large', contents.large, ['x']],
      ...contents.numbers.map(
        (content, index) =>
          [
            'numbers',
            content,
            [['1.0', '1.10', '0x10', '1e3', 'no', '2021-01-01', '007'][index] ?? ''],
          ] as const,
      ),
    ];
    const edges = 2 * wanted.reduce((sum, [, , tags]) => sum + Math.max(1, tags.length), 0);

    it('makes bytes, types, tags and digests the same at every destination, and leaves the source alone', async () => {
      const { staging, production, flag } = await world();
      const { status, report } = await runWithReport([flag, '-confirm']);
      expect(status).toBe(0);
      expect(report.summary).toMatchObject({
        edges,
        copy: edges,
        copied: edges,
        failed: 0,
        'not-attempted': 0,
      });
      for (const [name, content, tags] of wanted) {
        expectPromoted(staging, `prod/${name}`, content, tags);
        expectPromoted(production, `deep/er/prod/${name}`, content, tags);
      }
      expect(production.store.tags('deep/er/prod/tool')).toEqual(['v1', 'v2']);
      expect(writesOf(staging).filter((line) => line.includes('/v2/staging/'))).toEqual([]);
      expect([staging.openUploads, production.openUploads]).toEqual([0, 0]);
    });

    it('the second time only looks', async () => {
      const { staging, production, flag } = await world();
      await runCip([flag, '-confirm']);
      staging.clearRequests();
      production.clearRequests();
      const { status, report } = await runWithReport([flag, '-confirm']);
      expect(status).toBe(0);
      expect(report.summary).toMatchObject({ edges, present: edges, copied: 0 });
      expect(report.items).toEqual([]);
      expect([...writesOf(staging), ...writesOf(production)]).toEqual([]);
      expect(readsOf(staging, /\/v2\/staging\//)).toEqual([]);
      expect([...readsOf(staging, /\/manifests\//), ...readsOf(production, /\/manifests\//)]).toEqual([]);
    });

    it('a dry run says the same beforehand, writes nothing and reads no manifest at a destination', async () => {
      const { staging, production, flag } = await world();
      const { status, report } = await runWithReport([flag]);
      expect(status).toBe(0);
      expect(report.summary).toMatchObject({ edges, copy: edges, copied: 0, failed: 0, 'not-attempted': 0 });
      expect([...writesOf(staging), ...writesOf(production)]).toEqual([]);
      expect(readsOf(staging, /\/v2\/prod\/.*\/manifests\//)).toEqual([]);
      expect(readsOf(production, /\/manifests\//)).toEqual([]);
      expect(
        [...staging.store.repositories(), ...production.store.repositories()].filter((name) =>
          name.includes('prod'),
        ),
      ).toEqual([]);
    });

    it('-parse-only asks nobody anything', async () => {
      const { staging, production, flag } = await world();
      const { status, report } = await runWithReport([flag, '-parse-only']);
      expect({ status, edges: report.summary.edges }).toEqual({ status: 0, edges });
      expect([staging.connections, production.connections]).toEqual([0, 0]);
    });
  },
);

describe('what is there already', () => {
  it('a tag is never moved: both digests are named, and nothing of it is written', async () => {
    const { registry, digest, other, flag } = await twoImages();
    push(registry, 'prod/app', image({ seed: 'stranger' }), 'v1');
    const stranger = registry.store.resolveTag('prod/app', 'v1');
    const { status, report, stderr } = await runWithReport([flag, '-confirm']);
    expect(status).toBe(1);
    expect(report.summary).toMatchObject({ edges: 2, 'tag-move': 1, copied: 1 });
    expect(report.items).toContainEqual({
      decision: 'tag-move',
      source: `${registry.host}/staging/app@${digest}`,
      destination: `${registry.host}/prod/app:v1`,
      digest,
      outcome: 'not-attempted',
      reason: expect.stringMatching(`${stranger}.*${digest}.*tag moves are not supported`),
      at: expect.stringMatching(/:\d+:\d+$/),
    });
    expect(stderr).toMatch(
      new RegExp(`^\\S+Z ERROR tag-move .*${digest}: the tag is ${stranger}, not moved`, 'm'),
    );
    expect((await runCip([flag, '-log-format=legacy'])).stderr).toMatch(
      /^ERROR .*tag moves are not supported/m,
    );
    expect(registry.store.resolveTag('prod/app', 'v1')).toBe(stranger);
    expect(registry.store.manifest('prod/app', digest)).toBeUndefined();
    expect(writesOf(registry)).not.toContain('PUT /v2/prod/app/manifests/v1');
    expect(registry.store.resolveTag('prod/other', 'v1')).toBe(other);
  });

  it('a tag for a digest that is there is one read, one look and one write, and a search for attachments', async () => {
    const { registry, digest, flag } = await twoImages();
    push(registry, 'prod/app', image({ seed: 'app' }), 'old');
    push(registry, 'prod/other', image({ seed: 'other' }), 'v1');
    const dry = await runWithReport([flag]);
    expect(dry.report.items).toMatchObject([{ decision: 'add-tag', outcome: 'not-attempted' }]);
    const inventory = countKinds(registry);
    registry.clearRequests();
    const { status, report } = await runWithReport([flag, '-confirm']);
    expect({ status, summary: report.summary }).toMatchObject({
      status: 0,
      summary: { 'add-tag': 1, present: 1, copied: 1 },
    });
    expect(countKinds(registry)).toEqual({
      'manifest-head': (inventory['manifest-head'] ?? 0) + 1,
      'manifest-get': 1,
      'manifest-put': 1,
      tags: 1,
      referrers: 1,
    });
    expect(registry.store.tags('prod/app')).toEqual(['old', 'v1']);
    expect(registry.store.resolveTag('prod/app', 'v1')).toBe(digest);
  });

  it('an image is present even when its copy in staging has vanished', async () => {
    const { registry, digest, other, flag } = await twoImages();
    await runCip([flag, '-confirm']);
    registry.store.deleteManifest('staging/app', digest);
    registry.store.deleteManifest('staging/other', other);
    registry.clearRequests();
    const { status, report } = await runWithReport([flag, '-confirm']);
    expect({ status, summary: report.summary }).toMatchObject({
      status: 0,
      summary: { present: 2, lost: 0 },
    });
    expect(registry.requests.filter(({ path }) => path.includes('/staging/'))).toEqual([]);
  });

  it('a digest whose staging copy has vanished still gets another tag', async () => {
    const { registry, digest, flag } = await twoImages();
    push(registry, 'prod/app', image({ seed: 'app' }), 'old');
    registry.store.deleteManifest('staging/app', digest);
    expect((await runCip([flag, '-confirm'])).status).toBe(0);
    expect(registry.store.resolveTag('prod/app', 'v1')).toBe(digest);
  });

  it('a run after one that ended half-way does the rest', async () => {
    const { registry, flag } = await twoImages();
    const app = image({ seed: 'app' });
    for (const { bytes } of app.blobs.slice(0, 1)) registry.store.putBlob('prod/app', bytes);
    expect((await runCip([flag, '-confirm'])).status).toBe(0);
    expectPromoted(registry, 'prod/app', app, ['v1']);
  });
});

describe('what cannot be done stops itself and nothing else', () => {
  it('a digest that is nowhere is lost: exit 1, or 0 where that is allowed', async () => {
    const { registry, other, wanted } = await twoImages();
    const images = { ...wanted.images, app: { [ABSENT]: ['v1', 'v2'] } };
    const flag = await manifestFlag({ ...wanted, images });
    const dry = await runWithReport([flag]);
    expect({ status: dry.status, lost: dry.report.summary.lost }).toEqual({ status: 1, lost: 2 });
    const { status, report, stderr } = await runWithReport([flag, '-confirm']);
    expect(status).toBe(1);
    expect(report.summary).toMatchObject({ edges: 3, lost: 2, copied: 1 });
    expect(
      stderr.match(/^\S+Z ERROR lost .*: not found at \S+\/staging\/app: sha256:a{64} \(wrong digest, /gm),
    ).toHaveLength(2);
    expect(registry.store.resolveTag('prod/other', 'v1')).toBe(other);
    const allowed = await runWithReport([flag, '-confirm', '-allow-lost', '-log-format=legacy']);
    expect({ status: allowed.status, lost: allowed.report.summary.lost }).toEqual({ status: 0, lost: 2 });
    expect(allowed.stderr.match(/^WARNING .*_LOST_/gm)).toHaveLength(2);
  });

  it('a conflict is named with all its positions, also without network, and none of it is promoted', async () => {
    const { registry, digest, other, wanted } = await twoImages();
    push(registry, 'staging/app', image({ seed: 'other' }));
    const files = thinFiles({
      one: { ...wanted, images: { app: { [digest]: ['v1'] } } },
      two: { ...wanted, images: { app: { [other]: ['v1'] }, other: { [other]: ['v1'] } } },
    });
    const flag = `-thin-manifest-dir=${await testdir(files)}`;
    const parsed = await runWithReport([flag, '-parse-only']);
    const { status, report } = await runWithReport([flag, '-confirm']);
    expect([parsed.status, status]).toEqual([1, 1]);
    expect(report.summary).toMatchObject({ edges: 3, conflict: 2, copied: 1 });
    expect(parsed.report.summary).toMatchObject({ edges: 3, conflict: 2 });
    for (const { items } of [parsed.report, report]) {
      const conflicts = items.filter(({ decision }) => decision === 'conflict');
      expect(new Set(conflicts.map(({ digest }) => digest))).toEqual(new Set([digest, other]));
      expect(conflicts).toHaveLength(2);
      for (const { at, reason } of conflicts) {
        expect([at, reason].join(' ')).toMatch(/images\/one\/images\.yaml:3:\d+/);
        expect([at, reason].join(' ')).toMatch(/images\/two\/images\.yaml:3:\d+/);
      }
    }
    expect(registry.store.exists('prod/app')).toBe(false);
    expect(registry.store.blobs('prod/app')).toEqual([]);
    expect(registry.store.resolveTag('prod/other', 'v1')).toBe(other);
  });

  it('a destination that does not answer is unreadable, and the other one is served', async () => {
    const { registry, digest, wanted } = await twoImages();
    const flag = await manifestFlag({ ...wanted, to: [`${CLOSED_HOST}/prod`, ...wanted.to] });
    const { status, report, stderr } = await runWithReport([flag, '-confirm']);
    expect(status).toBe(1);
    expect(report.summary).toMatchObject({ edges: 4, unreadable: 2, copied: 2 });
    expect(report.hosts[CLOSED_HOST]).toMatchObject({ edges: { unreadable: 2 } });
    expect(stderr).toMatch(
      new RegExp(`^\\S+Z ERROR no answer at ${CLOSED_HOST}, 2 edges: .*ECONNREFUSED`, 'm'),
    );
    expect(stderr).toMatch(new RegExp(`^ERROR +no answer at ${CLOSED_HOST}, 2 edges: .*ECONNREFUSED`, 'm'));
    expect(registry.store.resolveTag('prod/app', 'v1')).toBe(digest);
  });

  it('a source that does not answer is unreadable, and another one is served', async () => {
    const { registry, digest, wanted } = await twoImages();
    const files = thinFiles({
      one: { ...wanted, from: `${CLOSED_HOST}/staging`, images: { away: { [ABSENT]: ['v1'] } } },
      two: wanted,
    });
    const { status, report } = await runWithReport([
      `-thin-manifest-dir=${await testdir(files)}`,
      '-confirm',
    ]);
    expect(status).toBe(1);
    expect(report.summary).toMatchObject({ edges: 3, unreadable: 1, lost: 0, copied: 2 });
    expect(registry.store.resolveTag('prod/app', 'v1')).toBe(digest);
  });

  it('a malformed entry counts once, is named with its place, and everything else is promoted', async () => {
    const { registry, digest, other, wanted } = await twoImages();
    const text = `${plainManifest({ ...wanted, to: [...wanted.to, `${registry.host}/second`] })}- name: Bad
  dmap: {"${digest}": [v1]}
- name: more
  dmap:
    "sha256:short": ["v1"]
    "${ABSENT}": ["not a tag"]
`;
    const { status, report } = await runWithReport([await manifestFlag(text), '-confirm']);
    expect(status).toBe(1);
    expect(report.summary).toMatchObject({ edges: 4, copied: 4, invalid: 3 });
    const invalid = report.items.filter(({ decision }) => decision === 'invalid');
    expect(invalid.map(({ at }) => at.replace(/^.*?:/, ''))).toEqual(['13:9', '17:5', '18:81']);
    for (const name of ['prod', 'second']) {
      expect(registry.store.resolveTag(`${name}/app`, 'v1')).toBe(digest);
      expect(registry.store.resolveTag(`${name}/other`, 'v1')).toBe(other);
      expect(registry.store.exists(`${name}/more`)).toBe(false);
    }
  });

  it('an image whose bytes are damaged at the source fails, and gets no tag', async () => {
    const { registry, other, wanted } = await twoImages();
    const production = await embedded();
    const [damaged] = image({ seed: 'app' }).blobs;
    registry.addFault({
      path: new RegExp(`${damaged?.digest}`),
      kind: 'blob-get',
      times: Infinity,
      act: { kind: 'flip-bit' },
    });
    const flag = await manifestFlag({ ...wanted, to: [`${production.host}/prod`] });
    const { status, report, stderr } = await runWithReport([flag, '-confirm']);
    expect(status).toBe(1);
    expect(report.summary).toMatchObject({ edges: 2, copy: 2, copied: 1, failed: 1 });
    expect(stderr).toMatch(new RegExp(`^\\S+Z ERROR failed .*: v1: .*${damaged?.digest}`, 'm'));
    expect(production.store.exists('prod/app')).toBe(false);
    expect(production.store.resolveTag('prod/other', 'v1')).toBe(other);
    expect(production.openUploads).toBe(0);
  });
});

describe('where images come from and go to', () => {
  it('destinations may be nested in each other, and meet in one repository', async () => {
    const { registry, digest, other, wanted } = await twoImages();
    push(registry, 'staging/sub/app', image({ seed: 'app' }));
    const files = thinFiles({
      outer: { ...wanted, to: [`${registry.host}/images`], images: { 'sub/app': { [digest]: ['v1'] } } },
      inner: { ...wanted, to: [`${registry.host}/images/sub`], images: { app: { [digest]: ['v1', 'v2'] } } },
      deep: { ...wanted, to: [`${registry.host}/images/sub/app`], images: { other: { [other]: ['v1'] } } },
    });
    const flag = `-thin-manifest-dir=${await testdir(files)}`;
    const { status, report } = await runWithReport([flag, '-confirm']);
    expect({ status, summary: report.summary }).toMatchObject({
      status: 0,
      summary: { edges: 3, copied: 3 },
    });
    expect(registry.store.tags('images/sub/app')).toEqual(['v1', 'v2']);
    expect(registry.store.tags('images/sub/app/other')).toEqual(['v1']);
    const again = await runWithReport([flag, '-confirm']);
    expect(again.report.summary).toMatchObject({ edges: 3, present: 3 });
  });

  it.each(['first', 'second'])(
    'a digest of two sources is one edge, and is read from the %s one',
    async (name) => {
      const registry = await embedded();
      const content = multiArch('twice', { platforms: 2 });
      const digest = push(registry, `${name}/app`, content);
      const to = [`${registry.host}/prod`];
      const files = thinFiles({
        a: { from: `${registry.host}/first`, to, images: { app: { [digest]: ['v1'] } } },
        b: { from: `${registry.host}/second`, to, images: { app: { [digest]: ['v1'] } } },
      });
      const { status, report } = await runWithReport([
        `-thin-manifest-dir=${await testdir(files)}`,
        '-confirm',
      ]);
      expect({ status, summary: report.summary }).toMatchObject({
        status: 0,
        summary: { edges: 1, copied: 1 },
      });
      expectPromoted(registry, 'prod/app', content, ['v1']);
    },
  );

  it('a source on another host gets no request that could change it', async () => {
    const { registry, digest, wanted } = await twoImages();
    const production = await embedded();
    const flag = await manifestFlag({ ...wanted, to: [`${production.host}/prod`] });
    expect((await runCip([flag, '-confirm'])).status).toBe(0);
    expect(production.store.resolveTag('prod/app', 'v1')).toBe(digest);
    expect(writesOf(registry)).toEqual([]);
  });

  it('a registry that mounts nothing gets the bytes instead', async () => {
    const registry = await embedded({ mounts: false });
    const content = multiArch('unmounted');
    const digest = push(registry, 'staging/app', content);
    const flag = await manifestFlag({
      from: `${registry.host}/staging`,
      to: [`${registry.host}/prod`],
      images: { app: { [digest]: ['v1'] } },
    });
    expect((await runCip([flag, '-confirm'])).status).toBe(0);
    expectPromoted(registry, 'prod/app', content, ['v1']);
    expect(registry.openUploads).toBe(0);
  });

  it('each manifest of a source is read once, however many destinations there are', async () => {
    const { registry, digest, wanted } = await twoImages();
    const productions = await Promise.all([embedded(), embedded(), embedded()]);
    const flag = await manifestFlag({ ...wanted, to: productions.map(({ host }) => `${host}/prod`) });
    expect((await runCip([flag, '-confirm'])).status).toBe(0);
    expect(countKinds(registry)['manifest-get']).toBe(2);
    expect(countKinds(registry)['manifest-head']).toBeUndefined();
    for (const { store } of productions) expect(store.resolveTag('prod/app', 'v1')).toBe(digest);
  });

  it('registries that want a token get one, with the credentials of the docker config', async () => {
    const users = { robot: 'secret' };
    const staging = await embedded({ auth: { kind: 'token', users, anonymousPull: true } });
    const production = await embedded({ auth: { kind: 'token', users } });
    const content = multiArch('guarded');
    const digest = push(staging, 'staging/app', content);
    const auth = Buffer.from('robot:secret').toString('base64');
    const DOCKER_CONFIG = await testdir({
      'config.json': JSON.stringify({ auths: { [production.host]: { auth } } }),
    });
    const flag = await manifestFlag({
      from: `${staging.host}/staging`,
      to: [`${production.host}/prod`],
      images: { app: { [digest]: ['v1'] } },
    });
    const refused = await runWithReport([flag, '-confirm']);
    expect({ status: refused.status, unreadable: refused.report.summary.unreadable }).toEqual({
      status: 1,
      unreadable: 1,
    });
    const { status } = await runCip([flag, '-confirm'], { env: { DOCKER_CONFIG } });
    expect(status).toBe(0);
    expectPromoted(production, 'prod/app', content, ['v1']);
  });
});

/** A registry with an image each in `staging/app` and `staging/other`, both wanted as v1 in `prod`. */
async function twoImages() {
  const registry = await embedded();
  const digest = push(registry, 'staging/app', image({ seed: 'app' }));
  const other = push(registry, 'staging/other', image({ seed: 'other' }));
  const wanted = {
    from: `${registry.host}/staging`,
    to: [`${registry.host}/prod`],
    images: { app: { [digest]: ['v1'] }, other: { [other]: ['v1'] } },
  };
  return { registry, digest, other, wanted, flag: await manifestFlag(wanted) };
}

function expectPromoted(
  { store }: EmbeddedRegistry,
  repository: string,
  content: Content,
  tags: readonly string[],
): void {
  for (const tag of tags) expect(store.resolveTag(repository, tag)).toBe(content.manifest.digest);
  for (const { digest, mediaType, bytes } of manifestsOf(content)) {
    expect(store.manifest(repository, digest)).toMatchObject({ mediaType });
    expect(equalBytes(store.manifest(repository, digest)?.bytes, bytes)).toBe(true);
  }
  for (const { digest, bytes } of blobsOf(content)) {
    expect([digest, equalBytes(store.blob(repository, digest), bytes)]).toEqual([digest, true]);
  }
}

function equalBytes(a: Uint8Array | undefined, b: Uint8Array): boolean {
  return a !== undefined && Buffer.compare(a, b) === 0;
}

/** GET requests for a path. */
function readsOf(registry: EmbeddedRegistry, path: RegExp): string[] {
  return registry.requests
    .filter((request) => request.method === 'GET' && request.path.search(path) !== -1)
    .map((request) => request.path);
}
