import { addTo } from '../base/maps.ts';
import { SingleFlight } from '../base/single-flight.ts';
import type { Digest } from '../image/digest.ts';
import {
  annotationsOf,
  artifactTypeOf,
  layerTypeOf,
  parseReferrer,
  type RawManifest,
  type Referrer,
} from '../image/oci-manifest.ts';
import {
  COSIGN_SUFFIXES,
  type CosignSuffix,
  cosignTagOf,
  isAttachmentTag,
  referrersTagOf,
} from '../image/attachment-tags.ts';
import type { Repository } from '../image/repository.ts';
import type { Tag } from '../image/tag.ts';
import type { BrowseRegistry, Listing } from '../ports/registry.ts';
import { RegistryError } from '../ports/registry-error.ts';
import type { Attachment, IgnoredAttachment } from './attachment.ts';
import { readOrBroken } from './read-attachment.ts';
import { Referrers } from './referrers.ts';
import { entriesOf } from './referrers-index.ts';

export interface FinderOptions {
  /** The cosign tags to find. Default: all. */
  readonly suffixes?: readonly CosignSuffix[];
  /** A known listing of a repository. Default: each repository is listed once. */
  readonly listingOf?: (repository: Repository) => Listing | undefined;
}

/** Referrers of one subject: more are a mistake or an attack. */
const MAX_REFERRERS = 10_000;
/** Bytes of a manifest, as registries limit them. */
const MAX_MANIFEST_BYTES = 4 * 1024 * 1024;
/** Bytes of manifests that are kept. */
const MAX_KEPT_BYTES = 64 * 1024 * 1024;

/**
 * Finds the attachments of images. One listing of a repository shows which digests have cosign tags or a referrers tag,
 * and one request whether the repository has the referrers API. Each subject is searched once.
 *
 * A tag that the listing lacks is not requested: there are three for each digest. Without a listing the tags are requested
 * one by one.
 */
export class AttachmentFinder {
  readonly #registry: BrowseRegistry;
  readonly #options: FinderOptions;
  readonly #referrers: Referrers;
  readonly #tags = new SingleFlight<Repository, ReadonlySet<Tag> | undefined>();
  readonly #found = new SingleFlight<string, readonly Attachment[]>();
  readonly #ignored = new Map<string, IgnoredAttachment[]>();
  readonly #changed = new Set<string>();
  /** Bytes of manifests in results, by key, the oldest first. */
  readonly #kept = new Map<string, number>();
  #keptBytes = 0;

  constructor(registry: BrowseRegistry, options: FinderOptions = {}) {
    this.#registry = registry;
    this.#options = options;
    this.#referrers = new Referrers(registry);
  }

