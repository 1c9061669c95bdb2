import { forEachConcurrently } from '../base/concurrency.ts';
import { messageOf } from '../base/errors.ts';
import { isAttachmentTag, isReferrersTag } from '../image/attachment-tags.ts';
import type { Digest } from '../image/digest.ts';
import { parseSubject } from '../image/oci-manifest.ts';
import type { Repository } from '../image/repository.ts';
import type { Tag } from '../image/tag.ts';
import { RegistryError } from '../ports/registry-error.ts';
import {
  type Browsing,
  type DigestTags,
  type RepositoryContent,
  readChildren,
} from './repository-content.ts';

/**
 * The content to leave out: `nothing`; `children`, untagged manifests that an index of the same repository lists;
 * `unexpected-children`, only those that are not expected by name; `attachments`, signatures and attestations as well.
 */
export type ExcludedContent = 'nothing' | 'unexpected-children' | 'children' | 'attachments';

export interface FilterRequest {
  readonly digests: DigestTags;
  /** The content of their repository: the indexes in it are the parents. */
  readonly content: RepositoryContent;
  readonly minimal: ExcludedContent;
  /** Children to keep if only unexpected ones are left out. */
  readonly expected?: Iterable<Digest>;
}

export interface FilteredDigests {
  /** The digests that are kept. */
  readonly digests: DigestTags;
  /** Digests that count only with a tag, here or elsewhere. */
  readonly leftOut: ReadonlySet<Digest>;
  /** Indexes that could not be read: their children may still be in `digests`. */
  readonly unread: readonly UnreadIndex[];
}

export interface UnreadIndex {
  readonly index: Digest;
  readonly reason: string;
}

/**
 * Leaves out the children of the indexes in a repository. The children of an index that no longer exists are unknown,
 * so they stay. Throws if the registry does not answer.
 */
export async function filterChildren(
  repository: Repository,
  { digests, content, minimal, expected = [] }: FilterRequest,
  browsing: Browsing,
): Promise<FilteredDigests> {
  if (minimal === 'nothing') return { digests, leftOut: new Set(), unread: [] };
  const kept = new Set(minimal === 'unexpected-children' ? expected : []);
  const isOpen = Array.from(digests).some(([digest, tags]) => tags.length === 0 && !kept.has(digest));
  const parents = isOpen ? parentsIn(content, minimal) : [];
  const { children, unread } = await readAllChildren(repository, { parents, parts: content.parts }, browsing);
  for (const digest of kept) children.delete(digest);
  // an index may list an attestation beside its subject
  if (minimal !== 'attachments') for (const digest of content.referrers) children.delete(digest);
  const left = new Map(
    Array.from(digests).filter(([digest, tags]) => tags.length > 0 || !children.has(digest)),
  );
  if (minimal !== 'attachments') return { digests: left, leftOut: children, unread };
  const own = await withoutAttachments(repository, left, browsing);
  for (const digest of left.keys()) if (!own.has(digest)) children.add(digest);
  return { digests: own, leftOut: children, unread };
}

/** The tags of a digest without those of attachments; undefined if its tags make it an attachment. */
export function withoutAttachmentTags(tags: readonly Tag[]): readonly Tag[] | undefined {
  const own = tags.filter((tag) => !isAttachmentTag(tag));
  return tags.length > 0 && own.length === 0 ? undefined : own;
}

/** Indexes whose children are parts of an image; those of a referrers tag have attachments, and count only if attachments are left out too. */
function parentsIn({ digests, indexes }: RepositoryContent, minimal: ExcludedContent): Digest[] {
  return Array.from(indexes).filter(
    (index) => minimal === 'attachments' || !(digests.get(index) ?? []).some(isReferrersTag),
  );
}

async function readAllChildren(
  repository: Repository,
  { parents, parts }: { parents: Iterable<Digest>; parts: RepositoryContent['parts'] },
  browsing: Browsing,
): Promise<{ children: Set<Digest>; unread: readonly UnreadIndex[] }> {
  const children = new Set<Digest>();
  const unread: UnreadIndex[] = [];
  await forEachConcurrently(parents, browsing, async (index) => {
    try {
      const own = parts.get(index) ?? (await readChildren(repository, index, browsing));
      for (const child of own) children.add(child);
    } catch (error) {
      if (!isOfIndexAlone(error)) throw error;
      unread.push({ index, reason: messageOf(error) });
    }
  });
  return { children, unread };
}

function isOfIndexAlone(error: unknown): boolean {
  return error instanceof RegistryError && error.code === 'unexpected';
}

async function withoutAttachments(
  repository: Repository,
  digests: DigestTags,
  browsing: Browsing,
): Promise<DigestTags> {
  const left = new Map<Digest, readonly Tag[]>();
  await forEachConcurrently(digests, browsing, async ([digest, tags]) => {
    const own = withoutAttachmentTags(tags);
    const isAttached = tags.length === 0 && (await hasSubject(repository, digest, browsing));
    if (own !== undefined && !isAttached) left.set(digest, own);
  });
  return left;
}

async function hasSubject(
  repository: Repository,
  digest: Digest,
  { registry, signal }: Browsing,
): Promise<boolean> {
  const manifest = await registry.fetchManifest(repository, digest, signal);
  return manifest !== undefined && parseSubject(manifest) !== undefined;
}
