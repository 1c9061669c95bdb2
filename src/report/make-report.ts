import { lazily } from '../base/iterables.ts';
import { formatPosition, type Position } from '../base/position.ts';
import { compareText } from '../base/sorted.ts';
import type { Finding } from '../checks/finding.ts';
import type { Outcome, Outcomes } from '../copy/outcome.ts';
import type { ShardIdentity } from '../edges/shard.ts';
import type { Digest } from '../image/digest.ts';
import { formatReference } from '../image/reference.ts';
import { edgeId, isWritable, noEdges, type Plan, type PlanItem } from '../plan/plan.ts';
import { explainItem } from './explain-item.ts';
import { makeFindings } from './findings.ts';
import type {
  HostCounts,
  HostReport,
  ManifestCounts,
  Mode,
  ReportItem,
  RepositoryCounts,
  RunReport,
  Summary,
} from './report.ts';

export interface ReportInput {
  readonly mode: Mode;
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
  readonly durationMs: number;
  readonly stopped: boolean;
  readonly manifests: ManifestCounts;
  /** All edges that the manifests want, decided or not. */
  readonly edges: number;
  /** Where the edges are a part of what the manifests want. */
  readonly shard?: ShardIdentity | undefined;
  readonly plan: Plan;
  /** By host. */
  readonly readings: ReadonlyMap<string, RepositoryCounts>;
  /** Default: none. */
  readonly findings?: readonly Finding[];
  readonly outcomes: Outcomes;
  /** The plan file that was applied. Unset: the plan was made in this run. */
  readonly file?: Digest;
  readonly problems: readonly MalformedEntry[];
  readonly traffic: ReadonlyMap<string, HostCounts>;
}

/** What a rule has found; warnings are not reported. */
export interface MalformedEntry {
  readonly severity: 'error' | 'warning';
  readonly rule: string;
  readonly message: string;
  readonly at: Position;
}

/** The report of a run. Pure. */
export function makeReport(input: ReportInput): RunReport {
  const { mode, startedAt, durationMs, stopped, plan, problems } = input;
  const errors = problems.filter(({ severity }) => severity === 'error');
  return {
    version: 1,
    mode,
    startedAt: new Date(startedAt).toISOString(),
    durationMs: Math.round(durationMs),
    stopped,
    ...(input.shard === undefined ? {} : { shard: input.shard }),
    ...(input.file === undefined ? {} : { plan: input.file }),
    manifests: input.manifests,
    summary: { edges: input.edges, ...plan.counts, invalid: errors.length, ...countResults(input) },
    findings: makeFindings(input.findings ?? []),
    items: lazily(() => makeItems(input, errors)),
    hosts: makeHosts(input),
  };
}

function countResults({
  plan,
  outcomes,
  mode,
}: ReportInput): Pick<Summary, 'copied' | 'failed' | 'not-attempted'> {
  const counts = { copied: 0, failed: 0, 'not-attempted': 0 };
  if (mode !== 'promotion') return counts;
  for (const item of plan.items) {
    if (isWritable(item)) counts[outcomes.get(edgeId(item))?.result ?? 'not-attempted'] += 1;
  }
  return counts;
}

function* makeItems(input: ReportInput, errors: readonly MalformedEntry[]): Generator<ReportItem> {
  for (const item of input.plan.items) yield makeItem(item, input);
  for (const error of errors) yield invalidItem(error);
}

function makeItem(item: PlanItem, { outcomes, mode }: ReportInput): ReportItem {
  const destination = edgeId(item);
  const outcome = outcomes.get(destination);
  const explained = explainItem(item);
  return {
    decision: item.decision,
    source: item.sources[0] === undefined ? null : formatReference(item.sources[0], item.digest),
    destination,
    digest: item.digest,
    outcome: item.decision === 'present' ? 'present' : (outcome?.result ?? 'not-attempted'),
    reason: outcome === undefined ? reasonWithout(item, { explained, mode }) : reasonOf(outcome, explained),
    at: item.at[0] === undefined ? '' : formatPosition(item.at[0]),
  };
}

function reasonWithout(item: PlanItem, { explained, mode }: { explained: string; mode: Mode }): string {
  return isWritable(item) && mode === 'promotion' ? 'the run was stopped before it was its turn' : explained;
}

function reasonOf(outcome: Outcome, explained: string): string {
  if (outcome.result !== 'copied') return outcome.reason;
  const { siblings = [] } = outcome;
  return siblings.length === 0
    ? explained
    : `${explained}; content that the source does not have came from ${siblings.join(', ')}`;
}

function invalidItem(problem: MalformedEntry): ReportItem {
  return {
    decision: 'invalid',
    source: null,
    destination: null,
    digest: null,
    outcome: 'not-attempted',
    reason: `${problem.message} [${problem.rule}]`,
    at: formatPosition(problem.at),
  };
}

/** Of a host that was not asked. */
export const NO_TRAFFIC: HostCounts = {
  requests: 0,
  retries: 0,
  interrupted: 0,
  throttled: 0,
  identities: [],
  bytesIn: 0,
  bytesOut: 0,
};

const NOT_READ: RepositoryCounts = { byListing: 0, byHead: 0 };

function makeHosts({ plan, readings, traffic }: ReportInput): Record<string, HostReport> {
  const names = Array.from(new Set([...Object.keys(plan.hosts), ...traffic.keys()])).toSorted(compareText);
  return Object.fromEntries(
    names.map((name) => {
      const edges = plan.hosts[name] ?? noEdges();
      const repositories = readings.get(name) ?? NOT_READ;
      return [name, { edges, repositories, ...(traffic.get(name) ?? NO_TRAFFIC) }];
    }),
  );
}
