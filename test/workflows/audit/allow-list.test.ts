// Covers src/workflows/audit/parse-allow-list.ts
// Covers src/workflows/audit/draft-allow-list.ts
// Covers src/report/audit/allowances.ts

import { describe, expect, it } from 'vitest';
import { SourceFile } from '../../../src/manifest/source-file.ts';
import { mergeReports } from '../../../src/report/merge-reports.ts';
import { AllowList } from '../../../src/workflows/audit/allow-list.ts';
import { draftAllowList } from '../../../src/workflows/audit/draft-allow-list.ts';
import { parseAllowList } from '../../../src/workflows/audit/parse-allow-list.ts';
import { embeddedForTest } from '../../adapters/oci/client.ts';
import { image, multiArch, push } from '../../builders/images.ts';
import { digest, from, repository, tag } from '../../builders/manifests.ts';
import { auditManifests, findingsOf } from './auditing.ts';

function problemsOf(text: string): readonly string[] {
  const source = new SourceFile('audit-allow.yaml', text);
  parseAllowList(source);
  return source.problems.map(({ at, message, rule }) => `${at.line}:${at.column}: ${message} [${rule}]`);
}

describe('an allow-list', () => {
  it('has entries for tags, digests and whole repositories', () => {
    const text = [
      '# history',
      '- repository: "*.gcr.io/prod/*"',
      '  tag: v1.*',
      '  reason: left by the migration',
      '  expires: 2027-01-31',
      '- {repository: a.io/b, digest: "sha256:*", reason: no}',
      '- {repository: a.io/c, reason: yes}',
    ].join('\n');
    const source = new SourceFile('audit-allow.yaml', text);
    const [first, ...others] = parseAllowList(source);
    expect(source.problems).toEqual([]);
    expect(first).toEqual({
      repository: '*.gcr.io/prod/*',
      tag: 'v1.*',
      digest: undefined,
      reason: 'left by the migration',
      expires: '2027-01-31',
      at: { file: 'audit-allow.yaml', line: 2, column: 3 },
    });
    expect(others.map(({ reason }) => reason)).toEqual(['no', 'yes']);
  });

  it.each([
    [
      'a: 1',
      '1:1: an allow-list is a list of entries with repository, tag, digest, reason, expires, not a map [shape]',
    ],
    [
      '- a',
      '1:3: an entry of an allow-list is a map with repository, tag, digest, reason, expires, not text [shape]',
    ],
    ['- repository: a.io/b', '1:3: the entry has no reason [shape]'],
    [
      '- {repository: a.io/b, reason: x, tags: v1}',
      '1:35: unknown field "tags": an entry has repository, tag, digest, reason, expires [unknown-field]',
    ],
    [
      '- {repository: a.io/b, reason: x, expires: soon}',
      '1:35: expires: expected a date, YYYY-MM-DD [shape]',
    ],
    [
      '- {repository: a.io/b, reason: x, expires: 2026-02-30}',
      '1:35: expires: expected a date, YYYY-MM-DD [shape]',
    ],
    ['- {repository: a.io/b, reason: }', '1:24: reason: expected text [shape]'],
    ['- {repository: a.io/b, reason: " "}', '1:24: reason: expected text [shape]'],
    ['- {repository: a.io/b, reason: x, tag: [v1]}', '1:35: tag: expected text [shape]'],
    [
      '- {repository: a.io/b, reason: x, reason: y}',
      '1:35: the field "reason" is given twice: keep one [duplicate-key]',
    ],
    [
      '- {repository: a.io/b, reason: x, tag: v1, digest: "*"}',
      '1:44: digest: an entry has a tag or a digest, not both: write two entries [shape]',
    ],
  ])('refuses %j, with the place', (text, problem) => {
    expect(problemsOf(text)).toEqual([problem]);
  });

  it('may be empty', () => {
    expect(problemsOf('')).toEqual([]);
    expect(problemsOf('# nothing\n')).toEqual([]);
  });

  it('counts its uses, and an expired entry allows nothing', () => {
    const at = { file: 'audit-allow.yaml', line: 1, column: 3 };
    const entry = { repository: 'a.io/*', digest: undefined, reason: 'x', at };
    const list = new AllowList(
      [
        { ...entry, tag: 'v*', expires: '2026-01-01' },
        { ...entry, tag: 'w*', expires: '2025-12-31' },
      ],
      '2026-01-01',
    );
    const content = { repository: repository('a.io/b'), digest: digest('a') };
    expect(list.allows({ ...content, tag: tag('v1') })).toBe(true);
    expect(list.allows({ ...content, tag: tag('w1') })).toBe(false);
    expect(list.allows({ ...content, tag: undefined })).toBe(false);
    expect(list.uses()).toMatchObject([
      { entry: 'a.io/*:v*', isExpired: false, uses: 1 },
      { entry: 'a.io/*:w*', isExpired: true, uses: 0 },
    ]);
  });
});

