// Covers src/workflows/audit/audit-scope.ts
// Covers src/workflows/audit/find-unknown-content.ts
// Covers src/workflows/audit/finding.ts
// Covers src/workflows/audit/holdings.ts
// Covers src/workflows/audit/judge-edges.ts
// Covers src/workflows/audit/judge-listing.ts
// Covers src/workflows/audit/judge-repository.ts
// Covers src/workflows/audit/make-audit.ts
// Covers src/workflows/audit/manifest-relations.ts
// Covers src/workflows/audit/walk-production.ts
// Covers src/report/audit/audit.ts

import { describe, expect, it } from 'vitest';
import type { EmbeddedRegistry } from '../../../src/embedded-registry/embedded-registry.ts';
import { embeddedForTest } from '../../adapters/oci/client.ts';
import { artifact, type Content, image, index, multiArch, nestedIndex, push } from '../../builders/images.ts';
import { type Images, inFile } from '../../builders/manifests.ts';
import { auditManifests, type AuditingOptions, findingsOf } from './auditing.ts';

const LISTINGS = ['google', 'oci'] as const;

function wants({ host }: EmbeddedRegistry, images: Images) {
  return inFile('m.yaml').from(`${host}/staging`).to(`${host}/prod`).promote(images);
}

function digestOf({ manifest }: Content) {
  return manifest.digest;
}

function tagFor(content: Content, suffix = '') {
  return `${digestOf(content).replace(':', '-')}${suffix}`;
}

/** The findings below `prod`, without the host. */
async function audited(registry: EmbeddedRegistry, images: Images, options: AuditingOptions = {}) {
  const report = await auditManifests([wants(registry, images)], options);
  return { report, found: findingsOf(report).map((text) => text.replace(`${registry.host}/prod/`, '')) };
}

const A = image({ seed: 'a' });
const B = image({ seed: 'b' });
const MULTI = multiArch('multi');
const NESTED = nestedIndex('nested');

