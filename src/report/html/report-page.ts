import { advise } from '../advise.ts';
import { makeVulnerabilityTables } from '../attached/vulnerability-tables.ts';
import { CHANGE_HEADER, changeRow, changesOf } from '../audit/changes.ts';
import { titleOf } from '../render-markdown.ts';
import { decisionTable } from '../render-text.ts';
import type { Report } from '../report.ts';
import { withoutZeros } from '../summary/nonzero-table.ts';
import { countOf } from '../../base/text.ts';
import { verdictOf } from '../summary/verdict.ts';
import { foldRows } from './fold-rows.ts';
import { makeMatrix } from './make-matrix.ts';
import type { Fact, PageData, PageTable } from './page-data.ts';
import {
  findingTable,
  formatDuration,
  hostTable,
  malformedTable,
  overTimeTable,
  pageCauses,
  repairTable,
  shardTable,
  withRows,
} from './page-tables.ts';

/** The page of a report. `exitCode` is that of the process, which the verdict names. */
export function makeReportPage(report: Report, exitCode: number): PageData {
  const causes = pageCauses(report.causes ?? []);
  const { malformed, ...folded } = foldRows(report.items, { mode: report.mode, causes });
  const matrix = makeMatrix(folded, 'destinations');
  return {
    title: titleOf(report),
    verdict: verdictOf(report, exitCode),
    isGood: exitCode === 0,
    facts: factsOf(report),
    note: noteOn(report, folded.results),
    matrix,
    causes: Array.from(causes.values()),
    tables: withRows([
      malformedTable(malformed),
      findingTable(report.findings),
      ...vulnerabilityTables(report),
      repairTable(report),
      changeTable(report),
      adviceTable(report),
      edgeTable(report),
      hostTable(report),
      overTimeTable(report),
      shardTable(report),
    ]),
  };
}

function factsOf(report: Report): readonly Fact[] {
  const { startedAt, durationMs, stopped, manifests } = report;
  const plan = 'plan' in report && report.plan !== undefined ? [['plan', report.plan] as const] : [];
  return [
    ['started', startedAt],
    ['duration', `${formatDuration(durationMs)}${stopped ? ', stopped early' : ''}`],
    ['manifests', `${manifests.projects}`],
    ...plan,
  ];
}

/** Edges that the report counts and does not list. */
function noteOn(report: Report, listed: readonly { readonly name: string }[]): string {
  const isSigcheck = report.mode === 'sigcheck';
  const good = isSigcheck ? 'signed' : 'present';
  const count = isSigcheck ? report.summary.signed : report.summary.present;
  if (count === 0 || listed.some(({ name }) => name === good)) return '';
  return `${countOf(count, 'edge')} already ${good} are not listed; -report-all lists them.`;
}

function vulnerabilityTables(report: Report): readonly PageTable[] {
  return makeVulnerabilityTables(report).map(({ title, header, rows, notes }) => {
    return { title, note: notes.join('; '), header, rows };
  });
}

function adviceTable(report: Report): PageTable {
  return {
    title: 'What to do',
    note: '',
    header: ['decision', 'advice'],
    rows: advise(report).map(({ about, text }) => [about, text]),
  };
}

function changeTable(report: Report): PageTable {
  return {
    title: 'Changes since the snapshot',
    note: '',
    header: CHANGE_HEADER,
    rows: changesOf(report).map(changeRow),
  };
}

function edgeTable(report: Report): PageTable {
  return { title: 'Edges', note: '', ...withoutZeros(decisionTable(report)) };
}
