import type { Position } from '../../base/position.ts';
import type { WantList } from '../../edges/wanted.ts';
import type { Digest } from '../../image/digest.ts';
import type { Repository } from '../../image/repository.ts';
import type { Tag } from '../../image/tag.ts';
import { planConflicts } from '../../plan/make-plan.ts';
import { explainItem } from '../../report/explain-item.ts';
import type { AllowList } from './allow-list.ts';
import type { Finding } from './finding.ts';
import type { Holdings } from './holdings.ts';

interface WantedPart {
  readonly repository: Repository;
  readonly list: WantList;
}

interface Judging {
  readonly allowList: AllowList;
  /** Makes a finding of an edge that is present. Otherwise it is counted alone: nearly all are. */
  readonly reportAll: boolean;
}

/** The results of the wanted edges of a repository. */
export function judgeEdges(
  { repository, list }: WantedPart,
  { tags, digests, uploaded }: Holdings,
  { allowList, reportAll }: Judging,
): { readonly present: number; readonly findings: readonly Finding[] } {
  const findings: Finding[] = [];
  let present = 0;
  const addPresent = (finding: Omit<Finding, 'decision' | 'reason'>) => {
    if (reportAll) findings.push({ ...finding, decision: 'present', reason: 'there' });
    else present += 1;
  };
  for (const { digest, tags: wantedTags, tagless } of list.wants) {
    for (const { tag, at } of wantedTags) {
      const found = tags.get(tag);
      const edge = { repository, reference: tag, digest, at: at[0] };
      if (found === digest) addPresent({ ...edge, uploaded: uploaded.get(digest) });
      else if (found === undefined) findings.push({ ...edge, ...missingTag(digests.has(digest)) });
      else
        findings.push({
          ...edge,
          ...movedTag({ repository, tag, digest, found }, allowList),
          uploaded: uploaded.get(found),
        });
    }
    if (tagless === undefined) continue;
    const edge = { repository, reference: digest, digest, at: tagless };
    if (digests.has(digest)) addPresent({ ...edge, uploaded: uploaded.get(digest) });
    else findings.push({ ...edge, ...MISSING_DIGEST });
  }
  return { present, findings: [...findings, ...conflictsOf({ repository, list })] };
}

/** One finding for each edge of a list, whose repository was not read. */
export function unreadEdges(
  { repository, list }: WantedPart,
  result: Pick<Finding, 'reason' | 'fault'> & { readonly decision: 'unreadable' | 'not-checked' },
): readonly Finding[] {
  const findings: Finding[] = [];
  const add = (digest: Digest, reference: Finding['reference'], at: Position | undefined) =>
    findings.push({ ...result, repository, reference, digest, at });
  for (const { digest, tags, tagless } of list.wants) {
    for (const { tag, at } of tags) add(digest, tag, at[0]);
    if (tagless !== undefined) add(digest, digest, tagless);
  }
  return [...findings, ...conflictsOf({ repository, list })];
}

const MISSING_DIGEST = { decision: 'missing', reason: 'there is no such digest' } as const;

function missingTag(isDigestThere: boolean): Pick<Finding, 'decision' | 'reason'> {
  return {
    decision: 'missing',
    reason: `there is no such tag${isDigestThere ? ', but its digest exists' : ''}`,
  };
}

interface MovedTag {
  readonly repository: Repository;
  readonly tag: Tag;
  readonly digest: Digest;
  readonly found: Digest;
}

function movedTag({ repository, tag, digest, found }: MovedTag, allowList: AllowList) {
  const isAllowed = allowList.allowsInstead({ repository, tag, digest: found });
  const decision = isAllowed ? ('allowed' as const) : ('different' as const);
  return { decision, found, reason: `the tag is ${found}, not ${digest}` };
}

function conflictsOf(part: WantedPart): readonly Finding[] {
  if (part.list.conflicts.length === 0) return [];
  return planConflicts({ repositories: [part], edges: 0 }).items.flatMap((item): readonly Finding[] => {
    if (item.decision !== 'conflict') return [];
    const { decision, destination: repository, tag: reference, digest, at } = item;
    return [{ decision, repository, reference, digest, at: at[0], reason: explainItem(item) }];
  });
}
