// Covers src/report/audit/advise-audit.ts
// Covers src/report/audit/changes.ts
// Covers src/report/audit/fold-audit.ts
// Covers src/report/audit/merge-audits.ts

import { describe, expect, it } from 'vitest';
import { makeReportPage } from '../../../src/report/html/report-page.ts';
import { mergeReports } from '../../../src/report/merge-reports.ts';
import { parseReport } from '../../../src/report/parse-report.ts';
import { renderJson } from '../../../src/report/render-json.ts';
import { renderMarkdown } from '../../../src/report/render-markdown.ts';
import type { Audit, AuditChange, AuditItem } from '../../../src/report/audit/audit.ts';
import { exitCodeOf } from '../../../src/report/exit-code.ts';
import { renderSummary } from '../../../src/report/summary/render-summary.ts';
import { PLAIN_STYLE } from '../../../src/report/summary/style.ts';
import { digest, from, registryName } from '../../builders/manifests.ts';
import { embeddedForTest } from '../../adapters/oci/client.ts';
import { image, push } from '../../builders/images.ts';
import { auditManifests, findingsOf } from '../../workflows/audit/auditing.ts';

const A = digest('a');
const B = digest('b');
const TIME = '2026-01-02T03:04:05.000Z';

function item(fields: Partial<AuditItem>): AuditItem {
  const none = { destination: null, digest: null, found: null, uploaded: null, at: '' };
  return { ...none, decision: 'unknown-tag', reason: 'no manifest allows this tag', ...fields };
}

function tagged(repository: string, tag: string, uploaded: string | null = null): AuditItem {
  return item({ destination: `${repository}:${tag}`, digest: A, uploaded });
}

const CHANGES: readonly AuditChange[] = [
  { change: 'moved', destination: 'a.io/p/app:v1', digest: A, before: B, uploaded: TIME },
  { change: 'deleted', destination: `a.io/p/app@${B}`, digest: B, before: null, uploaded: null },
];

async function reportOf(items: readonly AuditItem[], fields: Partial<Audit> = {}): Promise<Audit> {
  const empty = await auditManifests([]);
  const summary = { ...empty.summary };
  for (const { decision } of items) summary[decision] += 1;
  return { ...empty, summary, items, ...fields };
}

function linesOf(report: Audit): readonly string[] {
  const exitCode = exitCodeOf(report, { allowLost: false });
  const options = { allowLost: false, detail: 'normal', level: 'info', isOpeningPrinted: false } as const;
  return Array.from(renderSummary(report, { ...options, exitCode, style: PLAIN_STYLE }))
    .join('')
    .split('\n');
}

describe('the text of an audit', () => {
  it('has a line for each repository and cause, over all of its registries, and the verdict last', async () => {
    const registries = ['a.io/p', 'b.io/p', 'c.io/p'];
    const lines = linesOf(
      await reportOf([
        ...registries.flatMap((name) => [tagged(`${name}/app`, 'v1', TIME), tagged(`${name}/app`, 'v2')]),
        tagged('a.io/p/tool', 'v1'),
        item({ decision: 'unknown-digest', destination: `a.io/p/tool@${B}`, digest: B, reason: 'unknown' }),
        item({
          decision: 'unknown-repository',
          destination: 'a.io:80/p/stray',
          reason: 'no manifest names it',
        }),
      ]),
    );
    expect(lines[0]).toMatch(/^Audit: /);
    expect(lines.filter((line) => line.startsWith('ERROR'))).toEqual([
      `ERROR   unknown-tag p/app: 2 tags v1, v2 → 3 destinations: no manifest allows this tag (last uploaded ${TIME})`,
      `ERROR   unknown-repository a.io:80/p/stray: no manifest names it`,
      `ERROR   unknown-tag a.io/p/tool:v1 ${A}: no manifest allows this tag`,
      `ERROR   unknown-digest a.io/p/tool@${B}: unknown`,
    ]);
    expect(lines.at(-2)).toMatch(
      /^Audited .*: 0 present, 7 unknown by tag, 1 unknown by digest, 1 unknown repository \(exit 1\)$/,
    );
  });

  it('has one advice for all that is unknown', async () => {
    const unknown = ['unknown-tag', 'unknown-digest'] as const;
    const items = unknown.map((decision) => item({ decision, destination: 'a.io/p/app:v1', digest: A }));
    const advice = linesOf(await reportOf(items)).filter((line) => line.startsWith('what to do'));
    expect(advice).toHaveLength(1);
  });

  it('lists changes', async () => {
    const lines = linesOf(await reportOf([], { sinceSnapshot: CHANGES }));
    expect(lines).toContain(`moved a.io/p/app:v1 ${A}, was ${B} (uploaded ${TIME})`);
    expect(lines).toContain(`deleted a.io/p/app@${B}`);
  });
});

