// Covers src/workflows/audit/audit-scope.ts
// Covers src/workflows/audit/find-strangers.ts
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