const A = image({ seed: 'a' });
const B = image({ seed: 'b' });
const MULTI = multiArch('multi');
const DIGEST = A.manifest.digest;

/** Production with something of each kind that an allow-list can allow, and a manifest for a part of it. */
async function production() {
  const registry = await embeddedForTest({ listing: 'google' });
  push(registry, 'prod/app', A, 'v1', 'extra');
  push(registry, 'prod/app', B, 'v2');
  push(registry, 'prod/app', MULTI);
  push(registry, 'prod/stray', MULTI, 'v1');
  const wanted = { app: { [DIGEST]: ['v1', 'v2'] } };
  return {
    host: registry.host,
    manifests: [from('staging.example/s').to(`${registry.host}/prod`).promote(wanted)],
  };
}

describe('an audit with an allow-list', () => {
  it('finds nothing after its findings were written to the list, whose parts are all needed', async () => {
    const { manifests } = await production();
    const before = await auditManifests(manifests);
    expect(before.items.map(({ decision }) => decision).toSorted()).toEqual([
      'different',
      'unknown-digest',
      'unknown-repository',
      'unknown-tag',
    ]);
    const allow = draftAllowList(before);
    const after = await auditManifests(manifests, { allow });
    expect(findingsOf(after)).toEqual([]);
    expect(after.findings).toEqual([]);
    expect(after.summary).toMatchObject({ present: 1, allowed: 4 });
    expect(draftAllowList(after)).toBe('');
  });

  it('does not allow a moved tag by an entry for tags', async () => {
    const { host, manifests } = await production();
    const allow = `- {repository: "${host}/*", tag: "*", reason: history}`;
    const { items } = await auditManifests(manifests, { allow });
    expect(items.map(({ decision }) => decision)).toContain('different');
  });

  it('reports unused and expired entries, and an unused one of a shard not', async () => {
    const { host, manifests } = await production();
    const allow = [
      `- {repository: "${host}/*", reason: history}`,
      `- {repository: "${host}/gone", reason: history}`,
      `- {repository: "${host}/prod/app", tag: extra, reason: history, expires: 1969-01-01}`,
    ].join('\n');
    const whole = await auditManifests(manifests, { allow });
    expect(whole.findings).toMatchObject([
      { rule: 'audit-allow-unused', level: 'error', at: 'audit-allow.yaml:2:3' },
      { rule: 'audit-allow-expired', level: 'error', at: 'audit-allow.yaml:3:3' },
    ]);
    const shard = await auditManifests(manifests, { allow, shard: { index: 0, count: 1 } });
    expect(shard.findings.map(({ rule }) => rule)).toEqual(['audit-allow-expired']);
  });

  it.each([
    ['refuses a listing', 403, /tags\/list/, 'app'],
    ['has no catalog now', 503, /_catalog/, undefined],
  ])(
    'does not call an entry unused that content of a host that %s may need',
    async (_, status, path, name) => {
      const { manifests } = await production();
      const act = { kind: 'status', status } as const;
      const faulty = await embeddedForTest({ listing: 'oci', faults: [{ path, act, times: Infinity }] });
      push(faulty, 'prod/app', A, 'v1');
      const images = name === undefined ? {} : { [name]: { [DIGEST]: ['v1'] } };
      const both = [...manifests, from('staging.example/s').to(`${faulty.host}/prod`).promote(images)];
      const allow = `- {repository: "${faulty.host}/prod/old", reason: history}`;
      const shard = { index: 0, count: 1 };
      const whole = await auditManifests(both, { allow });
      const report = await auditManifests(both, { allow, shard });
      const merged = mergeReports([{ name: '0.json', report }]);
      const rules = [whole, merged].flatMap(({ findings }) => findings.map(({ rule }) => rule));
      expect(rules).not.toContain('audit-allow-unused');
    },
  );
});
