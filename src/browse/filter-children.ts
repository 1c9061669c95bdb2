import { forEachConcurrently } from '../base/concurrency.ts';
import { messageOf } from '../base/errors.ts';
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
 * What is left out: nothing; `children`, manifests without a tag that an index of the same repository lists;
 * `unexpected-children`, those of them that are not expected by name; `attachments`, signatures and attestations as well.
 */
export type ExcludedContent = 'nothing' | 'unexpected-children' | 'children' | 'attachments';

export interface FilterRequest {
  readonly digests: DigestTags;
  /** What their repository holds: the indexes in it are the parents. */
  readonly content: RepositoryContent;
  readonly minimal: ExcludedContent;
  /** Digests that stay although they are children, if only unexpected ones go. */
  readonly expected?: Iterable<Digest>;
}

export interface FilteredDigests {
  /** Those that are left. */
  readonly digests: DigestTags;
  /** Those that count for nothing without a tag of their own, here or elsewhere. */
  readonly leftOut: ReadonlySet<Digest>;
  /** Indexes that could not be read, so that what they list may be left. */
  readonly unread: readonly UnreadIndex[];
}

export interface UnreadIndex {
  readonly index: Digest;
  readonly reason: string;
}

/** The index by which registries without referrers list those of a digest: its children are no parts of an image. */
const REFERRERS_TAG = /^sha256-[0-9a-f]{64}$/;
/** The same, and what cosign puts beside an image. */
const ATTACHMENT_TAG = /^sha256-[0-9a-f]{64}(?:\.(?:sig|att|sbom))?$/;

/**
 * The digests that are left, once those have gone that the indexes of their repository list. Of an index that is gone
 * nobody knows what it listed, so that stays. Throws where the registry does not answer.
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
  // an attestation may be listed beside what it is about
  if (minimal !== 'attachments') for (const digest of content.referrers) children.delete(digest);
  const left = new Map(
    Array.from(digests).filter(([digest, tags]) => tags.length > 0 || !children.has(digest)),
  );
  if (minimal !== 'attachments') return { digests: left, leftOut: children, unread };
  const own = await withoutAttachments(repository, left, browsing);
  for (const digest of left.keys()) if (!own.has(digest)) children.add(digest);
  return { digests: own, leftOut: children, unread };
}

/** The tags that are left to a digest where attachments go; undefined where it was an attachment, by its tags. */
export function withoutAttachmentTags(tags: readonly Tag[]): readonly Tag[] | undefined {
  const own = tags.filter((tag) => !ATTACHMENT_TAG.test(tag));
  return tags.length > 0 && own.length === 0 ? undefined : own;
}

/** Indexes whose children are parts of them; those of a referrers tag only where attachments go as well. */
function parentsIn({ digests, indexes }: RepositoryContent, minimal: ExcludedContent): Digest[] {
  return Array.from(indexes).filter(
    (index) =>
      minimal === 'attachments' || !(digests.get(index) ?? []).some((tag) => REFERRERS_TAG.test(tag)),
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
