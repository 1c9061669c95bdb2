import { formatPosition } from '../../base/position.ts';
import type { RecordedPlan } from '../../plan/recorded-plan.ts';
import { CauseCounter } from '../causes.ts';
import { edgeId } from '../../plan/plan.ts';
import { makePromotionItem } from '../make-report.ts';
import { factsOf, summarize } from '../plan/plan-summary.ts';
import type { PlanView } from '../plan/plan-view.ts';
import { meaningOf } from '../render-text.ts';
import type { PromotionItem } from '../report.ts';
import { withoutZeros } from '../summary/nonzero-table.ts';
import { countOf } from '../../base/text.ts';
import { foldRows } from './fold-rows.ts';
import { makeMatrix } from './make-matrix.ts';
import type { PageData, PageTable } from './page-data.ts';
import { findingTable, malformedTable, pageCauses, withRows } from './page-tables.ts';

/** The page of a plan file: every write that `cip apply` makes, and every edge that it refuses. */
export function makePlanPage(plan: RecordedPlan, view: PlanView): PageData {
  const causes = causesOf(plan);
  const folded = foldRows(itemsOf(plan), { mode: 'dry-run', causes });
  const refusals = folded.results.some(({ kind }) => kind === 'problem');
  return {
    title: 'Promotion plan',
    verdict: summarize(view),
    isGood: !refusals && view.malformed.length === 0,
    facts: factsOf(view),
    note:
      view.counts.present === 0
        ? ''
        : `${countOf(view.counts.present, 'edge')} already present are not listed.`,
    matrix: makeMatrix(folded, 'destinations'),
    causes: Array.from(causes.values()),
    tables: withRows([
      malformedTable(view.malformed.map(({ at, rule, message }) => ({ at, reason: `${message} [${rule}]` }))),
      findingTable(view.findings),
      edgeTable(view),
      {
        title: 'New repositories',
        note: '',
        header: ['repository'],
        rows: view.newRepositories.map((name) => [name]),
      },
    ]),
  };
}

function causesOf({ items }: RecordedPlan): ReturnType<typeof pageCauses> {
  const counter = new CauseCounter();
  for (const item of items) {
    if (item.decision === 'unreadable') counter.add(item.fault, edgeId(item));
  }
  return pageCauses(counter.field().causes ?? []);
}

/** As in a dry run, with every place of an entry. */
function* itemsOf({ items }: RecordedPlan): Generator<PromotionItem> {
  for (const item of items) {
    if (item.decision === 'present') continue;
    const at = item.at.map(formatPosition).join(', ');
    yield { ...makePromotionItem(item, { outcome: undefined, mode: 'dry-run' }), at };
  }
}

function edgeTable({ counts }: PlanView): PageTable {
  const rows = Object.entries(counts).map(([name, edges]) => [name, edges, meaningOf(name)]);
  return { title: 'Edges', note: '', ...withoutZeros({ header: ['decision', 'edges', 'meaning'], rows }) };
}
