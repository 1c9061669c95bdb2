// Covers src/report/summary/cause-text.ts
// Covers src/report/summary/fold-edges.ts
// Covers src/report/summary/fold-items.ts
// Covers src/report/summary/host-table.ts
// Covers src/report/summary/item-lines.ts
// Covers src/report/summary/parse-edge-id.ts
// Covers src/report/summary/markdown-images.ts
// Covers src/report/summary/markdown-problems.ts
// Covers src/report/summary/nonzero-table.ts
// Covers src/report/summary/plain-reason.ts
// Covers src/report/summary/registry-lists.ts
// Covers src/report/summary/style.ts
// Covers src/report/summary/verdict.ts

import { describe, expect, it } from 'vitest';
import { exitCodeOf } from '../../../src/report/exit-code.ts';
import type { Repository } from '../../../src/image/repository.ts';
import { renderMarkdown } from '../../../src/report/render-markdown.ts';
import type { Report } from '../../../src/report/report.ts';
import { renderSummary, type SummaryOptions } from '../../../src/report/summary/render-summary.ts';
import { PLAIN_STYLE } from '../../../src/report/summary/style.ts';
import { down, EMPTY, nameAt, registries, release, reportOf, SCENES, unreadableAt } from './scenes.ts';

function summaryOf(report: Report, changes: Partial<SummaryOptions> = {}): string {
  const options: SummaryOptions = {
    exitCode: exitCodeOf(report, { allowLost: false }),
    allowLost: false,
    detail: 'normal',
    level: 'info',
    isOpeningPrinted: false,
    style: PLAIN_STYLE,
    ...changes,
  };
  return Array.from(renderSummary(report, options)).join('');
}

function onTerminal(columns: number, colours = false) {
  return { style: { columns, colours, shortDigests: true } };
}

const linesOf = (text: string) => text.trimEnd().split('\n');

describe.each(Object.entries(SCENES))('%s', (name, scene) => {
  it.each([80, 200])('on a terminal of %i columns', async (columns) => {
    const text = summaryOf(scene(), onTerminal(columns));
    await expect(text).toMatchFileSnapshot(`../../../fixtures/reports/summary/${name}-${columns}.txt`);
    const long = linesOf(text)
      .slice(1, -1)
      .filter((line) => line.length > columns);
    expect(long.filter((line) => line.trim().includes(' ') && !/\S{60}/.test(line))).toEqual([]);
  });

  it('in Markdown', async () => {
    await expect(renderMarkdown(scene())).toMatchFileSnapshot(`../../../fixtures/reports/summary/${name}.md`);
  });
});

describe('the first and the last line', () => {
  it.each([
    [
      'dry-run-600',
      'Plan: 30 images to 20 destinations: 600 to copy, 0 refused',
      'Would promote 30 images to 20 destinations: 600 to copy, 0 refused (exit 0)',
    ],
    [
      'promotion-2-failures',
      'Plan: 30 images to 20 destinations: 600 to copy, 0 refused',
      'Promoted 30 images to 20 destinations: 598 copied, 2 failed (exit 1)',
    ],
  ] as const)('of %s are sentences', (name, first, last) => {
    for (const detail of ['quiet', 'normal', 'verbose'] as const) {
      const lines = linesOf(summaryOf(SCENES[name](), { detail }));
      expect([lines[0], lines.at(-1)]).toEqual([first, last]);
    }
  });

  it('do not promise a promotion after exit code 1', () => {
    const report = SCENES.lost();
    expect(linesOf(summaryOf(report)).at(-1)).toMatch(/^Would promote none of .*40 lost \(exit 1\)$/);
    expect(summaryOf(report)).not.toContain('-confirm promotes');
  });
});

