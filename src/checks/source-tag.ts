import { forEachInLanes } from '../base/concurrency.ts';
import { addTo, getOrMake } from '../base/maps.ts';
import type { Digest } from '../image/digest.ts';
import { parseReferences } from '../image/oci-manifest.ts';
import { formatReference } from '../image/reference.ts';
import { hostOf, type Repository } from '../image/repository.ts';
import type { Tag } from '../image/tag.ts';
import { type CopyItem, edgeId, type Plan } from '../plan/plan.ts';
import type { ReadRegistry } from '../ports/registry.ts';
import { orUnreadable } from '../ports/unreadable.ts';
import { countDigestsToCopy, FEW, imagesToCopy, isProven, type ProofScope } from './images-to-copy.ts';
import type { Found, PlanRule } from './rule.ts';

/**
 * Compares the tags of the images to copy with the tags of their source, one query for each tag. A promoted tag never
 * moves, so a wrong digest is permanent. A tag that the source lacks is no finding.
 */
export function sourceTag(scope: ProofScope): PlanRule {
  return {
    name: 'source-tag',
    level: 'warn',
    check: async (plan, { report, source, workers }, signal) => {
      if (!isProven(scope, countDigestsToCopy(plan, FEW))) return;
      const laneOf = ({ repository }: SourceTag) => hostOf(repository);
      await forEachInLanes(sourceTagsOf(plan), { laneOf, workers, signal }, async (wanted) => {
        for (const found of await compare(wanted, source, signal)) report(found);
      });
    },
  };
}

/** A tag at a source, and the edges that want it for each digest. */
interface SourceTag {
  readonly repository: Repository;
  readonly tag: Tag;
  readonly wanted: Map<Digest, CopyItem[]>;
}

function sourceTagsOf(plan: Plan): SourceTag[] {
  const tags = new Map<string, SourceTag>();
  for (const { sources, digest, edges } of imagesToCopy(plan)) {
    const [repository] = sources;
    if (repository === undefined) continue;
    for (const edge of edges) {
      const { tag, sourceFault } = edge;
      if (tag === undefined || sourceFault !== undefined) continue; // no source has the digest
      const name = formatReference(repository, tag);
      const make = (): SourceTag => ({ repository, tag, wanted: new Map() });
      addTo(getOrMake(tags, name, make).wanted, digest, edge);
    }
  }
  return Array.from(tags.values());
}

async function compare(
  { repository, tag, wanted }: SourceTag,
  source: ReadRegistry,
  signal: AbortSignal,
): Promise<Found[]> {
  const name = formatReference(repository, tag);
  const actual = await orUnreadable(source.resolve(repository, tag, signal), signal);
  if (typeof actual === 'object') {
    const edges = Array.from(wanted.values()).flat();
    const message = `${name} could not be compared with the manifests: ${actual.reason}`;
    return [{ message, at: edges[0]?.at[0], edges: edges.map(edgeId) }];
  }
  const others = Array.from(wanted).filter(([digest]) => digest !== actual);
  if (actual === undefined || others.length === 0) return [];
  const parts = await partsOf(repository, actual, { source, signal }).catch(() => NO_PARTS);
  return others.map(([digest, edges]) => {
    const [message, advice] = parts.has(digest)
      ? [`${name} is the index ${actual}, and ${digest} is only one part of it`, PROMOTE_INDEX]
      : [`${name} is ${actual}, not ${digest}`, CHECK_DIGEST];
    return { message, advice, at: edges[0]?.at[0], edges: edges.map(edgeId) };
  });
}

const BURNT = 'a promoted tag is never moved';
const PROMOTE_INDEX = `promote the index, unless its part alone is meant: ${BURNT}`;
const CHECK_DIGEST = `check the digest: ${BURNT}`;

const NO_PARTS: ReadonlySet<Digest> = new Set();

/** The manifests that an index lists; none for an image. */
async function partsOf(
  repository: Repository,
  digest: Digest,
  { source, signal }: { source: ReadRegistry; signal: AbortSignal },
): Promise<ReadonlySet<Digest>> {
  const manifest = await source.fetchManifest(repository, digest, signal);
  return manifest === undefined
    ? NO_PARTS
    : new Set(parseReferences(manifest).manifests.map((part) => part.digest));
}
