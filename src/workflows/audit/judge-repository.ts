import { countOf } from '../../base/text.ts';
import type { Want, WantList } from '../../edges/wanted.ts';
import type { Digest } from '../../image/digest.ts';
import type { Repository } from '../../image/repository.ts';
import type { Tag } from '../../image/tag.ts';
import type { AllowList } from './allow-list.ts';
import type { Finding } from './finding.ts';
import { type Classification, findUnknownContent, type UnknownContent } from './find-unknown-content.ts';
import type { Holdings } from './holdings.ts';
import { judgeEdges } from './judge-edges.ts';
import type { ManifestRelations } from './manifest-relations.ts';

interface Part {
  readonly repository: Repository;
  /** Nothing is wanted in a repository that manifests do not name. */
  readonly list: WantList;
  /** Whether a manifest names the repository. */
  readonly isNamed: boolean;
  readonly holdings: Holdings;
}

interface Judging {
  /** Whether manifests have malformed entries. Content that these allow would be reported as unknown. */
  readonly areManifestsMalformed: boolean;
  readonly allowList: AllowList;
  readonly reportAll: boolean;
  readonly relations: ManifestRelations;
  readonly workers: number;
  readonly signal: AbortSignal;
}

/** The results of a repository, both ways: wanted edges, and content that no manifest allows. */
export async function judgeRepository(
  part: Part,
  judging: Judging,
): Promise<{ readonly present: number; readonly findings: readonly Finding[] }> {
  const { allowList, areManifestsMalformed } = judging;
  const { present, findings } = judgeEdges(part, part.holdings, judging);
  const unknown = areManifestsMalformed ? NOTHING_UNKNOWN : await findUnknownContent(classify(part), judging);
  const { tags, digests, unread } = unknown;
  const found = [
    ...tags.flatMap((tag) => unknownTag(part, tag, allowList)),
    ...digests.map((digest) => unknownDigest(part, digest, allowList)),
  ];
  const unreadable = unread === undefined ? [] : [unreadManifest(part.repository, unread)];
  return { present, findings: [...findings, ...(part.isNamed ? found : asOne(part, found)), ...unreadable] };
}

const NOTHING_UNKNOWN: UnknownContent = { tags: [], digests: [], unread: undefined };

/** The accepted content of a repository: wanted digests, and those of entries in conflict. */
function classify({ repository, list, holdings }: Part): Classification {
  const wanted = new Set<Tag>(list.conflicts.map(({ tag }) => tag));
  const accepted = new Map<Digest, Pick<Want, 'sources'> & Partial<Pick<Want, 'siblings'>>>();
  for (const want of list.wants) {
    for (const { tag } of want.tags) wanted.add(tag);
    accepted.set(want.digest, want);
  }
  for (const claim of list.conflicts.flatMap(({ claims }) => claims)) {
    if (!accepted.has(claim.digest)) accepted.set(claim.digest, claim);
  }
  const unknownTags: Tag[] = [];
  const foreign: Digest[] = [];
  for (const [tag, digest] of holdings.tags) {
    if (!wanted.has(tag)) unknownTags.push(tag);
    else if (!accepted.has(digest)) foreign.push(digest);
  }
  const elsewhere = (digest: Digest) => {
    const { siblings = [], sources = [] } = accepted.get(digest) ?? {};
    return [...siblings.filter((sibling) => sibling !== repository), ...sources];
  };
  return { repository, holdings, accepted, unknownTags, foreign, elsewhere };
}

function unknownTag({ repository, holdings }: Part, tag: Tag, allowList: AllowList): readonly Finding[] {
  const digest = holdings.tags.get(tag);
  if (digest === undefined) return [];
  const decision = allowList.allows({ repository, tag, digest }) ? 'allowed' : 'unknown-tag';
  const uploaded = holdings.uploaded.get(digest);
  return [{ decision, repository, reference: tag, digest, uploaded, reason: 'no manifest allows this tag' }];
}

function unknownDigest({ repository, holdings }: Part, digest: Digest, allowList: AllowList): Finding {
  const decision = allowList.allows({ repository, tag: undefined, digest }) ? 'allowed' : 'unknown-digest';
  const uploaded = holdings.uploaded.get(digest);
  const reason = 'no manifest allows this digest, and it is no part of an allowed image';
  return { decision, repository, reference: digest, digest, uploaded, reason };
}

function unreadManifest(
  repository: Repository,
  { digest, reason, fault }: { readonly digest: Digest } & Pick<Finding, 'reason' | 'fault'>,
): Finding {
  const effect = 'so untagged digests and signatures that may be parts of it are not judged';
  return {
    decision: 'unreadable',
    repository,
    reference: digest,
    digest,
    fault,
    reason: `${reason}; ${effect}`,
  };
}

function latestOf(findings: readonly Finding[]): number | undefined {
  const times = findings.flatMap(({ uploaded }) => uploaded ?? []);
  return times.reduce<number | undefined>((latest, time) => Math.max(latest ?? time, time), undefined);
}

/** A repository that no manifest names is one finding. */
function asOne({ repository }: Part, findings: readonly Finding[]): readonly Finding[] {
  const unknown = findings.filter(({ decision }) => decision !== 'allowed');
  if (unknown.length === 0) return findings;
  const tags = unknown.filter(({ decision }) => decision === 'unknown-tag').length;
  const untagged = unknown.length - tags;
  const parts = [
    ...(tags > 0 ? [countOf(tags, 'tag')] : []),
    ...(untagged > 0 ? [countOf(untagged, 'untagged digest')] : []),
  ];
  const uploaded = latestOf(unknown);
  const reason = `no manifest names this repository, which has ${parts.join(' and ')}`;
  const whole = {
    decision: 'unknown-repository',
    repository,
    reference: undefined,
    reason,
    uploaded,
  } as const;
  return [...findings.filter(({ decision }) => decision === 'allowed'), whole];
}