describe('other forms of an audit', () => {
  it('are JSON that is read as it was written', async () => {
    const report = await reportOf([tagged('a.io/p/app', 'v1', TIME)], { sinceSnapshot: CHANGES });
    expect(parseReport(Array.from(renderJson(report)).join(''))).toEqual(report);
  });

  it('are Markdown with the verdict, problems and changes', async () => {
    const markdown = renderMarkdown(await reportOf([tagged('a.io/p/app', 'v1')], { sinceSnapshot: CHANGES }));
    expect(markdown).toMatch(/^## Audit of production\n\n\*\*Audited /);
    expect(markdown).toContain('- **unknown-tag** a.io/p/app:v1');
    expect(markdown).toContain('| moved | a.io/p/app:v1 |');
  });

  it('are a page with a row for each image, and the changes', async () => {
    const report = await reportOf(
      [tagged('a.io/p/app', 'v1'), item({ decision: 'unknown-repository', destination: 'a.io/p/stray' })],
      { sinceSnapshot: CHANGES },
    );
    const page = makeReportPage(report, 1);
    expect(page.matrix.rows).toHaveLength(2);
    expect(page.matrix.results.map(({ name, kind }) => `${name} ${kind}`)).toEqual([
      'unknown-tag problem',
      'unknown-repository problem',
    ]);
    expect(page.tables.map(({ title }) => title)).toContain('Changes since the snapshot');
  });
});

describe('merged shards of an audit', () => {
  it('are as one run had done it, with the unused entries of the allow-list that no shard needs', async () => {
    const registries = await Promise.all([1, 2, 3].map(() => embeddedForTest({ listing: 'google' })));
    for (const registry of registries) push(registry, 'prod/app', image({ seed: 'a' }), 'v1', 'extra');
    const [first] = registries;
    const manifest = from('staging.example/s')
      .to(...registries.map(({ host }) => `${host}/prod`))
      .promote({ app: { [image({ seed: 'a' }).manifest.digest]: ['v1'] } });
    const allow = [
      `- {repository: "${first?.host}/*", tag: extra, reason: history}`,
      '- {repository: "*", tag: gone, reason: history}',
    ].join('\n');
    const since = registries.map(({ host }) => ({ registry: registryName(`${host}/prod`), images: [] }));
    const whole = await auditManifests([manifest], { allow, since });
    const shards = await Promise.all(
      [0, 1].map(async (number) => ({
        name: `${number}.json`,
        report: await auditManifests([manifest], { allow, since, shard: { index: number, count: 2 } }),
      })),
    );
    expect(shards.flatMap(({ report }) => report.findings)).toEqual([]);
    const merged = mergeReports(shards);
    expect(findingsOf(merged)).toEqual(findingsOf(whole));
    expect(merged.sinceSnapshot).toHaveLength(6);
    expect(merged).toMatchObject({
      summary: whole.summary,
      findings: whole.findings,
      allowances: whole.allowances,
      sinceSnapshot: whole.sinceSnapshot,
    });
    expect(whole.findings).toMatchObject([{ rule: 'audit-allow-unused', at: 'audit-allow.yaml:2:3' }]);
  });
});