  /** The attachments of a manifest. Throws a `RegistryError` if the registry fails. */
  of(repository: Repository, subject: Digest, signal: AbortSignal): Promise<readonly Attachment[]> {
    const key = keyOf(repository, subject);
    return this.#found.run(key, async () => {
      this.#ignored.delete(key);
      const found = await this.#find(repository, subject, signal);
      this.#keep(key, found);
      return found;
    });
  }

  /** Forgets the attachments of a manifest after a write. The next search requests its tags, because the listing is older. */
  forget(repository: Repository, subject: Digest): void {
    const key = keyOf(repository, subject);
    this.#found.forget(key);
    this.#changed.add(key);
  }

  /** The attachments that the last call of `of` ignored. */
  ignoredAt(repository: Repository, subject: Digest): readonly IgnoredAttachment[] {
    return this.#ignored.get(keyOf(repository, subject)) ?? [];
  }

  async #find(repository: Repository, subject: Digest, signal: AbortSignal): Promise<readonly Attachment[]> {
    const [listed, tags] = await Promise.all([
      this.#referrers.of(repository, subject, signal),
      this.#tags.run(repository, () => this.#listTags(repository, signal)),
    ]);
    const isChanged = this.#changed.has(keyOf(repository, subject));
    const has = (tag: Tag) => tags === undefined || isChanged || tags.has(tag);
    const read = async (tag: Tag) =>
      has(tag) ? this.#readTag({ repository, subject, tag }, signal) : undefined;
    const [fallback, ...cosign] = await Promise.all([
      listed === undefined ? read(referrersTagOf(subject)) : undefined,
      ...(this.#options.suffixes ?? COSIGN_SUFFIXES).map(async (suffix) => {
        const tag = cosignTagOf(subject, suffix);
        const content = await read(tag);
        return content === undefined ? [] : [taggedAttachment({ tag, suffix, content })];
      }),
    ]);
    const kind = listed === undefined ? 'fallback' : 'api';
    const referrers = listed ?? referrersIn(fallback);
    const sound = this.#takeSound(referrers, { repository, subject });
    return [...sound.map((referrer) => referringAttachment(referrer, kind)), ...cosign.flat()];
  }

  /** The tags of attachments in the listing of a repository; undefined if it cannot be listed. */
  async #listTags(repository: Repository, signal: AbortSignal): Promise<ReadonlySet<Tag> | undefined> {
    try {
      const known = this.#options.listingOf?.(repository);
      const listing = known ?? (await this.#registry.list(repository, signal));
      if (listing.kind === 'missing') return new Set();
      return new Set(Array.from(listing.tags.keys()).filter(isAttachmentTag));
    } catch (error) {
      if (error instanceof RegistryError && NO_LISTING.has(error.code) && !error.temporary) return undefined;
      throw error;
    }
  }

  /** The manifest behind a tag. Some registries take the referrers tag for the digest: the subject is no answer. */
  async #readTag(
    { repository, subject, tag }: { repository: Repository; subject: Digest; tag: Tag },
    signal: AbortSignal,
  ): Promise<RawManifest | undefined> {
    const read = await readOrBroken(this.#registry.fetchTagged(repository, tag, signal));
    if (read === undefined || 'bytes' in read) return read?.digest === subject ? undefined : read;
    this.#ignore(repository, { subject, reason: `tag ${tag}: ${read.ignored}` });
    return undefined;
  }

  #takeSound(
    referrers: readonly Referrer[],
    { repository, subject }: { readonly repository: Repository; readonly subject: Digest },
  ): readonly Referrer[] {
    const left = referrers.length - MAX_REFERRERS;
    if (left > 0) {
      const reason = `${left} of ${referrers.length} referrers are over the limit of ${MAX_REFERRERS}`;
      this.#ignore(repository, { subject, reason });
    }
    return referrers.slice(0, MAX_REFERRERS).filter(({ digest, size }) => {
      if (size <= MAX_MANIFEST_BYTES && digest !== subject) return true;
      const reason = digest === subject ? 'it refers to itself' : `its manifest has ${size} bytes`;
      this.#ignore(repository, { subject, digest, reason });
      return false;
    });
  }

  #ignore(repository: Repository, ignored: IgnoredAttachment): void {
    addTo(this.#ignored, keyOf(repository, ignored.subject), ignored);
  }

  /** Forgets the oldest results while their manifests are larger than the limit. */
  #keep(key: string, found: readonly Attachment[]): void {
    const bytes = found.reduce((sum, { content }) => sum + (content?.bytes.length ?? 0), 0);
    if (bytes === 0) return;
    this.#kept.set(key, bytes);
    this.#keptBytes += bytes;
    for (const [oldest, size] of this.#kept) {
      if (this.#keptBytes <= MAX_KEPT_BYTES) return;
      this.#found.forget(oldest);
      this.#kept.delete(oldest);
      this.#keptBytes -= size;
    }
  }
}

function keyOf(repository: Repository, subject: Digest): string {
  return `${repository} ${subject}`;
}

/** Failures of a registry that does not list tags. */
const NO_LISTING: ReadonlySet<string> = new Set(['refused', 'unauthorized']);

/** The referrers in the index behind a referrers tag, each once. */
function referrersIn(index: RawManifest | undefined): readonly Referrer[] {
  const referrers = new Map<Digest, Referrer>();
  for (const entry of entriesOf(index)) {
    const referrer = parseReferrer(entry);
    if (referrer !== undefined) referrers.set(referrer.digest, referrer);
  }
  return Array.from(referrers.values());
}

function referringAttachment(
  { artifactType, annotations, mediaType, digest, size }: Referrer,
  kind: 'api' | 'fallback',
): Attachment {
  return { manifest: { mediaType, digest, size }, artifactType, annotations, place: { kind } };
}

function taggedAttachment({
  tag,
  suffix,
  content,
}: {
  tag: Tag;
  suffix: CosignSuffix;
  content: RawManifest;
}): Attachment {
  const { mediaType, digest, bytes } = content;
  return {
    manifest: { mediaType, digest, size: bytes.length },
    artifactType: layerTypeOf(content) || artifactTypeOf(content), // cosign's configs are those of images
    annotations: annotationsOf(content),
    place: { kind: 'tag', tag, suffix },
    content,
  };
}