describe.each(LISTINGS)('an audit of a registry with the listing of %s', (listing) => {
  it('finds nothing where production is as the manifests say', async () => {
    const registry = await embeddedForTest({ listing });
    push(registry, 'prod/app', A, 'v1');
    push(registry, 'prod/app', NESTED, 'v2');
    push(registry, 'prod/bare', B);
    const { report, found } = await audited(registry, {
      app: { [digestOf(A)]: ['v1'], [digestOf(NESTED)]: ['v2'] },
      bare: { [digestOf(B)]: [] },
    });
    expect(found).toEqual([]);
    expect(report.summary).toMatchObject({ edges: 3, present: 3 });
  });

  it('finds unknown tags, moved tags and missing edges', async () => {
    const registry = await embeddedForTest({ listing });
    push(registry, 'prod/app', A, 'v1', 'extra');
    push(registry, 'prod/app', B, 'v2', 'other');
    const { report, found } = await audited(registry, {
      app: { [digestOf(A)]: ['v1', 'v2', 'v3'] },
      gone: { [digestOf(A)]: ['v1'], [digestOf(B)]: [] },
    });
    expect(found).toEqual([
      'unknown-tag app:extra',
      'unknown-tag app:other',
      'different app:v2',
      'missing app:v3',
      'missing gone:v1',
      `missing gone@${digestOf(B)}`,
    ]);
    expect(report.items.find(({ decision }) => decision === 'different')).toMatchObject({
      digest: digestOf(A),
      found: digestOf(B),
      at: expect.stringMatching(/^m\.yaml:\d+:\d+$/),
    });
  });

  it('finds repositories that no manifest names, and leaves out sources and other prefixes', async () => {
    const registry = await embeddedForTest({ listing });
    push(registry, 'prod/app', A, 'v1');
    push(registry, 'prod/stray/deep', B, 'v1', 'v2');
    push(registry, 'prod2/app', B, 'v1');
    push(registry, 'staging/app', B, 'v1');
    const { report, found } = await audited(registry, { app: { [digestOf(A)]: ['v1'] } });
    expect(found).toEqual(['unknown-repository stray/deep']);
    expect(report.items[0]?.reason).toBe('no manifest names this repository, which has 2 tags');
  });

  it('leaves out what is in a source registry below a destination, unless that is a destination too', async () => {
    const registry = await embeddedForTest({ listing });
    const { host } = registry;
    for (const name of ['app', 'staging/app', 'staging/other', 'live/app', 'live/other']) {
      push(registry, `prod/${name}`, A, 'v1');
    }
    const images = { app: { [digestOf(A)]: ['v1'] } };
    const promotion = inFile('m.yaml').from(`${host}/prod/staging`).to(`${host}/prod`, `${host}/prod/live`);
    const mirror = inFile('n.yaml').from(`${host}/prod/live`).to(`${host}/mirror`);
    const report = await auditManifests([promotion.promote(images), mirror.promote({})]);
    expect(findingsOf(report)).toEqual([`unknown-repository ${host}/prod/live/other`]);
  });

  it('does not report unknown content where malformed manifests may allow it, but the rest', async () => {
    const registry = await embeddedForTest({ listing });
    push(registry, 'prod/app', A, 'v1', 'extra');
    push(registry, 'prod/app', B, 'v2');
    push(registry, 'prod/stray', B, 'v1');
    const images = { app: { [digestOf(A)]: ['v1', 'v2', 'v3'] } };
    const allow = `- {repository: "${registry.host}/prod/stray", reason: history}`;
    const at = { file: 'm.yaml', line: 1, column: 1 };
    const problems = [
      { severity: 'error', rule: 'digest', message: 'invalid digest', at, frame: '' },
    ] as const;
    const { report, found } = await audited(registry, images, { problems, allow });
    expect(found).toEqual(['different app:v2', 'missing app:v3', 'invalid null']);
    expect(report.findings.map(({ rule }) => rule).filter((rule) => rule !== 'audit-tags-only')).toEqual([
      'audit-malformed',
    ]);
  });

  it('finds a child with a tag that no manifest allows', async () => {
    const registry = await embeddedForTest({ listing });
    push(registry, 'prod/app', MULTI, 'v1');
    const [child] = MULTI.children;
    push(registry, 'prod/app', child ?? A, 'v1-amd64');
    const { found } = await audited(registry, { app: { [digestOf(MULTI)]: ['v1'] } });
    expect(found).toEqual(['unknown-tag app:v1-amd64']);
  });

  it('explains signatures, attestations and SBOMs by tag, those of children and of signatures too', async () => {
    const registry = await embeddedForTest({ listing });
    const [child = A] = MULTI.children;
    const signature = artifact('signature');
    push(registry, 'prod/app', MULTI, 'v1');
    push(registry, 'prod/app', signature, tagFor(MULTI, '.sig'));
    push(registry, 'prod/app', artifact('attestation'), tagFor(MULTI, '.att'));
    push(registry, 'prod/app', artifact('sbom'), tagFor(child, '.sbom'));
    push(registry, 'prod/app', artifact('second'), tagFor(signature, '.sig'));
    push(
      registry,
      'prod/app',
      index({ children: [artifact('referrer', { subject: MULTI })] }),
      tagFor(MULTI),
    );
    const { found } = await audited(registry, { app: { [digestOf(MULTI)]: ['v1'] } });
    expect(found).toEqual([]);
  });

  it('finds a signature whose subject no manifest allows and nothing has', async () => {
    const registry = await embeddedForTest({ listing });
    push(registry, 'prod/app', A, 'v1');
    push(registry, 'prod/app', artifact('signature'), tagFor(B, '.sig'));
    const { found } = await audited(registry, { app: { [digestOf(A)]: ['v1'] } });
    expect(found).toEqual([`unknown-tag app:${tagFor(B, '.sig')}`]);
  });

  it('names an unknown image once, without its children and signatures', async () => {
    const registry = await embeddedForTest({ listing });
    push(registry, 'prod/app', A, 'v1');
    push(registry, 'prod/app', MULTI, 'evil');
    push(registry, 'prod/app', artifact('signature'), tagFor(MULTI, '.sig'));
    const { found } = await audited(registry, { app: { [digestOf(A)]: ['v1'] } });
    expect(found).toEqual(['unknown-tag app:evil']);
  });
});

describe("an audit of Google's listing", () => {
  const google = () => embeddedForTest({ listing: 'google', now: () => 1_700_000_000_000 });

  it('finds untagged digests, and tells when they were uploaded', async () => {
    const registry = await google();
    push(registry, 'prod/app', A, 'v1');
    push(registry, 'prod/app', MULTI);
    const { report, found } = await audited(registry, { app: { [digestOf(A)]: ['v1'] } });
    expect(found).toEqual([`unknown-digest app@${digestOf(MULTI)}`]);
    expect(report.items[0]?.uploaded).toBe('2023-11-14T22:13:20.000Z');
  });

  it('explains referrers of allowed digests and of their children, with their own children', async () => {
    const registry = await google();
    const [child = A] = MULTI.children;
    push(registry, 'prod/app', MULTI, 'v1');
    push(registry, 'prod/app', artifact('one', { subject: MULTI }));
    push(registry, 'prod/app', index({ children: [artifact('part')], subject: child }));
    const { found } = await audited(registry, { app: { [digestOf(MULTI)]: ['v1'] } });
    expect(found).toEqual([]);
  });

  it('explains the children that a deleted index has left, by its source', async () => {
    const registry = await google();
    push(registry, 'staging/app', MULTI, 'v1');
    push(registry, 'prod/app', A, 'v1');
    for (const child of MULTI.children) push(registry, 'prod/app', child);
    const images = { app: { [digestOf(A)]: ['v1'], [digestOf(MULTI)]: ['v2'] } };
    expect((await audited(registry, images)).found).toEqual(['missing app:v2']);
  });
});

