import { formatPosition } from '../../base/position.ts';
import { getOrMake } from '../../base/maps.ts';
import { sortedBy } from '../../base/sorted.ts';
import type { CarryTotals } from '../../copy/carry/carried.ts';
import type { ShardIdentity } from '../../edges/shard.ts';
import type { Want } from '../../edges/wanted.ts';
import { formatReference } from '../../image/reference.ts';
import { hostOf } from '../../image/repository.ts';
import { countAttachments } from '../../report/attachment-findings.ts';
import { CauseCounter, causeId } from '../../report/causes.ts';
import type { ReportFinding } from '../../report/envelope.ts';
import {
  type EnvelopeInput,
  errorsOf,
  explainMalformed,
  makeHead,
  makeHosts,
} from '../../report/make-envelope.ts';
import type { SigcheckDecision, SigcheckItem, SignatureCheck } from '../../report/sigcheck/sigcheck.ts';
import type { PlaceResult } from './place-result.ts';

export interface SigcheckInput extends EnvelopeInput {
  readonly results: readonly PlaceResult[];
  readonly findings: readonly ReportFinding[];
  readonly shard: ShardIdentity | undefined;
  readonly confirmed: boolean;
  /** Signatures that the run made. */
  readonly made: number;
  /** Unset: those of sources were not compared. */
  readonly attachments: CarryTotals | undefined;
  /** Includes what is signed. */
  readonly reportAll: boolean;
}

/** The report of a signature check. Pure. */
export function makeSigcheck(input: SigcheckInput): SignatureCheck {
  const { results, shard, confirmed, made, reportAll, findings } = input;
  const causes = new CauseCounter();
  const sum = noEdges();
  const hosts = new Map<string, Record<SigcheckDecision, number>>();
  const items: SigcheckItem[] = [];
  for (const result of results) {
    const { place, decision, fault } = result;
    sum[decision] += 1;
    getOrMake(hosts, hostOf(place.repository), noEdges)[decision] += 1;
    if (decision === 'signed' && !reportAll) continue;
    const item = itemOf(result);
    causes.add(fault, item.destination ?? '');
    items.push(item);
  }
  const errors = errorsOf(input);
  const invalid = errors.map(
    (error): SigcheckItem => ({
      decision: 'invalid',
      destination: null,
      digest: null,
      missing: [],
      ...explainMalformed(error),
    }),
  );
  return {
    version: 1,
    mode: 'sigcheck',
    confirmed,
    ...makeHead(input, shard),
    summary: { edges: results.length, ...sum, invalid: errors.length, made },
    ...countAttachments(input.attachments),
    findings,
    ...causes.field(),
    items: [...sortedBy(items, ({ destination }) => destination ?? ''), ...invalid],
    hosts: makeHosts(hosts.keys(), input.traffic, (host) => ({ edges: hosts.get(host) ?? noEdges() })),
  };
}

function itemOf({
  place,
  digest,
  reference = digest,
  decision,
  missing,
  reason,
  fault,
}: PlaceResult): SigcheckItem {
  return {
    decision,
    destination: reference === undefined ? place.repository : formatReference(place.repository, reference),
    digest: digest ?? null,
    missing,
    reason,
    at: placeIn(place.want),
    ...(fault !== undefined && { cause: causeId(fault) }),
  };
}

/** The first entry that wants an image; empty for one that no manifest names. */
function placeIn(want: Want | undefined): string {
  const at = want?.tags[0]?.at[0] ?? want?.tagless;
  return at === undefined ? '' : formatPosition(at);
}

/** A count of 0 for each decision. */
function noEdges(): Record<SigcheckDecision, number> {
  return {
    signed: 0,
    repaired: 0,
    unsigned: 0,
    partial: 0,
    unattested: 0,
    'other-identity': 0,
    refused: 0,
    uncarried: 0,
    unreadable: 0,
    'not-checked': 0,
  };
}