describe('a dry run of 600 edges', () => {
  it('fits a screen: a line for each image and tag', () => {
    expect(linesOf(summaryOf(SCENES['dry-run-600'](), onTerminal(80))).length).toBeLessThanOrEqual(44);
  });

  it('has full digests in a file, and short ones on a terminal', () => {
    const report = SCENES['dry-run-600']();
    expect(summaryOf(report).match(/sha256:[0-9a-f]{64} → 20 destinations$/gm)).toHaveLength(30);
    expect(summaryOf(report, onTerminal(80)).match(/sha256:[0-9a-f]{12} → 20 destinations$/gm)).toHaveLength(
      30,
    );
  });

  it('has every edge and full digests with -verbose', () => {
    const lines = linesOf(summaryOf(SCENES['dry-run-600'](), { ...onTerminal(200), detail: 'verbose' }));
    expect(lines.filter((line) => /^copy gcr\.io\/\S+@sha256:[0-9a-f]{64} ->/.test(line))).toHaveLength(600);
  });

  it('has two lines with -quiet', () => {
    expect(linesOf(summaryOf(SCENES['dry-run-600'](), { detail: 'quiet' }))).toHaveLength(2);
  });
});

describe('a finding', () => {
  const finding = {
    rule: 'vulnerabilities',
    level: 'error',
    message: 'app has 1 vulnerability',
    advice: 'fix it',
    at: '',
  } as const;

  it('that blocks edges is in their lines alone, and its advice is given once', () => {
    const report = reportOf({ manifests: [release(3, registries(2))] });
    const reason = `${finding.message} [${finding.rule}]`;
    const items = Array.from(report.items, (item) => ({ ...item, decision: 'blocked' as const, reason }));
    const findings = items.map(({ destination }) => ({ ...finding, edges: [destination ?? ''] }));
    const text = summaryOf({ ...report, items, findings });
    expect(text.match(/^ERROR {3}blocked .*: app has 1 vulnerability \[vulnerabilities\]/gm)).toHaveLength(3);
    expect(text.match(/app has 1 vulnerability/g)).toHaveLength(3);
    expect(text.match(/fix it/g)).toHaveLength(1);
    expect(text).toContain('\nwhat to do about vulnerabilities: fix it\n');
  });

  it.each([
    ['warns', 'warn', 'WARNING'],
    ['blocks no edge', 'error', 'ERROR  '],
  ] as const)('that %s has a line', (_what, level, prefix) => {
    const report = reportOf({ manifests: [release(1, registries(1))] });
    const edges = Array.from(report.items, ({ destination }) => destination ?? '');
    const text = summaryOf({ ...report, findings: [{ ...finding, level, edges }] });
    expect(text).toContain(`\n${prefix} check app has 1 vulnerability: fix it [vulnerabilities]\n`);
  });
});

