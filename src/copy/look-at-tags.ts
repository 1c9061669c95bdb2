import type { Digest } from '../image/digest.ts';
import type { Repository } from '../image/repository.ts';
import type { Tag } from '../image/tag.ts';
import type { Clock } from '../ports/clock.ts';
import type { ReadRegistry } from '../ports/registry.ts';
import { RegistryError } from '../ports/registry-error.ts';

/** What tags are by now. One that is in neither map does not exist. */
export interface SeenTags {
  /** When they were looked at, in milliseconds since the epoch. */
  readonly at: number;
  readonly digests: ReadonlyMap<Tag, Digest>;
  /** What was thrown for tags that could not be looked at, which therefore must not be written. */
  readonly failures: ReadonlyMap<Tag, unknown>;
}

interface Looking {
  readonly tags: readonly Tag[];
  readonly isNew: boolean;
  readonly registry: ReadRegistry;
  readonly clock: Pick<Clock, 'now'>;
}

/**
 * Looks at tags right before they are written: one list for several tags of a repository that was new, where it must
 * be short; else a HEAD for each.
 */
export async function lookAtTags(
  repository: Repository,
  { tags, isNew, registry, clock }: Looking,
  signal: AbortSignal,
): Promise<SeenTags> {
  const at = clock.now();
  const suspects = isNew && tags.length > 1 ? await listed(repository, { tags, registry }, signal) : tags;
  const digests = new Map<Tag, Digest>();
  const failures = new Map<Tag, unknown>();
  const look = async (tag: Tag) => {
    try {
      const digest = await registry.resolve(repository, tag, signal);
      if (digest !== undefined) digests.set(tag, digest);
    } catch (error) {
      failures.set(tag, error);
    }
  };
  await Promise.all(suspects.map(look));
  return { at, digests, failures };
}

async function listed(
  repository: Repository,
  { tags, registry }: Pick<Looking, 'tags' | 'registry'>,
  signal: AbortSignal,
): Promise<readonly Tag[]> {
  const listing = await registry.list(repository, signal).catch(orHeads);
  if (listing === undefined) return tags;
  return listing.kind === 'missing' ? [] : tags.filter((tag) => listing.tags.has(tag));
}

/** A registry that gives no list may still answer for each tag. */
function orHeads(error: unknown): undefined {
  if (!(error instanceof RegistryError)) throw error;
}
