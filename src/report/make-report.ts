import type { HostFault } from '../base/host-fault.ts';
import { lazily } from '../base/iterables.ts';
import { formatPosition } from '../base/position.ts';
import type { Finding } from '../checks/rule.ts';
import type { CarryTotals } from '../copy/carry/carried.ts';
import type { Outcome, Outcomes } from '../copy/outcome.ts';
import type { ShardIdentity } from '../edges/shard.ts';
import type { Digest } from '../image/digest.ts';
import { formatReference } from '../image/reference.ts';
import { edgeId, isWritable, noEdges, type Plan, type PlanItem } from '../plan/plan.ts';
import { attachmentFindings, countAttachments } from './attachment-findings.ts';
import { CauseCounter, causeId } from './causes.ts';
import { explainItem } from './explain-item.ts';
import type { RepositoryCounts } from './envelope.ts';
import { makeFindings } from './findings.ts';
import {
  type EnvelopeInput,
  errorsOf,
  makeHead,
  makeHosts,
  explainMalformed,
  type MalformedEntry,
} from './make-envelope.ts';
import type { PromotionItem, PromotionMode, ReportChanges, RunReport, Summary } from './report.ts';

export interface ReportInput extends EnvelopeInput {
  readonly mode: PromotionMode;
  /** Number of edges that the manifests want, decided or not. */
  readonly edges: number;
  /** Of a run that is limited to one shard. */
  readonly shard?: ShardIdentity | undefined;
  readonly plan: Plan;
  /** Of a run that was limited to what changed in the manifests. */
  readonly changes?: ReportChanges | undefined;
  /** By host. */
  readonly readings: ReadonlyMap<string, RepositoryCounts>;
  /** Default: none. */
  readonly findings?: readonly Finding[];
  readonly outcomes: Outcomes;
  /** Unset: attachments were not looked at. */
  readonly attachments?: CarryTotals | undefined;
  /** The plan file that was applied. Unset: the plan was made in this run. */
  readonly file?: Digest;
}

/** The report of a promotion, a dry run or a check of manifests. Pure. */
export function makeReport(input: ReportInput): RunReport {
  const { mode, shard, plan, readings, traffic } = input;
  const errors = errorsOf(input);
  const { 'not-attempted': _, ...planned } = plan.counts; // counted with the outcomes
  return {
    version: 1,
    mode,
    ...makeHead(input, shard),
    ...(input.file === undefined ? {} : { plan: input.file }),
    ...(input.changes === undefined ? {} : { changes: input.changes }),
    summary: { edges: input.edges, ...planned, invalid: errors.length, ...countResults(input) },
    ...countAttachments(input.attachments),
    findings: makeFindings([...(input.findings ?? []), ...attachmentFindings(input.attachments)]),
    ...countCauses(input).field(),
    items: lazily(() => makeItems(input, errors)),
    hosts: makeHosts(Object.keys(plan.hosts), traffic, (host) => ({
      edges: plan.hosts[host] ?? noEdges(),
      repositories: readings.get(host) ?? { byListing: 0, byHead: 0 },
    })),
  };
}

function countResults({
  plan,
  outcomes,
  mode,
}: ReportInput): Pick<Summary, 'copied' | 'failed' | 'not-attempted'> {
  const counts = { copied: 0, failed: 0, 'not-attempted': plan.counts['not-attempted'] };
  if (mode !== 'promotion') return counts;
  for (const item of plan.items) {
    if (isWritable(item)) counts[outcomes.get(edgeId(item))?.result ?? 'not-attempted'] += 1;
  }
  return counts;
}

function countCauses({ plan, outcomes }: ReportInput): CauseCounter {
  const causes = new CauseCounter();
  for (const item of plan.items) {
    const isAttempted = outcomes.size > 0 && isWritable(item); // a plan has hundreds of thousands of items
    if (!isAttempted && item.decision !== 'unreadable') continue;
    const edge = edgeId(item);
    causes.add(faultOf(item, outcomes.get(edge)), edge);
  }
  return causes;
}

function faultOf(item: PlanItem, outcome: Outcome | undefined): HostFault | undefined {
  if (item.decision === 'unreadable') return item.fault;
  return outcome?.result === 'failed' ? outcome.fault : undefined;
}

function* makeItems(input: ReportInput, errors: readonly MalformedEntry[]): Generator<PromotionItem> {
  for (const item of input.plan.items) yield makeItem(item, input);
  for (const error of errors) yield invalidItem(error);
}

function makeItem(item: PlanItem, { outcomes, mode }: ReportInput): PromotionItem {
  return makePromotionItem(item, { outcome: outcomes.get(edgeId(item)), mode });
}

/** The item of one edge; without an outcome, as if the run ended now. */
export function makePromotionItem(
  item: PlanItem,
  { outcome, mode }: { readonly outcome: Outcome | undefined; readonly mode: PromotionMode },
): PromotionItem {
  const explained = explainItem(item);
  const fault = faultOf(item, outcome);
  return {
    decision: item.decision,
    source: item.sources[0] === undefined ? null : formatReference(item.sources[0], item.digest),
    destination: edgeId(item),
    digest: item.digest,
    outcome: item.decision === 'present' ? 'present' : (outcome?.result ?? 'not-attempted'),
    reason: outcome === undefined ? reasonWithout(item, { explained, mode }) : reasonOf(outcome, explained),
    at: item.at[0] === undefined ? '' : formatPosition(item.at[0]),
    ...(fault !== undefined && { cause: causeId(fault) }),
  };
}

function reasonWithout(
  item: PlanItem,
  { explained, mode }: { explained: string; mode: PromotionMode },
): string {
  return isWritable(item) && mode === 'promotion' ? 'the run was stopped before it was its turn' : explained;
}

function reasonOf(outcome: Outcome, explained: string): string {
  if (outcome.result !== 'copied') return outcome.reason;
  const { siblings = [] } = outcome;
  return siblings.length === 0
    ? explained
    : `${explained}; content that the source does not have came from ${siblings.join(', ')}`;
}

function invalidItem(error: MalformedEntry): PromotionItem {
  return {
    decision: 'invalid',
    source: null,
    destination: null,
    digest: null,
    outcome: 'not-attempted',
    ...explainMalformed(error),
  };
}
