import { forEachConcurrently } from '../../base/concurrency.ts';
import { addTo } from '../../base/maps.ts';
import { type Digest, parseDigest } from '../../image/digest.ts';
import type { Repository } from '../../image/repository.ts';
import type { Tag } from '../../image/tag.ts';
import { orUnreadable, type Unreadable } from '../../ports/unreadable.ts';
import type { DigestSet, Holdings } from './holdings.ts';
import type { ManifestRelations, Relations } from './manifest-relations.ts';

/** The content of a repository, classified by what manifests say. */
export interface Classification {
  readonly repository: Repository;
  readonly holdings: Holdings;
  /** Digests that may be there, whether they are or not. */
  readonly accepted: DigestSet;
  /** Tags that no manifest wants. */
  readonly unknownTags: readonly Tag[];
  /** Unwanted digests of wanted tags. */
  readonly foreign: readonly Digest[];
  /** Repositories that may have an accepted digest which is gone here. */
  readonly elsewhere: (digest: Digest) => readonly Repository[];
}

/** The content that nothing explains. Parts of it (children, signatures, referrers) are not named by themselves. */
export interface UnknownContent {
  readonly tags: readonly Tag[];
  /** Digests without tags. */
  readonly digests: readonly Digest[];
  /** A manifest that could not be read: content that may be a part of it is not judged. */
  readonly unread: (Unreadable & { readonly digest: Digest }) | undefined;
}

interface Reading {
  readonly relations: ManifestRelations;
  /** Concurrent requests; the transport bounds them. */
  readonly workers: number;
  readonly signal: AbortSignal;
}

/**
 * The tags and digests of a repository that are neither accepted nor a part of an accepted image: its children at any
 * depth, its signatures, attestations and SBOMs, and its referrers. Manifests are read only while something is
 * unexplained, indexes first.
 */
export async function findUnknownContent(
  classification: Classification,
  reading: Reading,
): Promise<UnknownContent> {
  return await new UnknownContentSearch(classification, reading).run();
}

/** The tag of a signature, attestation or SBOM, or of the index that replaces the referrers API. */
const ATTACHMENT_TAG = /^(sha256)-([0-9a-f]{64})(?:\.(?:sig|att|sbom))?$/;

class UnknownContentSearch {
  readonly #classification: Classification;
  readonly #reading: Reading;
  /** Tags of attachments, with their subjects. */
  readonly #attachments = new Map<Tag, Digest>();
  /** Digests by the manifest that they are a part of. */
  readonly #parts = new Map<Digest, Digest[]>();
  readonly #read = new Set<Digest>();
  readonly #explained = new Set<Digest>();
  readonly #open: Set<Digest>;
  #unread: UnknownContent['unread'];

  constructor(classification: Classification, reading: Reading) {
    this.#classification = classification;
    this.#reading = reading;
    const { holdings, unknownTags } = classification;
    for (const tag of unknownTags) {
      const subject = subjectOf(tag);
      const digest = holdings.tags.get(tag);
      if (subject === undefined || digest === undefined) continue;
      this.#attachments.set(tag, subject);
      addTo(this.#parts, subject, digest);
    }
    const tagged = new Set(holdings.tags.values());
    this.#open = new Set();
    for (const digest of holdings.digests.keys()) if (!tagged.has(digest)) this.#open.add(digest);
  }

  async run(): Promise<UnknownContent> {
    const { accepted, foreign, unknownTags } = this.#classification;
    const own = unknownTags.filter((tag) => !this.#attachments.has(tag));
    await this.#spread(accepted.keys());
    if (this.#isDone()) return { tags: own, digests: [], unread: undefined };
    await this.#readSubjects();
    await this.#spread(Array.from(this.#explained));
    const attachments = this.#unexplainedTags();
    await this.#spread([...foreign, ...this.#digestsOf(own)]);
    // the signature of an unknown image is a part of it; one whose subject is gone is unknown itself
    const orphans = attachments.filter((tag) => !this.#isKnown(this.#attachments.get(tag)));
    await this.#spread(this.#digestsOf(orphans));
    const roots = this.#openRoots();
    const isUnjudged = this.#unread !== undefined && orphans.length + roots.length > 0;
    return isUnjudged
      ? { tags: own, digests: [], unread: this.#unread }
      : { tags: [...own, ...orphans], digests: roots, unread: undefined };
  }

  #digestsOf(tags: readonly Tag[]): readonly Digest[] {
    return tags.flatMap((tag) => this.#classification.holdings.tags.get(tag) ?? []);
  }

  /** The unexplained digests that are no part of each other. */
  #openRoots(): readonly Digest[] {
    const left = Array.from(this.#open);
    const parts = new Set(left.flatMap((digest) => this.#parts.get(digest) ?? []));
    return left.filter((digest) => !parts.has(digest));
  }

  #isDone(): boolean {
    return this.#open.size === 0 && this.#unexplainedTags().length === 0;
  }

  #unexplainedTags(): readonly Tag[] {
    return Array.from(this.#attachments).flatMap(([tag, subject]) =>
      this.#explained.has(subject) ? [] : [tag],
    );
  }

  #isKnown(subject: Digest | undefined): boolean {
    return subject !== undefined && (this.#explained.has(subject) || this.#open.has(subject));
  }

  /** Explains manifests and all of their parts, level by level. Indexes are read only while something is open. */
  async #spread(roots: Iterable<Digest>): Promise<void> {
    const { workers, signal } = this.#reading;
    let level = Array.from(roots);
    while (level.length > 0) {
      for (const digest of level) this.#explain(digest);
      await forEachConcurrently(level, { workers, signal }, async (digest) => {
        if (!this.#isDone() && this.#mayHaveChildren(digest)) await this.#readRelations(digest);
      });
      const parts = level.flatMap((digest) => this.#parts.get(digest) ?? []);
      level = Array.from(new Set(parts)).filter((digest) => !this.#explained.has(digest));
    }
  }

  #explain(digest: Digest): void {
    this.#explained.add(digest);
    this.#open.delete(digest);
  }

  /** An accepted manifest that is gone may be an index whose children are left. */
  #mayHaveChildren(digest: Digest): boolean {
    const { holdings } = this.#classification;
    return holdings.indexes.has(digest) || !holdings.digests.has(digest);
  }

  /** A referrer names its subject, so the open digests are read. */
  async #readSubjects(): Promise<void> {
    await forEachConcurrently(Array.from(this.#open), this.#reading, async (digest) => {
      const relations = await this.#readRelations(digest);
      if (relations?.subject !== undefined) addTo(this.#parts, relations.subject, digest);
    });
  }

  async #readRelations(digest: Digest): Promise<Relations | undefined> {
    const { repository, holdings, elsewhere } = this.#classification;
    const { relations, signal } = this.#reading;
    if (this.#read.has(digest)) return undefined;
    this.#read.add(digest);
    const isHere = holdings.digests.has(digest);
    const found = await orUnreadable(
      relations.of(digest, isHere ? [repository] : elsewhere(digest), signal),
      signal,
    );
    if (found === undefined)
      this.#open.delete(digest); // deleted since it was listed
    else if ('kind' in found) {
      if (isHere) this.#unread ??= { ...found, digest };
    } else {
      for (const child of found.children) addTo(this.#parts, digest, child);
      return found;
    }
    return undefined;
  }
}

function subjectOf(tag: Tag): Digest | undefined {
  const [, algorithm, hex] = ATTACHMENT_TAG.exec(tag) ?? [];
  return hex === undefined ? undefined : parseDigest(`${algorithm}:${hex}`);
}
