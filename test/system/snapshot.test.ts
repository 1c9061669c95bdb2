// Covers src/cli/browse/open-images.ts
// Covers src/cli/commands/run/run-snapshot.ts
// Covers src/cli/browse/browse-warnings.ts
// Covers src/cli/output/stream-output.ts
// Covers src/cli/browse/browse.ts
// Covers src/cli/browse/repositories-file.ts

import { execFile, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { EmbeddedRegistry } from '../../src/embedded-registry/embedded-registry.ts';
import { digestOf } from '../../src/image/digest.ts';
import {
  artifact,
  type Content,
  helmChart,
  image,
  multiArch,
  nestedIndex,
  push,
} from '../builders/images.ts';
import { testdir } from '../builders/testdir.ts';
import { type CipRun, runCip, startCip } from '../doubles/run-cip.ts';
import { scriptedServer } from '../doubles/scripted-server.ts';
import { repositoryRoot } from '../doubles/tools.ts';
import {
  embedded,
  imagesOf,
  manifestFlag,
  plainManifest,
  registriesOf,
  thinFiles,
  writesOf,
} from './staging.ts';

/** As they are written in a snapshot. */
function snapshotOf(
  images: Readonly<Record<string, readonly (readonly [Content, readonly string[]])[]>>,
): string {
  return Object.entries(images)
    .map(([name, contents]) => {
      const entries = contents.map(([{ manifest }, tags]) => {
        return `    "${manifest.digest}": [${tags.map((tag) => `"${tag}"`).join(', ')}]\n`;
      });
      return `- name: ${name}\n  dmap:\n${entries.toSorted().join('')}`;
    })
    .join('');
}

const APP = image({ seed: 'app' });
const SUB = image({ seed: 'sub' });

async function twoImages(listing: 'google' | 'oci' = 'google') {
  const registry = await embedded({ listing });
  push(registry, 'foo/app', APP, 'v1.10', 'v1.9', 'latest');
  push(registry, 'foo/app/sub', SUB, '1.10');
  return registry;
}

describe.each(['google', 'oci'] as const)('a snapshot of a registry with the listing of %s', (listing) => {
  it('is the data on stdout and nothing but that', async () => {
    const registry = await twoImages(listing);
    const { status, stdout } = await runCip([`-snapshot=${registry.host}/foo`]);
    expect(status).toBe(0);
    expect(stdout).toBe(
      snapshotOf({ app: [[APP, ['latest', 'v1.10', 'v1.9']]], 'app/sub': [[SUB, ['1.10']]] }),
    );
    expect(writesOf(registry)).toEqual([]);
  });

  it('may be CSV', async () => {
    const registry = await twoImages(listing);
    const { stdout } = await runCip(['-snapshot', `${registry.host}/foo/`, '-output-format=CSV']);
    const [app, sub] = [APP.manifest.digest, SUB.manifest.digest];
    expect(stdout).toBe(
      ['latest', 'v1.10', 'v1.9'].map((tag) => `app@${app},app:${tag}\n`).join('') +
        `app/sub@${sub},app/sub:1.10\n`,
    );
  });

  it('of what holds images itself is relative to the parent, which stderr says', async () => {
    const registry = await twoImages(listing);
    const { status, stdout, stderr } = await runCip([`-snapshot=${registry.host}/foo/app`]);
    expect({ status, names: stdout.match(/^- name: .*/gm) }).toEqual({
      status: 0,
      names: ['- name: app', '- name: app/sub'],
    });
    expect(stderr).toMatch(/foo\/app holds images itself/);
  });

  it('names what cannot be read, gives the rest, and ends with 1', async () => {
    const registry = await twoImages(listing);
    registry.addFault({ kind: 'tags', path: /app\/sub/, act: { kind: 'status', status: 403 } });
    const { status, stdout, stderr } = await runCip([`-snapshot=${registry.host}/foo`, '-output=json']);
    expect(status).toBe(1);
    expect(JSON.parse(stdout)).toEqual([
      { name: 'app', dmap: { [APP.manifest.digest]: ['latest', 'v1.10', 'v1.9'] } },
    ]);
    expect(stderr).toMatch(/^ERROR +unreadable: .*\/foo\/app\/sub: .*403/m);
  });
});

describe('a snapshot', () => {
  it('of kpromo ends with one more line break, as it always did', async () => {
    const registry = await twoImages();
    const [cip, kpromo] = await Promise.all([
      runCip([`-snapshot=${registry.host}/foo`]),
      runCip(['cip', `--snapshot=${registry.host}/foo`], { program: 'kpromo' }),
    ]);
    expect(kpromo.stdout).toBe(`${cip.stdout}\n`);
  });

  it('in an unknown format is refused before anything is asked', async () => {
    const registry = await twoImages();
    const { status, stdout, stderr } = await runCip([`-snapshot=${registry.host}/foo`, '-output=xml']);
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toContain('invalid output format "xml": expected yaml, csv, json');
    expect(registry.requests).toEqual([]);
  });

  it('of an empty registry is empty, and of no repository or registry at all a failure', async () => {
    const registry = await embedded();
    const empty = await runCip([`-snapshot=${registry.host}`]);
    expect(empty).toMatchObject({ status: 0, stdout: '' });
    expect(empty.stderr).toContain(`${registry.host} is empty: it holds no image`);
    const typo = await runCip([`-snapshot=${registry.host}/foo`]);
    expect(typo).toMatchObject({ status: 1, stdout: '' });
    expect(typo.stderr).toMatch(/error.*\/foo does not exist: no repository at or below this path/i);
    await registry.close();
    const { status, stdout, stderr } = await runCip([`-snapshot=${registry.host}/foo`, '-log-format=json']);
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
    expect(stderr).toMatch(/"severity":"ERROR".*ECONNREFUSED/);
  });

  it('with a tag that no image has is empty, exit code 0, and a warning names the tag', async () => {
    const registry = await twoImages('oci');
    const run = await runCip([`-snapshot=${registry.host}/foo`, '-snapshot-tag=v9']);
    expect(run).toMatchObject({ status: 0, stdout: '' });
    expect(run.stderr).toContain(`no image at or below ${registry.host}/foo has the tag v9`);
  });

  it('says once what a registry that lists tags only does not show', async () => {
    const registry = await twoImages('oci');
    const { stderr } = await runCip([`-snapshot=${registry.host}/foo`]);
    expect(
      stderr.match(/untagged digests that no tag, index or referrer leads to are not shown/g),
    ).toHaveLength(1);
  });

  it('of a registry without a catalogue reads the repositories of a file, or of manifests', async () => {
    const registry = await twoImages('oci');
    const fault = {
      kind: 'catalog',
      times: Number.POSITIVE_INFINITY,
      act: { kind: 'status', status: 404 },
    } as const;
    registry.addFault(fault);
    const cwd = await testdir({
      list: `# those we know\n\n${registry.host}/foo/app # with the host\napp/sub\r\n`,
      'gone-list': 'app\ngone\n',
      'bad-list': 'app\n../up\n',
      ...thinFiles({
        a: { from: `${registry.host}/foo`, to: [`${registry.host}/prod`], images: { app: {} } },
      }),
      'images/a/images.yaml': imagesOf({ app: { [APP.manifest.digest]: [] } }),
    });
    const of = `-snapshot=${registry.host}/foo`;
    const names = ({ status, stdout }: CipRun) => [status, ...(stdout.match(/(?<=^- name: ).*/gm) ?? [])];
    expect(names(await runCip([of, '-snapshot-repositories=list'], { cwd }))).toEqual([0, 'app', 'app/sub']);
    expect(names(await runCip([of, '-thin-manifest-dir=.'], { cwd }))).toEqual([0, 'app']);
    const without = await runCip([of], { cwd });
    expect(without.status).toBe(1);
    expect(without.stderr).toContain('-snapshot-repositories=FILE');
    expect(without.stderr).toMatch(/^ERROR.*the registry does not list its repositories/m);
    const bad = await runCip([of, '-snapshot-repositories=bad-list'], { cwd });
    expect(bad).toMatchObject({ status: 2, stdout: '' });
    expect(bad.stderr).toContain('bad-list:2: "../up" is no repository');
    const gone = await runCip([of, '-snapshot-repositories=gone-list'], { cwd });
    expect(names(gone)).toEqual([1, 'app']);
    expect(gone.stderr).toMatch(/^ERROR +\S+\/foo\/gone: .*the repository does not exist/m);
  });

  it('of a registry that lists tags only has the untagged digests that manifests name', async () => {
    const registry = await embedded();
    push(registry, 'prod/app', APP, 'v1');
    push(registry, 'prod/app', SUB);
    const images = { app: { [APP.manifest.digest]: ['v1'], [SUB.manifest.digest]: [] } };
    const wanted = { from: 'gcr.invalid/staging', to: [`${registry.host}/prod`], images };
    const cwd = await testdir(thinFiles({ a: wanted }));
    const of = `-snapshot=${registry.host}/prod`;
    expect((await runCip([of])).stdout).toBe(snapshotOf({ app: [[APP, ['v1']]] }));
    const { stdout } = await runCip([of, '-thin-manifest-dir=.'], { cwd });
    expect(stdout).toBe(
      snapshotOf({
        app: [
          [APP, ['v1']],
          [SUB, []],
        ],
      }),
    );
  });

  it('says that it is stdout that cannot be written', async () => {
    const registry = await twoImages();
    const script = `"${process.execPath}" "${join(repositoryRoot(), 'bin/cip.js')}" -snapshot=${registry.host}/foo > /dev/full`;
    const [status, stderr] = await new Promise<[unknown, string]>((done) => {
      execFile('bash', ['-c', script], (error, _stdout, text) => done([error?.code, text]));
    });
    expect(status).toBe(1);
    expect(stderr).toContain('cannot write to stdout: ENOSPC');
  });

  it('says once what a registry lists that is no name', async () => {
    const digest = digestOf(Buffer.from('app'));
    const headers = { 'docker-content-digest': digest, 'content-type': 'x/y' };
    const server = await scriptedServer([
      { request: 'GET /v2/_catalog', answer: { status: 200, body: { repositories: ['app', 'UP', 7] } } },
      { request: 'GET /v2/app/tags/list', answer: { status: 200, body: { tags: ['v1', null] } } },
      { request: 'HEAD /v2/app/manifests/v1', answer: { status: 200, headers } },
      { request: /referrers/, answer: { status: 404 } },
    ]);
    const { status, stdout, stderr } = await runCip([`-snapshot=${server.host}`]);
    expect({ status, stdout }).toEqual({
      status: 0,
      stdout: `- name: app\n  dmap:\n    "${digest}": ["v1"]\n`,
    });
    expect(stderr.match(/^WARNING .*left out.*$/gm)).toEqual([
      expect.stringMatching(/count=3 .*example=.*UP/),
    ]);
  });

  it('shows at once what has been read and is in order, though a later repository hangs', async () => {
    const registry = await embedded();
    for (const name of ['p/a', 'p/b', 'p/hang', 'p/z']) push(registry, name, APP, 'v1');
    const hang = { kind: 'tags', path: /hang/, times: Infinity, act: { kind: 'stall' } } as const;
    registry.addFault(hang);
    const run = startCip([`-snapshot=${registry.host}/p`], { time: 'held' });
    await run.says(/- name: b\n/);
    run.kill('SIGTERM');
    const { status, stdout } = await run.ended;
    expect({ status, stdout }).toEqual({
      status: 143,
      stdout: snapshotOf({ a: [[APP, ['v1']]], b: [[APP, ['v1']]] }),
    });
  });

  it('ends at its deadline with what is in order, and with 1', async () => {
    const registry = await embedded();
    for (const name of ['p/a', 'p/hang']) push(registry, name, APP, 'v1');
    const hang = { kind: 'tags', path: /hang/, times: Infinity, act: { kind: 'stall' } } as const;
    registry.addFault(hang);
    const run = startCip([`-snapshot=${registry.host}/p`, '-deadline=1h'], { time: 'held' });
    await run.says(/- name: a\n/);
    run.passTime();
    const { status, stdout, stderr } = await run.ended;
    expect({ status, stdout }).toEqual({ status: 1, stdout: snapshotOf({ a: [[APP, ['v1']]] }) });
    expect(stderr).toMatch(/stopping at the deadline/);
  });

  it('ends quietly when its reader has gone away, and not as if all had been delivered', async () => {
    const host = await manyRepositories({ repositories: 400, digests: 100 });
    const script = `"${process.execPath}" "${join(repositoryRoot(), 'bin/cip.js')}" -snapshot=${host}/reg | head -1; echo "\${PIPESTATUS[0]}"`;
    const stdout = await new Promise<string>((done, reject) => {
      execFile('bash', ['-c', script], (error, text) => (error ? reject(error) : done(text)));
    });
    expect(stdout).toBe('- name: img-0\n1\n');
  });

  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('ends with %s as %i, soon', async (signal, status) => {
    const registry = await twoImages();
    registry.addFault({ kind: 'tags', path: /app\/sub/, act: { kind: 'stall' } });
    const cip = startCip([`-snapshot=${registry.host}/foo`, '-log-level=debug'], { time: 'held' });
    while (!registry.requests.some(({ path }) => path.includes('app/sub'))) {
      await new Promise((resolve) => setImmediate(resolve));
    }
    cip.kill(signal);
    const run = await cip.ended;
    expect(run.status, run.stderr).toBe(status);
    expect(run.stderr).toContain('stopped: the output is not complete');
  });
});

describe('a snapshot of what manifests want', () => {
  const wanted = {
    from: 'gcr.invalid/staging',
    to: ['registry.invalid/prod', 'registry.invalid/prod2'],
    images: {
      b: { [digestOf(Buffer.from('b'))]: ['v2', 'v1', 'v2'] },
      a: { [digestOf(Buffer.from('a'))]: [] },
    },
  };
  const expected = [
    '- name: a',
    '  dmap:',
    `    "${digestOf(Buffer.from('a'))}": []`,
    '- name: b',
    '  dmap:',
    `    "${digestOf(Buffer.from('b'))}": ["v1", "v2"]`,
    '',
  ].join('\n');

  it.each(['registry.invalid/prod', 'registry.invalid/prod///'])(
    'of %s needs no network',
    async (registry) => {
      const flag = `-manifest-based-snapshot-of=${registry}`;
      const plain = await runCip([flag, await manifestFlag(wanted)]);
      expect(plain).toMatchObject({ status: 0, stdout: expected });
      const cwd = await testdir(thinFiles({ a: wanted }));
      expect(await runCip([flag, '-thin-manifest-dir=.'], { cwd })).toMatchObject({
        status: 0,
        stdout: expected,
      });
    },
  );

  it('matches whole path components', async () => {
    const flag = await manifestFlag(wanted);
    const run = (registry: string) => runCip([flag, `-manifest-based-snapshot-of=${registry}`]);
    expect((await run('registry.invalid/pro')).stdout).toBe('');
    expect((await run('registry.invalid')).stdout.match(/(?<=^- name: ).*/gm)).toEqual([
      'prod/a',
      'prod/b',
      'prod2/a',
      'prod2/b',
    ]);
  });

  it('with entries that are malformed or contradict each other is what is left, and exit 1', async () => {
    const [one, two] = [digestOf(Buffer.from('1')), digestOf(Buffer.from('2'))];
    const text = plainManifest({ ...wanted, images: { app: { [one]: ['v1'], [two]: ['v1', 'x'] } } });
    const flag = await manifestFlag(`${text}- name: bad\n  dmap:\n    "sha256:1": []\n`);
    const { status, stdout, stderr } = await runCip([
      flag,
      '-manifest-based-snapshot-of=registry.invalid/prod',
    ]);
    expect(status).toBe(1);
    expect(stdout).toBe(`- name: app\n  dmap:\n    "${two}": ["x"]\n`.replace('  dmap:\n', `  dmap:\n`));
    expect(stderr).toMatch(/conflict: registry\.invalid\/prod\/app:v1/);
  });
});

describe('the round trip', () => {
  const content = fc.oneof(
    fc.nat(5).map((seed) => image({ seed: `image ${seed}` })),
    fc.nat(3).map((seed) => multiArch(`index ${seed}`, { platforms: 2 })),
    fc.nat(3).map((seed) => multiArch(`list ${seed}`, { platforms: 2, format: 'docker' })),
    fc.nat(2).map((seed) => nestedIndex(`nested ${seed}`)),
    fc.nat(2).map((seed) => helmChart(`chart ${seed}`)),
    fc.nat(2).map((seed) => artifact(`signature ${seed}`, { subject: image({ seed: 'image 0' }) })),
  );
  const tags = fc.uniqueArray(fc.constantFrom('v1', 'v1.10', '1.0', 'latest', '_x', 'A-b.C', 'null', '007'), {
    maxLength: 3,
  });
  const names = fc.constantFrom('app', 'app/sub', 'app-x', 'app.y/z', 'b', 'a/b/c/d');
  const registries = fc.array(fc.record({ name: names, content, tags }), { minLength: 1, maxLength: 8 });

  it.each(['google', 'oci'] as const)(
    'of a snapshot through a promotion gives the same bytes (%s)',
    { timeout: 240_000 },
    async (listing) => {
      await fc.assert(
        fc.asyncProperty(registries, async (pushed) => {
          const [source, destination] = [await embedded({ listing }), await embedded({ listing })];
          for (const { name, content, tags } of pushed) push(source, `staging/${name}`, content, ...tags);
          await expectRoundTrip(source, destination);
          await Promise.all([source.close(), destination.close()]);
        }),
        { numRuns: 8, seed: 20261121 },
      );
    },
  );

  async function expectRoundTrip(source: EmbeddedRegistry, destination: EmbeddedRegistry): Promise<void> {
    const before = await runCip([`-snapshot=${source.host}/staging`]);
    expect(before.status, before.stderr).toBe(0);
    const cwd = await testdir({
      'manifests/a/promoter-manifest.yaml': registriesOf(`${source.host}/staging`, [
        `${destination.host}/prod`,
      ]),
      'images/a/images.yaml': before.stdout,
    });
    const promotion = await runCip(['-thin-manifest-dir=.', '-confirm'], { cwd });
    expect(promotion.status, promotion.stderr).toBe(0);
    const after = await runCip([`-snapshot=${destination.host}/prod`]);
    expect(after.stdout).toBe(before.stdout);
  }
});

/** Kibibytes that the whole process of a large snapshot may take. */
const MAX_RSS_KIB = 400 * 1024;

describe('a registry of 2,000 repositories and 200,000 digests', () => {
  it('is printed within 400 MB, in order', { timeout: 120_000 }, async () => {
    const host = await manyRepositories({ repositories: 2000, digests: 100 });
    const cip = spawn(process.execPath, [join(repositoryRoot(), 'bin/cip.js'), `-snapshot=${host}/reg`], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    let text = '';
    let peak = 0;
    cip.stdout.setEncoding('utf8').on('data', (piece: string) => {
      text += piece;
      peak = Math.max(peak, peakOf(cip.pid ?? 0));
    });
    const status = await new Promise((done) => cip.once('close', done));
    expect(status).toBe(0);
    const names = text.match(/(?<=^- name: ).*/gm) ?? [];
    expect(names).toHaveLength(2000);
    expect(names).toEqual(names.toSorted());
    expect(text.match(/^ {4}"sha256:/gm)).toHaveLength(200_000);
    expect(peak).toBeGreaterThan(0);
    expect(peak).toBeLessThan(MAX_RSS_KIB);
  });
});

describe('a repository of Artifact Registry with 2,000 packages and 200,000 digests', () => {
  const registry = 'us-docker.pkg.dev/project/images';

  it('is read through its API within 400 MB, where it is to be minimal', { timeout: 120_000 }, async () => {
    const { env, asked } = await fakeApi({ packages: 2000, digests: 100 });
    const args = [`-snapshot=${registry}`, '-minimal-snapshot'];
    const cip = spawn(process.execPath, [join(repositoryRoot(), 'bin/cip.js'), ...args], {
      stdio: ['ignore', 'pipe', 'ignore'],
      env,
    });
    let text = '';
    let peak = 0;
    cip.stdout.setEncoding('utf8').on('data', (piece: string) => {
      text += piece;
      peak = Math.max(peak, peakOf(cip.pid ?? 0));
    });
    expect(await new Promise((done) => cip.once('close', done))).toBe(0);
    const names = text.match(/(?<=^- name: ).*/gm) ?? [];
    expect(names).toHaveLength(2000);
    expect(names).toEqual(names.toSorted());
    // one in a hundred is an index, and one its child
    expect(text.match(/^ {4}"sha256:/gm)).toHaveLength(198_000);
    expect(asked()).toBe(200);
    expect(peak).toBeGreaterThan(0);
    expect(peak).toBeLessThan(MAX_RSS_KIB);
  });

  it('may be a side of a comparison', async () => {
    const { env } = await fakeApi({ packages: 2, digests: 3 });
    const { status, stdout } = await runCip([`-snapshot=${registry}`, '-minimal-snapshot'], { env });
    expect(status).toBe(0);
    const cwd = await testdir({ before: stdout });
    const same = await runCip(['diff', 'before', registry, '-minimal-snapshot'], { cwd, env });
    expect(same).toMatchObject({ status: 0, stdout: '' });
  });

  it('is not asked for through an endpoint that is none', async () => {
    const env = { CLOUDSDK_API_ENDPOINT_OVERRIDES_ARTIFACTREGISTRY: 'nowhere' };
    const { status, stderr } = await runCip([`-snapshot=${registry}`], { env });
    expect(status).toBe(2);
    expect(stderr).toContain('is the URL of an API, not "nowhere"');
  });
});

/** Artifact Registry's list of images, scattered over the packages, a thousand a page; and how often it was asked. */
async function fakeApi(size: { packages: number; digests: number }) {
  let asked = 0;
  const total = size.packages * size.digests;
  const server = createServer((request, response) => {
    asked += 1;
    const { searchParams } = new URL(request.url ?? '', 'http://api');
    const start = Number(searchParams.get('pageToken') ?? 0);
    const end = Math.min(start + 1000, total);
    const dockerImages = Array.from({ length: end - start }, (_, index) => {
      const number = start + index;
      return apiImage(`img-${number % size.packages}`, Math.floor(number / size.packages));
    });
    response.end(JSON.stringify({ dockerImages, ...(end < total && { nextPageToken: String(end) }) }));
  });
  const host = await listening(server);
  const env = { CLOUDSDK_API_ENDPOINT_OVERRIDES_ARTIFACTREGISTRY: `http://${host}/` };
  return { env, asked: () => asked };
}

/** The first of a package is an index, the second its only child, which has no tag. */
function apiImage(name: string, number: number): unknown {
  const digest = (of: number) => digestOf(Buffer.from(`${name} ${of}`));
  const type = number === 0 ? 'index' : 'manifest';
  return {
    uri: `us-docker.pkg.dev/project/images/${name}@${digest(number)}`,
    tags: number === 1 ? [] : [`v1.${number}`, `v1.${number}-alpine`],
    mediaType: `application/vnd.oci.image.${type}.v1+json`,
    ...(number === 0 && { imageManifests: [{ digest: digest(1) }] }),
  };
}

/** The most memory that a process has had so far, in kibibytes; 0 once it has ended. */
function peakOf(pid: number): number {
  try {
    return Number(/^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0);
  } catch {
    return 0;
  }
}

/** A server with Google's listing, whose answers are made as they are asked for. Resolves to its host. */
async function manyRepositories(size: { repositories: number; digests: number }): Promise<string> {
  const server = createServer((request, response) => {
    const name = /^\/v2\/(.+)\/tags\/list$/.exec(request.url ?? '')?.[1] ?? '';
    response.end(
      JSON.stringify(name === 'reg' ? rootListing(size.repositories) : listingOf(name, size.digests)),
    );
  });
  return await listening(server);
}

/** A server for the running test. Resolves to its host. */
async function listening(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server has no port');
  return `127.0.0.1:${address.port}`;
}

function rootListing(repositories: number): unknown {
  return {
    child: Array.from({ length: repositories }, (_, number) => `img-${number}`),
    manifest: {},
    tags: [],
  };
}

function listingOf(name: string, digests: number): unknown {
  const entries = Array.from({ length: digests }, (_, number) => {
    const tag = [`v1.${number}`, `v1.${number}-alpine`];
    const times = {
      timeCreatedMs: '1700000000000',
      timeUploadedMs: '1700000000000',
      imageSizeBytes: '123456',
    };
    const mediaType = 'application/vnd.oci.image.manifest.v1+json';
    return [digestOf(Buffer.from(`${name} ${number}`)), { ...times, layerId: '', mediaType, tag }];
  });
  return { child: [], manifest: Object.fromEntries(entries), name, tags: [] };
}
