import { forEachConcurrently } from '../base/concurrency.ts';
import type { Digest } from '../image/digest.ts';
import { parseSubject } from '../image/oci-manifest.ts';
import type { Repository } from '../image/repository.ts';
import type { Tag } from '../image/tag.ts';
import {
  type Browsing,
  type DigestTags,
  readChildren,
  type RepositoryContent,
} from './repository-content.ts';

/**
 * What a snapshot leaves out: nothing; `children`, manifests without a tag that an index of the same repository lists;
 * `attachments`, signatures and attestations as well.
 */
export type Minimal = 'nothing' | 'children' | 'attachments';

export interface MinimalRequest {
  readonly digests: DigestTags;
  /** What their repository holds: the indexes in it are the parents. */
  readonly content: RepositoryContent;
  readonly minimal: Minimal;
}

/** The index by which registries without referrers list those of a digest: its children are no parts of an image. */
const REFERRERS_TAG = /^sha256-[0-9a-f]{64}$/;
/** The same, and what cosign puts beside an image. */
const ATTACHMENT_TAG = /^sha256-[0-9a-f]{64}(?:\.(?:sig|att|sbom))?$/;

/**
 * The digests that are left, once those have gone that the indexes of their repository list. Throws where one of these
 * cannot be read.
 */
export async function makeMinimal(
  repository: Repository,
  { digests, content, minimal }: MinimalRequest,
  browsing: Browsing,
): Promise<DigestTags> {
  if (minimal === 'nothing') return digests;
  const isOpen = Array.from(digests.values()).some((tags) => tags.length === 0);
  const parents = isOpen ? parentsIn(content, minimal) : [];
  const children = await readAllChildren(repository, { parents, parts: content.parts }, browsing);
  const left = new Map(
    Array.from(digests).filter(([digest, tags]) => tags.length > 0 || !children.has(digest)),
  );
  return minimal === 'children' ? left : withoutAttachments(repository, left, browsing);
}

/** Indexes whose children are parts of them; those of a referrers tag only where attachments go as well. */
function parentsIn({ digests, indexes }: RepositoryContent, minimal: Minimal): Digest[] {
  return Array.from(indexes).filter(
    (index) =>
      minimal === 'attachments' || !(digests.get(index) ?? []).some((tag) => REFERRERS_TAG.test(tag)),
  );
}

async function readAllChildren(
  repository: Repository,
  { parents, parts }: { parents: Iterable<Digest>; parts: RepositoryContent['parts'] },
  browsing: Browsing,
): Promise<ReadonlySet<Digest>> {
  const children = new Set<Digest>();
  await forEachConcurrently(parents, browsing, async (parent) => {
    const own = parts.get(parent) ?? (await readChildren(repository, parent, browsing));
    for (const child of own) children.add(child);
  });
  return children;
}

async function withoutAttachments(
  repository: Repository,
  digests: DigestTags,
  browsing: Browsing,
): Promise<DigestTags> {
  const left = new Map<Digest, readonly Tag[]>();
  await forEachConcurrently(digests, browsing, async ([digest, tags]) => {
    const own = tags.filter((tag) => !ATTACHMENT_TAG.test(tag));
    const isAttached = tags.length > 0 ? own.length === 0 : await hasSubject(repository, digest, browsing);
    if (!isAttached) left.set(digest, own);
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
