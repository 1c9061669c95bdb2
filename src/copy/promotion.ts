import type { Digest } from '../image/digest.ts';
import type { Repository } from '../image/repository.ts';
import type { Tag } from '../image/tag.ts';
import { isWritable, type Plan, type WritableItem } from '../plan/plan.ts';

/** All that is to be written of one digest into one repository. */
export interface Promotion {
  readonly destination: Repository;
  readonly digest: Digest;
  readonly sources: readonly Repository[];
  /** True for a repository that did not exist, or was empty, when the plan was made. */
  readonly isNew: boolean;
  /** False where the digest is there already and only tags are to be added. */
  readonly copies: boolean;
  readonly tags: readonly { readonly tag: Tag; readonly item: WritableItem }[];
  readonly tagless: WritableItem | undefined;
}

/** Promotions into one repository whose tags are looked at together. */
export interface Batch {
  readonly destination: Repository;
  readonly isNew: boolean;
  readonly promotions: readonly Promotion[];
}

/** A finished image waits for its tag until its batch is finished, so batches are small. */
const MAX_BATCH = 16;

/** What the plan wants written, in its order. */
export function collectBatches(plan: Plan): Batch[] {
  const repositories = new Map<Repository, Map<Digest, WritableItem[]>>();
  for (const item of plan.items) {
    if (!isWritable(item)) continue;
    const digests = repositories.get(item.destination) ?? new Map<Digest, WritableItem[]>();
    repositories.set(item.destination, digests);
    const items = digests.get(item.digest);
    if (items === undefined) digests.set(item.digest, [item]);
    else items.push(item);
  }
  return Array.from(repositories).flatMap(([destination, digests]) => {
    const isNew = plan.newRepositories.has(destination);
    const promotions = Array.from(digests.values()).flatMap((items) => makePromotion(items, isNew));
    return chunks(promotions, MAX_BATCH).map((some) => ({ destination, isNew, promotions: some }));
  });
}

function makePromotion(items: readonly WritableItem[], isNew: boolean): Promotion[] {
  const [first] = items;
  if (first === undefined) return [];
  return [
    {
      destination: first.destination,
      digest: first.digest,
      sources: first.sources,
      isNew,
      copies: first.decision === 'copy',
      tags: items.flatMap((item) => (item.tag === undefined ? [] : [{ tag: item.tag, item }])),
      tagless: items.find((item) => item.tag === undefined),
    },
  ];
}

function chunks<T>(items: readonly T[], size: number): T[][] {
  const count = Math.ceil(items.length / size);
  return Array.from({ length: count }, (_, index) => items.slice(index * size, (index + 1) * size));
}
