import { getOrMake } from '../base/maps.ts';
import type { Digest } from '../image/digest.ts';
import { hostOf, type Repository } from '../image/repository.ts';
import type { CopyItem, Plan, PlanItem } from '../plan/plan.ts';

/** The images whose sources a dry run checks for completeness. */
export type ProofScope = 'all' | 'few' | 'none';

/** From this number of digests on, `few` checks none. */
export const FEW = 2_000;

/** Whether this number of digests is checked. */
export function isProven(scope: ProofScope, digests: number): boolean {
  return scope === 'all' || (scope === 'few' && digests < FEW);
}

/** A digest to copy from the same sources to some destinations. */
export interface ImageToCopy {
  readonly digest: Digest;
  /** In the order to try. */
  readonly sources: readonly Repository[];
  /** Destinations that have the digest. Content that no source has is copied from them. */
  readonly siblings: ReadonlySet<Repository>;
  readonly edges: readonly CopyItem[];
}

interface Draft extends ImageToCopy {
  readonly siblings: Set<Repository>;
  readonly edges: CopyItem[];
}

/** Number of distinct digests that the plan copies, at most `limit`. */
export function countDigestsToCopy(plan: Plan, limit = Number.POSITIVE_INFINITY): number {
  const digests = new Set<Digest>(); // no array in between: a plan may have a million items
  for (const item of plan.items) {
    if (isCopy(item)) digests.add(item.digest);
    if (digests.size >= limit) break;
  }
  return digests.size;
}

/** Each digest once for all destinations that get it from the same sources. */
export function imagesToCopy(plan: Plan): readonly ImageToCopy[] {
  const images = new Map<string, Draft>();
  for (const item of plan.items.filter(isCopy)) {
    const { digest, sources, sourceFault } = item;
    // siblings that replace sources are the same for all destinations, but each has those of its own host first
    const key = [digest, ...(sourceFault === undefined ? sources : sources.toSorted())].join(' ');
    const image = getOrMake(images, key, (): Draft => ({ digest, sources, siblings: new Set(), edges: [] }));
    image.edges.push(item);
    for (const sibling of item.siblings) image.siblings.add(sibling);
  }
  return Array.from(images.values());
}

function isCopy(item: PlanItem): item is CopyItem {
  return item.decision === 'copy';
}

/** The host from which an image is read: images of one host share its limits. */
export function sourceHostOf({ sources: [first] }: ImageToCopy): string {
  return first === undefined ? '' : hostOf(first);
}