describe('what an audit costs', () => {
  it('is a listing of each repository and destination, where nothing has to be explained', async () => {
    const registry = await embeddedForTest({ listing: 'google' });
    const names = ['app', 'group/app', 'group/tool'];
    for (const name of names) push(registry, `prod/${name}`, A, 'v1');
    const wanted = Object.fromEntries(names.map((name) => [name, { [digestOf(A)]: ['v1'] }]));
    const { found } = await audited(registry, wanted);
    expect(found).toEqual([]);
    const paths = registry.requests.map(({ method, path }) => `${method} ${path}`).toSorted();
    expect(paths).toEqual([
      'GET /v2/prod/app/tags/list',
      'GET /v2/prod/group/app/tags/list',
      'GET /v2/prod/group/tags/list',
      'GET /v2/prod/group/tool/tags/list',
      'GET /v2/prod/tags/list',
    ]);
  });

  it('is one manifest for each index with children, over all hosts', async () => {
    const registries = await Promise.all([1, 2, 3].map(() => embeddedForTest({ listing: 'google' })));
    for (const registry of registries) push(registry, 'prod/app', MULTI, 'v1');
    const manifest = inFile('m.yaml')
      .from('staging.example/s')
      .to(...registries.map(({ host }) => `${host}/prod`))
      .promote({ app: { [digestOf(MULTI)]: ['v1'] } });
    expect(findingsOf(await auditManifests([manifest]))).toEqual([]);
    const kinds = registries.flatMap(({ requests }) => requests.map(({ kind }) => kind)).toSorted();
    expect(kinds).toEqual(['manifest-get', ...Array<string>(6).fill('tags')]);
  });

  it('is a HEAD request for each tag, and the catalog once, where a listing has tags only', async () => {
    const registry = await embeddedForTest({ listing: 'oci' });
    push(registry, 'prod/app', A, 'v1', 'v2');
    push(registry, 'other/app', A, 'v1');
    const manifests = ['prod', 'other'].map((root) =>
      inFile(`${root}.yaml`)
        .from('staging.example/s')
        .to(`${registry.host}/${root}`)
        .promote({ app: { [digestOf(A)]: ['v1'] } }),
    );
    await auditManifests(manifests);
    const kinds = registry.requests.map(({ kind }) => kind);
    const counts = (kind: string) => kinds.filter((one) => one === kind).length;
    expect([counts('manifest-head'), counts('catalog'), counts('manifest-get')]).toEqual([3, 1, 0]);
  });
});

describe('an audit of a large registry', () => {
  const many = Array.from({ length: 150_000 }, (_, index) => index);

  function answer(path: RegExp, body: unknown) {
    const headers = { 'Content-Type': 'application/json' };
    const act = { kind: 'status', status: 200, headers, body: JSON.stringify(body) } as const;
    return { path, times: Infinity, act };
  }

  it('reads a catalog page of any length', async () => {
    const repositories = [...many.map((number) => `other/r${number}`), 'prod/stray'];
    const registry = await embeddedForTest({ faults: [answer(/_catalog/, { repositories })] });
    push(registry, 'prod/stray', A, 'v1');
    expect((await audited(registry, {})).found).toEqual(['unknown-repository stray']);
  });

  it('reports an unknown repository with any number of tags once', async () => {
    const digests = many.map((number) => `sha256:${number.toString(16).padStart(64, '0')}`);
    const about = { tag: [], mediaType: A.manifest.mediaType, timeUploadedMs: '1000' };
    const manifest = Object.fromEntries(
      digests.map((name, index) => [name, { ...about, tag: [`t${index}`] }]),
    );
    const body = { name: 'prod/stray', child: [], tags: many.map((index) => `t${index}`), manifest };
    const faults = [answer(/prod\/stray\/tags/, body)];
    const registry = await embeddedForTest({ listing: 'google', faults });
    push(registry, 'prod/stray', A, 'v1');
    const { report, found } = await audited(registry, {});
    expect(found).toEqual(['unknown-repository stray']);
    expect(report.items[0]).toMatchObject({
      uploaded: '1970-01-01T00:00:01.000Z',
      reason: 'no manifest names this repository, which has 150000 tags',
    });
  });
});

