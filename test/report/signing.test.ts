import { describe, expect, it } from 'vitest';
import { noEdges } from '../../src/plan/plan.ts';
import { exitCodeOf } from '../../src/report/exit-code.ts';
import { makeReport } from '../../src/report/make-report.ts';
import { mergeReports } from '../../src/report/merge-reports.ts';
import { parseReport } from '../../src/report/parse-report.ts';
import { renderJson } from '../../src/report/render-json.ts';
import { renderMarkdown } from '../../src/report/render-markdown.ts';
import type { PromotionReport } from '../../src/report/report.ts';
import { verdictOf } from '../../src/report/summary/verdict.ts';
import type { SignedPlace, SigningOutcome } from '../../src/sign/signing.ts';
import { kept } from '../builders/kept.ts';
import { digest, repository } from '../builders/manifests.ts';

const A = digest('a');

function placeOf(outcome: SigningOutcome, name = 'p.io/app', reason = ''): SignedPlace {
  const missing = outcome === 'present' ? [] : (['attestation', 'signature'] as const);
  return { repository: repository(name), digest: A, outcome, missing, reason };
}

function reportOf(
  places: readonly SignedPlace[],
  changes: Partial<Parameters<typeof makeReport>[0]> = {},
): PromotionReport {
  return kept(
    makeReport({
      mode: 'promotion',
      startedAt: 0,
      durationMs: 1,
      stopped: false,
      manifests: { projects: 1, images: 1, digests: 1, destinations: 1 },
      problems: [],
      traffic: new Map(),
      edges: 1,
      plan: { items: [], counts: { ...noEdges(), present: 1 }, hosts: {}, newRepositories: [] },
      readings: new Map(),
      outcomes: new Map(),
      signing: { places, made: 2 },
      ...changes,
    }),
  );
}

const exitOf = (report: PromotionReport) => exitCodeOf(report, { allowLost: false });

describe('a report of a run that signs', () => {
  it('counts images, and has those that were not signed before', () => {
    const { signing } = reportOf([
      placeOf('present'),
      placeOf('signed', 'p.io/b'),
      placeOf('failed', 'p.io/c', '403'),
    ]);
    expect(signing?.summary).toEqual({
      present: 1,
      signed: 1,
      unsigned: 0,
      failed: 1,
      'not-attempted': 0,
      attested: 1,
      made: 2,
    });
    expect(signing?.items).toMatchObject([
      { destination: `p.io/b@${A}`, outcome: 'signed', missing: ['attestation', 'signature'], reason: '' },
      { destination: `p.io/c@${A}`, outcome: 'failed', reason: '403' },
    ]);
  });

  it.each([
    [[placeOf('present'), placeOf('signed')], 0, '1 signed (exit 0)'],
    [[placeOf('failed', 'p.io/app', '403')], 1, '1 unsigned (exit 1)'],
    [[placeOf('not-attempted')], 1, '1 unsigned (exit 1)'],
    [[placeOf('unsigned')], 0, '1 to sign (exit 0)'],
  ] as const)('of %j ends with %i', (places, code, verdict) => {
    const report = reportOf(places);
    expect(exitOf(report)).toBe(code);
    expect(verdictOf(report, code)).toContain(verdict);
  });

  it('names the images of one refusal of a registry in one finding, with its remedy', () => {
    const places = ['a', 'b', 'c'].map((name) => ({
      ...placeOf(
        'failed',
        `p.io/${name}`,
        `PUT https://p.io/v2/${name}/manifests/sha256:…: 405: UNSUPPORTED`,
      ),
      fault: { kind: 'refused', host: 'p.io', message: '405: UNSUPPORTED' } as const,
    }));
    const { findings } = reportOf([...places, placeOf('failed', 'p.io/d', 'rekor: 503')]);
    expect(findings.map(({ message }) => message)).toEqual([
      `not signed: p.io/a@${A}, p.io/b@${A}, p.io/c@${A}: p.io: 405: UNSUPPORTED`,
      `not signed: p.io/d@${A}: rekor: 503`,
    ]);
    expect(findings[0]?.advice).toBe(
      'check the names of the images and the settings of p.io; p.io must allow referrers, and tags that begin with sha256-; the images are promoted: the next run signs them',
    );
  });

  it('names the images of each reason, in Markdown too', () => {
    const failed = ['p.io/a', 'p.io/b'].map((name) => placeOf('failed', name, 'GET x: 403'));
    const report = reportOf([...failed, placeOf('failed', 'p.io/c', 'no token')]);
    expect(report.findings).toMatchObject([
      { rule: 'unsigned', level: 'error', edges: [`p.io/a@${A}`, `p.io/b@${A}`] },
      { rule: 'unsigned', level: 'error', edges: [`p.io/c@${A}`] },
    ]);
    expect(renderMarkdown(report)).toContain(`not signed: p.io/c@${A}: no token`);
  });

  it.each([[[]], [[placeOf('signed')]]])('is read again as it was written: %j', (places) => {
    const report = reportOf(places);
    expect(parseReport(Array.from(renderJson(report)).join(''))).toEqual(report);
  });

  it('is merged with those of other shards', () => {
    const reports = [0, 1].map((index) => ({
      name: `${index}.json`,
      report: reportOf([placeOf('signed', `p.io/${index}`)], { shard: { index, count: 2, input: A } }),
    }));
    const { signing } = mergeReports(reports);
    expect(signing?.summary).toMatchObject({ signed: 2, attested: 2, made: 4 });
    expect(signing?.items.map(({ destination }) => destination)).toEqual([`p.io/0@${A}`, `p.io/1@${A}`]);
  });
});
