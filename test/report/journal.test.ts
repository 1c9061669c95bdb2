import { describe, expect, it } from 'vitest';
import { isJournal, renderJournalHead, renderJournalItem } from '../../src/report/journal.ts';
import { parseReport } from '../../src/report/parse-report.ts';
import type { PromotionItem, RunReport } from '../../src/report/report.ts';
import { noEdges } from '../../src/plan/plan.ts';
import { digest } from '../builders/manifests.ts';

const A = digest('a');
const STARTED = '2026-11-28T07:00:00.000Z';

const HEAD: RunReport = {
  version: 1,
  mode: 'promotion',
  startedAt: STARTED,
  durationMs: 1000,
  stopped: true,
  manifests: { projects: 1, images: 1, digests: 1 },
  summary: { edges: 4, ...noEdges(), copy: 3, lost: 1, invalid: 0, copied: 0, failed: 0, 'not-attempted': 3 },
  findings: [],
  items: [],
  hosts: {},
};

function item(tag: string, changes: Partial<PromotionItem> = {}): PromotionItem {
  return {
    decision: 'copy',
    source: `s.io/s/app@${A}`,
    destination: `p.io/p/app:${tag}`,
    digest: A,
    outcome: 'copied',
    reason: 'why',
    at: 'm.yaml:1:1',
    ...changes,
  };
}

const START = renderJournalHead(HEAD, '5.0.0');
const LOST = renderJournalItem(item('v9', { decision: 'lost', outcome: 'not-attempted' }));
const at = (seconds: number) => Date.parse(STARTED) + seconds * 1000;

describe('the journal of a promotion that was killed', () => {
  it('is read as a report: its outcomes, and how many edges have none', () => {
    const failed = renderJournalItem(item('v2', { outcome: 'failed' }), at(8));
    const text = [START, LOST, failed, renderJournalItem(item('v1'), at(12))].join('');
    const report = parseReport(text);
    expect(report).toMatchObject({
      mode: 'promotion',
      stopped: true,
      durationMs: 12_000,
      summary: { edges: 4, copy: 3, lost: 1, copied: 1, failed: 1, 'not-attempted': 1 },
      findings: [
        { rule: 'journal', level: 'warn', message: 'the run was killed: 1 edges have no recorded outcome' },
      ],
    });
    expect(report.items).toEqual([
      item('v1'),
      item('v2', { outcome: 'failed' }),
      item('v9', { decision: 'lost', outcome: 'not-attempted' }),
    ]);
  });

  it('may end in the middle of a line', () => {
    const lines = [START, renderJournalItem(item('v1'), at(1)), renderJournalItem(item('v2'), at(2))];
    const text = lines.join('');
    for (let end = START.length; end <= text.length; end++) {
      const { summary } = parseReport(text.slice(0, end));
      const whole = text.slice(0, end + 1).split('\n').length - 2;
      expect(summary, `at ${end}`).toMatchObject({ copied: Math.max(0, whole), 'not-attempted': 3 - whole });
    }
  });

  it('that was cut in its first line is no report', () => {
    expect(() => parseReport(START.slice(0, 100))).toThrow('it is not a JSON object');
  });

  it('is told from a report', () => {
    expect(isJournal(START)).toBe(true);
    expect(isJournal(JSON.stringify(HEAD))).toBe(false);
  });
});