describe('what an audit cannot see', () => {
  it('is said once for each host that lists tags only', async () => {
    const registry = await embeddedForTest({ listing: 'oci' });
    for (const name of ['app', 'tool']) push(registry, `prod/${name}`, A, 'v1');
    const wanted = { [digestOf(A)]: ['v1'] };
    const { report } = await audited(registry, { app: wanted, tool: wanted });
    expect(report.findings).toEqual([
      {
        rule: 'audit-tags-only',
        level: 'warn',
        message: `${registry.host} lists no untagged digests, so only those that manifests name were looked for`,
        at: '',
        edges: [],
      },
    ]);
  });

  it('are the repositories of a host without a catalog: a warning', async () => {
    const faults = [{ path: /_catalog/, times: 99, act: { kind: 'status', status: 404 } }] as const;
    const registry = await embeddedForTest({ listing: 'oci', faults });
    push(registry, 'prod/app', A, 'v1');
    const { report, found } = await audited(registry, { app: { [digestOf(A)]: ['v1'] } });
    expect(found).toEqual([]);
    const unlisted = report.findings.filter(({ rule }) => rule === 'audit-unlisted');
    expect(unlisted).toMatchObject([{ level: 'warn', message: expect.stringContaining('1 destination') }]);
  });

  it('is unreadable where the registry does not answer, edge by edge, with its cause', async () => {
    const faults = [{ path: /prod\/app/, times: 999, act: { kind: 'status', status: 403 } }] as const;
    const registry = await embeddedForTest({ listing: 'google', faults });
    push(registry, 'prod/app', A, 'v1', 'v2');
    push(registry, 'prod/tool', A, 'v1', 'extra');
    const images = { app: { [digestOf(A)]: ['v1', 'v2'] }, tool: { [digestOf(A)]: ['v1'] } };
    const { report, found } = await audited(registry, images);
    expect(found).toEqual(['unreadable app:v1', 'unreadable app:v2', 'unknown-tag tool:extra']);
    expect(report.causes).toMatchObject([{ kind: 'right', edges: 2 }]);
  });

  it('are the parts of an index that cannot be read: no alarm', async () => {
    const faults = [
      { path: /prod\/app\/manifests/, times: 999, act: { kind: 'status', status: 403 } },
    ] as const;
    const registry = await embeddedForTest({ listing: 'google', faults });
    push(registry, 'prod/app', MULTI, 'v1');
    const { found } = await audited(registry, { app: { [digestOf(MULTI)]: ['v1'] } });
    expect(found).toEqual([`unreadable app@${digestOf(MULTI)}`]);
  });

  it('is not checked where the run is stopped', async () => {
    const registry = await embeddedForTest({ listing: 'google' });
    push(registry, 'prod/app', A, 'v1');
    const stopping = AbortSignal.abort(new Error('stopped'));
    const { report, found } = await audited(registry, { app: { [digestOf(A)]: ['v1'] } }, { stopping });
    expect(found).toEqual(['not-checked app:v1']);
    expect(report).toMatchObject({ stopped: true, summary: { edges: 1, 'not-checked': 1 } });
  });
});

describe('an audit of manifests in conflict', () => {
  it('reports each claim, and accepts the digest of either', async () => {
    const registry = await embeddedForTest({ listing: 'google' });
    push(registry, 'prod/app', A, 'v1');
    const { found } = await audited(registry, { app: { [digestOf(A)]: ['v1'], [digestOf(B)]: ['v1'] } });
    expect(found).toEqual(['conflict app:v1', 'conflict app:v1']);
  });
});

describe('a shard of an audit', () => {
  it('has destination registries with everything below them, each in one shard', async () => {
    const registries = await Promise.all([1, 2, 3, 4].map(() => embeddedForTest({ listing: 'google' })));
    for (const registry of registries) push(registry, 'prod/stray', A, 'v1');
    const manifest = inFile('m.yaml')
      .from('staging.example/s')
      .to(...registries.map(({ host }) => `${host}/prod`))
      .promote({ app: { [digestOf(A)]: ['v1'] } });
    const whole = findingsOf(await auditManifests([manifest]));
    const shards = await Promise.all(
      [0, 1, 2].map((shard) => auditManifests([manifest], { shard: { index: shard, count: 3 } })),
    );
    expect(shards.flatMap(findingsOf).toSorted()).toEqual(whole.toSorted());
    expect(whole).toHaveLength(8);
    const listings = registries.flatMap(({ requests }) => requests.map(({ path }) => path));
    expect(listings.filter((path) => path === '/v2/prod/stray/tags/list')).toHaveLength(8);
  });
});
