import { formatPosition } from '../../base/position.ts';
import { groupBy } from '../../base/maps.ts';
import { sortedBy } from '../../base/sorted.ts';
import { countOf } from '../../base/text.ts';
import { formatReference } from '../../image/reference.ts';
import { hostOf, type Repository } from '../../image/repository.ts';
import { findAllowanceFaults, isComplete } from '../../report/audit/allowances.ts';
import {
  type AllowanceUse,
  AUDIT_DECISIONS,
  type Audit,
  type AuditDecision,
  type AuditItem,
} from '../../report/audit/audit.ts';
import { CauseCounter, causeId } from '../../report/causes.ts';
import type { ReportFinding } from '../../report/envelope.ts';
import {
  type EnvelopeInput,
  errorsOf,
  explainMalformed,
  makeHead,
  makeHosts,
  type MalformedEntry,
} from '../../report/make-envelope.ts';
import type { AuditScope } from './audit-scope.ts';
import type { Finding, Judgement } from './finding.ts';
import { unreadEdges } from './judge-edges.ts';
import { timeOf } from './earlier-state.ts';
import type { Gap } from './walk-production.ts';

export interface AuditInput extends EnvelopeInput {
  readonly scope: AuditScope;
  /** By repository. A wanted repository without one was not read before the run was stopped. */
  readonly judgements: ReadonlyMap<Repository, Judgement>;
  readonly gaps: readonly Gap[];
  readonly allowances: readonly AllowanceUse[];
  /** Whether the run compared production with snapshots. */
  readonly isCompared: boolean;
  /** Includes what is present or allowed. */
  readonly reportAll: boolean;
}

/** The report of an audit. Pure. */
export function makeAudit(input: AuditInput): Audit {
  const { scope, judgements, allowances, isCompared } = input;
  const { wanted } = scope;
  const tally = tallyOf(input);
  const errors = errorsOf(input);
  const changes = Array.from(judgements.values(), (judgement) => judgement.changes).flat();
  const head = makeHead(input, wanted.shard);
  const summary = { edges: wanted.edges, ...tally.sum(), invalid: errors.length };
  const limits = limitsOf(input);
  const isWhole = wanted.shard === undefined && isComplete({ ...head, summary, findings: limits });
  return {
    version: 1,
    mode: 'audit',
    ...head,
    summary,
    findings: [...findAllowanceFaults(allowances, { isWhole }), ...limits],
    ...tally.causes.field(),
    items: [...sortedBy(tally.items, ({ destination }) => destination ?? ''), ...errors.map(invalidItem)],
    allowances,
    ...(isCompared && { sinceSnapshot: sortedBy(changes, ({ destination }) => destination) }),
    hosts: makeHosts(tally.hosts.keys(), input.traffic, (host) => ({
      edges: tally.hosts.get(host) ?? noEdges(),
    })),
  };
}

function tallyOf({ scope: { wanted }, judgements, reportAll }: AuditInput): Tally {
  const tally = new Tally(reportAll);
  for (const { repository, present, findings } of judgements.values()) {
    tally.countPresent(repository, present);
    for (const finding of findings) tally.add(finding);
  }
  for (const part of wanted.repositories) {
    if (judgements.has(part.repository)) continue;
    for (const finding of unreadEdges(part, NOT_CHECKED)) tally.add(finding);
  }
  return tally;
}

const NOT_CHECKED = { decision: 'not-checked', reason: 'the run was stopped before' } as const;

/** Counts results by host and decision, and keeps the items to report. */
class Tally {
  readonly items: AuditItem[] = [];
  readonly causes = new CauseCounter();
  readonly hosts = new Map<string, Record<AuditDecision, number>>();
  readonly #keepsAllowed: boolean;

  constructor(keepsAllowed: boolean) {
    this.#keepsAllowed = keepsAllowed;
  }

  countPresent(repository: Repository, edges: number): void {
    this.#countsOf(repository).present += edges;
  }

  add(finding: Finding): void {
    const { repository, decision, fault } = finding;
    this.#countsOf(repository)[decision] += 1;
    if (decision === 'allowed' && !this.#keepsAllowed) return;
    const item = itemOf(finding);
    this.causes.add(fault, item.destination ?? '');
    this.items.push(item);
  }

  sum(): Record<AuditDecision, number> {
    const sum = noEdges();
    for (const counts of this.hosts.values()) {
      for (const decision of AUDIT_DECISIONS) sum[decision] += counts[decision];
    }
    return sum;
  }

  #countsOf(repository: Repository): Record<AuditDecision, number> {
    const host = hostOf(repository);
    const counts = this.hosts.get(host) ?? noEdges();
    this.hosts.set(host, counts);
    return counts;
  }
}

/** A count of 0 for each decision. */
function noEdges(): Record<AuditDecision, number> {
  return {
    present: 0,
    allowed: 0,
    'unknown-tag': 0,
    'unknown-digest': 0,
    'unknown-repository': 0,
    different: 0,
    missing: 0,
    conflict: 0,
    unreadable: 0,
    'not-checked': 0,
  };
}

function itemOf(finding: Finding): AuditItem {
  const { decision, repository, reference, digest, found, reason, at, uploaded, fault } = finding;
  return {
    decision,
    destination: reference === undefined ? repository : formatReference(repository, reference),
    digest: digest ?? null,
    found: found ?? null,
    uploaded: timeOf(uploaded),
    reason,
    at: at === undefined ? '' : formatPosition(at),
    ...(fault !== undefined && { cause: causeId(fault) }),
  };
}

function invalidItem(error: MalformedEntry): AuditItem {
  return {
    decision: 'invalid',
    destination: null,
    digest: null,
    found: null,
    uploaded: null,
    ...explainMalformed(error),
  };
}

/** Findings on content that could not be seen, once for each host, and on malformed manifests. */
function limitsOf(input: AuditInput): readonly ReportFinding[] {
  const { judgements, gaps } = input;
  const malformed = errorsOf(input).length;
  const tagsOnly = Array.from(judgements.values()).filter(({ listsTagsOnly }) => listsTagsOnly);
  const hosts = new Set(tagsOnly.map(({ repository }) => hostOf(repository)));
  const gapsByHost = groupBy(
    sortedBy(gaps, ({ root }) => root),
    ({ root }) => hostOf(root),
  );
  return [
    ...(malformed > 0 ? [unjudged(malformed)] : []),
    ...Array.from(hosts, (host) => ({
      ...OF_A_HOST,
      rule: 'audit-tags-only',
      level: 'warn' as const,
      message: `${host} lists no untagged digests, so only those that manifests name were looked for`,
    })),
    ...Array.from(gapsByHost, ([host, own]) => ({
      ...OF_A_HOST,
      rule: 'audit-unlisted',
      level: own.some(({ isFailure }) => isFailure) ? ('error' as const) : ('warn' as const),
      message: `${host} does not list the repositories of ${countOf(own.length, 'destination')}, so only those that manifests name were audited: ${own[0]?.reason}`,
    })),
  ];
}

function unjudged(malformed: number): ReportFinding {
  const message = `the manifests have ${countOf(malformed, 'error')}, so unknown content, which they may allow, is not reported`;
  return {
    rule: 'audit-malformed',
    level: 'warn',
    message,
    at: '',
    edges: [],
    advice: 'correct the manifests',
  };
}

const OF_A_HOST = { at: '', edges: [] } as const;
