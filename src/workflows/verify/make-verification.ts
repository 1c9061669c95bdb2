import { formatPosition, type Position } from '../../base/position.ts';
import { compareText, sortedBy } from '../../base/sorted.ts';
import type { Wanted, WantedRepository } from '../../edges/wanted.ts';
import type { Digest } from '../../image/digest.ts';
import { formatReference } from '../../image/reference.ts';
import { hostOf, type Repository } from '../../image/repository.ts';
import type { Tag } from '../../image/tag.ts';
import { planConflicts } from '../../plan/make-plan.ts';
import { explainItem } from '../../report/explain-item.ts';
import { type MalformedEntry, NO_TRAFFIC } from '../../report/make-report.ts';
import type { HostCounts, ManifestCounts } from '../../report/report.ts';
import { type Judgement, judgeEdge } from './judge-edge.ts';
import type { Mirror } from './mirror.ts';
import type { Observation, Observations } from './observation.ts';
import { VerdictCounter } from './verdict-counter.ts';
import {
  type HostVerification,
  noVerdicts,
  type RepairReport,
  type Verification,
  type VerificationItem,
} from './verification.ts';

export interface VerificationInput {
  readonly deep: boolean;
  readonly mirror: Mirror | undefined;
  /** Reports the edges that are present too. */
  readonly reportAll: boolean;
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
  readonly durationMs: number;
  readonly stopped: boolean;
  readonly manifests: ManifestCounts;
  readonly wanted: Wanted;
  readonly observations: Observations;
  readonly repair?: RepairReport | undefined;
  readonly problems: readonly MalformedEntry[];
  readonly traffic: ReadonlyMap<string, HostCounts>;
}

/** The report of what has been seen. Pure. */
export function makeVerification(input: VerificationInput): Verification {
  const { deep, mirror, startedAt, durationMs, stopped, manifests, wanted, observations } = input;
  const tally = new VerdictCounter(input.reportAll);
  for (const repository of wanted.repositories) tallyWants(repository, observations, tally);
  tallyConflicts(wanted, tally);
  const errors = input.problems.filter(({ severity }) => severity === 'error');
  const items = sortedBy(tally.items, ({ destination }) => destination ?? '');
  return {
    version: 1,
    mode: 'verify',
    deep,
    via: mirror?.host ?? null,
    startedAt: new Date(startedAt).toISOString(),
    durationMs: Math.round(durationMs),
    stopped,
    ...(wanted.shard === undefined ? {} : { shard: wanted.shard }),
    manifests,
    summary: { edges: wanted.edges, ...tally.sum(), invalid: errors.length },
    items: [...items, ...errors.map(invalidItem)],
    ...(input.repair === undefined ? {} : { repair: input.repair }),
    hosts: makeHosts(tally, input.traffic),
  };
}

function tallyWants(
  { repository, list }: WantedRepository,
  observations: Observations,
  tally: VerdictCounter,
): void {
  const host = hostOf(repository);
  const observation = observations.get(repository);
  const addEdge = (digest: Digest, tag: Tag | undefined, at: Position | undefined) => {
    const judgement = judgeEdge(observation, digest, tag);
    tally.add(host, judgement.verdict, () =>
      makeItem({ repository, digest, tag, at }, judgement, observation),
    );
  };
  for (const { digest, tags, tagless } of list.wants) {
    for (const { tag, at } of tags) addEdge(digest, tag, at[0]);
    if (tagless !== undefined) addEdge(digest, undefined, tagless);
  }
}

function tallyConflicts(wanted: Wanted, tally: VerdictCounter): void {
  let shared: { readonly others: unknown; readonly reason: string } | undefined;
  for (const item of planConflicts(wanted).items) {
    if (item.decision !== 'conflict') continue;
    const { destination: repository, digest, tag, at, others } = item;
    // of thousands of digests that want one tag nearly all have the same reason: the text is made once
    if (shared?.others !== others) shared = { others, reason: explainItem(item) };
    const judgement = { verdict: 'conflict', reason: shared.reason } as const;
    const edge = { repository, digest, tag, at: at[0] };
    tally.add(hostOf(repository), 'conflict', () => makeItem(edge, judgement, undefined));
  }
}

interface Edge {
  readonly repository: Repository;
  readonly digest: Digest;
  readonly tag: Tag | undefined;
  readonly at: Position | undefined;
}

function makeItem(
  { repository, digest, tag, at }: Edge,
  { verdict, reason, found }: Judgement,
  observation: Observation | undefined,
): VerificationItem {
  const asked = observation?.asked;
  const isElsewhere = asked !== undefined && asked !== repository;
  return {
    verdict,
    destination: formatReference(repository, tag ?? digest),
    digest,
    asked: isElsewhere ? formatReference(asked, tag ?? digest) : null,
    found: found ?? null,
    reason,
    at: at === undefined ? '' : formatPosition(at),
  };
}

function invalidItem({ message, rule, at }: MalformedEntry): VerificationItem {
  return {
    verdict: 'invalid',
    destination: null,
    digest: null,
    asked: null,
    found: null,
    reason: `${message} [${rule}]`,
    at: formatPosition(at),
  };
}

function makeHosts(
  { hosts }: VerdictCounter,
  traffic: VerificationInput['traffic'],
): Record<string, HostVerification> {
  const names = Array.from(new Set([...hosts.keys(), ...traffic.keys()])).toSorted(compareText);
  return Object.fromEntries(
    names.map((name) => {
      const edges = hosts.get(name) ?? noVerdicts();
      return [name, { edges, ...(traffic.get(name) ?? NO_TRAFFIC) }];
    }),
  );
}
