import { formatPosition, type Position } from '../../base/position.ts';
import { sortedBy } from '../../base/sorted.ts';
import type { Wanted, WantedRepository } from '../../edges/wanted.ts';
import type { Digest } from '../../image/digest.ts';
import { formatReference } from '../../image/reference.ts';
import { hostOf, type Repository } from '../../image/repository.ts';
import type { Tag } from '../../image/tag.ts';
import { planConflicts } from '../../plan/make-plan.ts';
import { explainItem } from '../../report/explain-item.ts';
import {
  type EnvelopeInput,
  errorsOf,
  explainMalformed,
  makeHead,
  makeHosts,
  type MalformedEntry,
} from '../../report/make-envelope.ts';
import { CauseCounter, causeId } from '../../report/causes.ts';
import {
  type RepairReport,
  type Verification,
  type VerificationItem,
  VERIFY_DECISIONS,
  type VerifyDecision,
} from '../../report/report.ts';
import { type Judgement, judgeEdge } from './judge-edge.ts';
import type { Mirror } from './mirror.ts';
import type { Observation, Observations } from './observation.ts';

export interface VerificationInput extends EnvelopeInput {
  readonly deep: boolean;
  readonly mirror: Mirror | undefined;
  /** Includes the edges that are present. */
  readonly reportAll: boolean;
  readonly wanted: Wanted;
  readonly observations: Observations;
  readonly repair?: RepairReport | undefined;
}

/** The report of a verification. Pure. */
export function makeVerification(input: VerificationInput): Verification {
  const { deep, mirror, wanted, observations, repair } = input;
  const tally = new Tally(input.reportAll);
  for (const repository of wanted.repositories) tallyWants(repository, observations, tally);
  tallyConflicts(wanted, tally);
  const errors = errorsOf(input);
  return {
    version: 2,
    mode: 'verify',
    deep,
    via: mirror?.host ?? null,
    ...makeHead(input, wanted.shard),
    summary: { edges: wanted.edges, ...tally.sum(), invalid: errors.length },
    findings: [],
    ...tally.causes.field(),
    items: [...sortedBy(tally.items, ({ destination }) => destination ?? ''), ...errors.map(invalidItem)],
    ...(repair === undefined ? {} : { repair }),
    hosts: makeHosts(tally.hosts.keys(), input.traffic, (host) => ({
      edges: tally.hosts.get(host) ?? noEdges(),
    })),
  };
}

/** Counts edges by host and decision, and keeps the items to report. */
class Tally {
  readonly items: VerificationItem[] = [];
  readonly causes = new CauseCounter();
  readonly hosts = new Map<string, Record<VerifyDecision, number>>();
  readonly #keepsPresent: boolean;

  constructor(keepsPresent: boolean) {
    this.#keepsPresent = keepsPresent;
  }

  /** Nearly every edge is present, so an item is made only if it is reported. */
  add(host: string, { decision, fault }: Judgement, makeItem: () => VerificationItem): void {
    const counts = this.hosts.get(host) ?? noEdges();
    this.hosts.set(host, counts);
    counts[decision] += 1;
    if (decision === 'present' && !this.#keepsPresent) return;
    const item = makeItem();
    this.causes.add(fault, item.destination ?? '');
    this.items.push(item);
  }

  sum(): Record<VerifyDecision, number> {
    const sum = noEdges();
    for (const counts of this.hosts.values()) {
      for (const decision of VERIFY_DECISIONS) sum[decision] += counts[decision];
    }
    return sum;
  }
}

/** A count of 0 for each decision. */
function noEdges(): Record<VerifyDecision, number> {
  return {
    present: 0,
    missing: 0,
    different: 0,
    incomplete: 0,
    repaired: 0,
    conflict: 0,
    unreadable: 0,
    'not-checked': 0,
  };
}

function tallyWants({ repository, list }: WantedRepository, observations: Observations, tally: Tally): void {
  const host = hostOf(repository);
  const observation = observations.get(repository);
  const addEdge = (digest: Digest, tag: Tag | undefined, at: Position | undefined) => {
    const judgement = judgeEdge(observation, digest, tag);
    tally.add(host, judgement, () => makeItem({ repository, digest, tag, at }, judgement, observation));
  };
  for (const { digest, tags, tagless } of list.wants) {
    for (const { tag, at } of tags) addEdge(digest, tag, at[0]);
    if (tagless !== undefined) addEdge(digest, undefined, tagless);
  }
}

function tallyConflicts(wanted: Wanted, tally: Tally): void {
  let shared: { readonly others: unknown; readonly reason: string } | undefined;
  for (const item of planConflicts(wanted).items) {
    if (item.decision !== 'conflict') continue;
    const { destination: repository, digest, tag, at, others } = item;
    // of thousands of digests that want one tag nearly all have the same reason, so its text is made once
    if (shared?.others !== others) shared = { others, reason: explainItem(item) };
    const judgement = { decision: 'conflict', reason: shared.reason } as const;
    const edge = { repository, digest, tag, at: at[0] };
    tally.add(hostOf(repository), judgement, () => makeItem(edge, judgement, undefined));
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
  { decision, reason, found, fault }: Judgement,
  observation: Observation | undefined,
): VerificationItem {
  const asked = observation?.asked;
  const isElsewhere = asked !== undefined && asked !== repository;
  return {
    decision,
    destination: formatReference(repository, tag ?? digest),
    digest,
    asked: isElsewhere ? formatReference(asked, tag ?? digest) : null,
    found: found ?? null,
    reason,
    at: at === undefined ? '' : formatPosition(at),
    ...(fault !== undefined && { cause: causeId(fault) }),
  };
}

function invalidItem(error: MalformedEntry): VerificationItem {
  return {
    decision: 'invalid',
    destination: null,
    digest: null,
    asked: null,
    found: null,
    ...explainMalformed(error),
  };
}