describe('colours', () => {
  it('are the only difference of a terminal with colours', () => {
    const report = SCENES['missing-right']();
    const coloured = summaryOf(report, onTerminal(200, true));
    expect(coloured).toContain('\u001b[31maccess denied\u001b[0m at ');
    // oxlint-disable-next-line no-control-regex -- the colours
    expect(coloured.replace(/\u001b\[\d+m/g, '')).toBe(summaryOf(report, onTerminal(200)));
  });
});

describe('a cause', () => {
  it.each([
    ['registry-down', 'unreachable europe-west4-0-docker.pkg.dev', null],
    [
      'wrong-password',
      'credentials europe-west4-0-docker.pkg.dev user "robot" (docker config)',
      'user "robot" (docker config)',
    ],
    [
      'missing-right',
      'right europe-west4-0-docker.pkg.dev promoter@k8s.iam.gserviceaccount.com 403: DENIED: permission denied',
      'promoter@k8s.iam.gserviceaccount.com',
    ],
  ] as const)('of %s is one line, and its edges name it', (name, id, identity) => {
    const report = SCENES[name]();
    expect(report.causes).toMatchObject([{ id, identity, edges: 4 }]);
    expect(Array.from(report.items).filter(({ cause }) => cause === id)).toHaveLength(4);
    expect(summaryOf(report).match(/^ERROR /gm)).toHaveLength(1);
  });
});

describe('failures of single repositories', () => {
  const failing = (message: string) => (repository: Repository) =>
    repository.endsWith('-01') || repository.endsWith('-02')
      ? unreadableAt(repository, { kind: 'unavailable', message })
      : EMPTY;

  it('name them, where the rest of the host answers', () => {
    const report = reportOf({
      manifests: [release(4, registries(1))],
      stateOf: failing('500: no reason given'),
    });
    expect(summaryOf(report)).toMatch(
      /^ERROR {3}server error at \S+, 2 edges of \S+-01, \S+-02: 500: no reason given; run again later/m,
    );
  });

  it('are causes of their own, where the messages differ in more than the name', () => {
    const stateOf = (repository: Repository) => {
      const why = repository.endsWith('-01') ? 'billing disabled' : 'quota exceeded';
      return unreadableAt(repository, { kind: 'unavailable', message: `${nameAt(repository)}: ${why}` });
    };
    const report = reportOf({ manifests: [release(4, registries(1))], stateOf });
    expect(report.causes?.map(({ edges }) => edges)).toEqual([1, 3]);
    expect(summaryOf(report)).toMatch(/billing disabled[^]*quota exceeded/);
  });

  it('are told one by one in a report that knows no causes, like the journal of a killed run', () => {
    const { causes: _, ...report } = reportOf({
      manifests: [release(4, registries(1))],
      stateOf: failing('500: no reason given'),
    });
    expect(summaryOf(report).match(/^ERROR {3}unreadable /gm)).toHaveLength(2);
  });
});

describe('Markdown', () => {
  it('of 30 images and 22 destinations has less than 8 KB, and names every destination', () => {
    const destinations = registries(22);
    const text = renderMarkdown(reportOf({ manifests: [release(30, destinations)] }));
    expect(Buffer.byteLength(text)).toBeLessThan(8 * 1024);
    for (const name of destinations) expect(text).toContain(name.split('/')[0]);
    expect(text.match(/^\| kube-component-\d\d \|/gm)).toHaveLength(30);
  });

  it('counts what does not fit by image, and fits a comment', () => {
    const text = renderMarkdown(reportOf({ manifests: [release(400, registries(22))] }));
    expect(Buffer.byteLength(text)).toBeLessThan(65_536);
    const counted = Array.from(text.matchAll(/kube-component-\d+ 22\b/g)).length;
    const others = Number(/and (\d+) edges of \d+ other images/.exec(text)?.[1] ?? 0);
    const rows = Array.from(text.matchAll(/^\| kube-component-/gm)).length;
    expect((rows + counted) * 22 + others).toBe(400 * 22);
  });

  it('begins with problems, and has the lines of the manifests', () => {
    const frameOf = (at: string) => `> ${at}`;
    const text = renderMarkdown(SCENES.conflicts(), { frameOf });
    expect(text.indexOf('### Problems')).toBeLessThan(text.indexOf('### To copy'));
    expect(text).toMatch(/\n {2}```\n {2}> registry\.k8s\.io\/images\/\S+:24:80\n {2}```\n/);
  });

  it('has the exit code of the process', () => {
    expect(renderMarkdown(SCENES['dry-run-600'](), { exitCode: 143 })).toContain('(exit 143)**');
  });
});

describe('registries that are down', () => {
  it('are one line each, whatever the number of their edges', () => {
    const report = reportOf({
      manifests: [release(1000, registries(22))],
      stateOf: down,
    });
    const text = summaryOf(report);
    expect(text.match(/^ERROR {3}no answer at \S+, 1000 edges: /gm)).toHaveLength(22);
    expect(linesOf(text).length).toBeLessThan(40);
    expect(renderMarkdown(report).length).toBeLessThan(16_000);
  });
});
