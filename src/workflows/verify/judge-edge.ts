import type { Digest } from '../../image/digest.ts';
import type { Tag } from '../../image/tag.ts';
import { isPresent } from '../../plan/decide-edge.ts';
import type { Observation } from './observation.ts';
import type { Verdict } from './verification.ts';

export interface Judgement {
  readonly verdict: Verdict;
  readonly reason: string;
  readonly found?: Digest;
}

const PRESENT: Judgement = { verdict: 'present', reason: 'there' };
const NOT_CHECKED: Judgement = { verdict: 'not-checked', reason: 'the run was stopped before' };

/** What has been found of a digest under a tag, or without one, at a destination. Makes no object of what is present. */
export function judgeEdge(
  observation: Observation | undefined,
  digest: Digest,
  tag: Tag | undefined,
): Judgement {
  if (observation === undefined) return NOT_CHECKED;
  const { state, flaws, unseen } = observation;
  if (state.kind === 'unreadable') return { verdict: 'unreadable', reason: state.reason };
  if (isPresent(state, digest, tag)) {
    if (unseen.has(digest)) return NOT_CHECKED;
    const flaw = flaws.get(digest);
    return flaw === undefined ? PRESENT : { verdict: flaw.kind, reason: flaw.reason };
  }
  if (tag === undefined) return { verdict: 'missing', reason: 'there is no such digest' };
  const found = state.tags.get(tag);
  if (found !== undefined)
    return { verdict: 'different', reason: `the tag is ${found}, not ${digest}`, found };
  const digestIsThere = state.digests.has(digest) ? ', though its digest is there' : '';
  return { verdict: 'missing', reason: `there is no such tag${digestIsThere}` };
}
