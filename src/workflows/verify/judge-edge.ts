import type { HostFault } from '../../base/host-fault.ts';
import type { Digest } from '../../image/digest.ts';
import type { Tag } from '../../image/tag.ts';
import { isPresent } from '../../plan/decide-edge.ts';
import type { Observation } from './observation.ts';
import type { VerifyDecision } from '../../report/report.ts';

export interface Judgement {
  readonly decision: VerifyDecision;
  readonly reason: string;
  readonly found?: Digest;
  readonly fault?: HostFault | undefined;
}

const PRESENT: Judgement = { decision: 'present', reason: 'there' };
const NOT_CHECKED: Judgement = { decision: 'not-checked', reason: 'the run was stopped before' };

/** The decision on a digest under a tag, or without one, at a destination. Present edges share one object. */
export function judgeEdge(
  observation: Observation | undefined,
  digest: Digest,
  tag: Tag | undefined,
): Judgement {
  if (observation === undefined) return NOT_CHECKED;
  const { state, flaws, unchecked } = observation;
  if (state.kind === 'not-read') return NOT_CHECKED;
  if (state.kind === 'unreadable')
    return { decision: 'unreadable', reason: state.reason, fault: state.fault };
  if (isPresent(state, digest, tag)) {
    if (unchecked.has(digest)) return NOT_CHECKED;
    const flaw = flaws.get(digest);
    return flaw === undefined ? PRESENT : { decision: flaw.kind, reason: flaw.reason };
  }
  if (tag === undefined) return { decision: 'missing', reason: 'there is no such digest' };
  const found = state.tags.get(tag);
  if (found !== undefined)
    return { decision: 'different', reason: `the tag is ${found}, not ${digest}`, found };
  const digestIsThere = state.digests.has(digest) ? ', but its digest exists' : '';
  return { decision: 'missing', reason: `there is no such tag${digestIsThere}` };
}
