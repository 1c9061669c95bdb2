import { addTo, getOrMake } from '../../base/maps.ts';
import { compareText, sortedBy } from '../../base/sorted.ts';
import { type Digest, digestOf, isDigest } from '../../image/digest.ts';
import type { RawManifest } from '../../image/oci-manifest.ts';
import { type ManifestFacts, readManifestFacts } from './manifest-facts.ts';
import { canonicalDigest } from './schema1-digest.ts';

export interface StoredManifest extends RawManifest {
  /** Milliseconds since the epoch. */
  readonly uploadedAt: number;
  readonly facts: ManifestFacts;
}

/**
 * The content of the registry, in memory. Tests may read and write it directly: nothing is validated here.
 *
 * A repository exists once it has had a manifest, even if all its manifests were deleted.
 */
export class RegistryStore {
  readonly #repositories = new Map<string, Content>();
  readonly #sharedBlobs: Map<Digest, Uint8Array> | undefined;
  readonly #now: () => number;

  constructor(options: { blobStore: 'repository' | 'global'; now: () => number }) {
    this.#sharedBlobs = options.blobStore === 'global' ? new Map() : undefined;
    this.#now = options.now;
  }

  /** Names of the repositories that exist, sorted. */
  repositories(): string[] {
    const existing = Array.from(this.#repositories).filter(([, content]) => content.exists);
    return existing.map(([name]) => name).toSorted(compareText);
  }

  exists(name: string): boolean {
    return this.#repositories.get(name)?.exists ?? false;
  }

  /** Stores a blob, by default under its sha256. */
  putBlob(name: string, bytes: Uint8Array, digest: Digest = digestOf(bytes)): Digest {
    this.#open(name).blobs.set(digest, bytes);
    return digest;
  }

  blob(name: string, digest: Digest): Uint8Array | undefined {
    return (this.#repositories.get(name)?.blobs ?? this.#sharedBlobs)?.get(digest);
  }

  hasBlob(name: string, digest: Digest): boolean {
    return this.blob(name, digest) !== undefined;
  }

  /** Digests of a repository's blobs, sorted. */
  blobs(name: string): Digest[] {
    return sortedBy(this.#repositories.get(name)?.blobs.keys() ?? [], (digest) => digest);
  }

  /** A blob of any repository of the host. */
  findBlob(digest: Digest): Uint8Array | undefined {
    for (const { blobs } of this.#repositories.values()) {
      const bytes = blobs.get(digest);
      if (bytes !== undefined) return bytes;
    }
    return undefined;
  }

  /** Stores a manifest under a tag, or under a digest, which is not verified. */
  putManifest(name: string, reference: string, mediaType: string, bytes: Uint8Array): Digest {
    const content = this.#open(name);
    const digest = isDigest(reference) ? reference : canonicalDigest(mediaType, bytes);
    const facts = readManifestFacts(bytes);
    content.exists = true;
    content.manifests.set(digest, { mediaType, digest, bytes, facts, uploadedAt: this.#now() });
    if (!isDigest(reference)) content.tags.set(reference, digest);
    return digest;
  }

  /** The manifest of a tag or digest. */
  manifest(name: string, reference: string): StoredManifest | undefined {
    const content = this.#repositories.get(name);
    const digest = isDigest(reference) ? reference : content?.tags.get(reference);
    return digest === undefined ? undefined : content?.manifests.get(digest);
  }

  /** A repository's manifests, tagged or not, sorted by digest. */
  manifests(name: string): StoredManifest[] {
    return sortedBy(this.#repositories.get(name)?.manifests.values() ?? [], ({ digest }) => digest);
  }

  /** The digest of a tag. */
  resolveTag(name: string, tag: string): Digest | undefined {
    return this.#repositories.get(name)?.tags.get(tag);
  }

  /** Tags in the lexical order of the specification: first without regard to case, then with it. */
  tags(name: string): string[] {
    const tags = Array.from(this.#repositories.get(name)?.tags.keys() ?? []);
    return tags.toSorted(compareTags);
  }

  /** Tags by digest, in lexical order. */
  tagsByDigest(name: string): Map<Digest, string[]> {
    const byDigest = new Map<Digest, string[]>();
    for (const tag of this.tags(name)) {
      const digest = this.resolveTag(name, tag);
      if (digest !== undefined) addTo(byDigest, digest, tag);
    }
    return byDigest;
  }

  /** Manifests with the digest as `subject`, sorted. The subject itself need not exist. */
  referrers(name: string, subject: Digest): StoredManifest[] {
    return this.manifests(name).filter(({ facts }) => facts.subject === subject);
  }

  /** False if the tag did not exist; the same holds for the other deletions. */
  deleteTag(name: string, tag: string): boolean {
    return this.#repositories.get(name)?.tags.delete(tag) ?? false;
  }

  /** Deletes a manifest and its tags. */
  deleteManifest(name: string, digest: Digest): boolean {
    const content = this.#repositories.get(name);
    if (content?.manifests.delete(digest) !== true) return false;
    for (const [tag, target] of content.tags) if (target === digest) content.tags.delete(tag);
    return true;
  }

  deleteBlob(name: string, digest: Digest): boolean {
    return this.#repositories.get(name)?.blobs.delete(digest) ?? false;
  }

  #open(name: string): Content {
    return getOrMake(this.#repositories, name, () => ({
      exists: false,
      manifests: new Map(),
      tags: new Map(),
      blobs: this.#sharedBlobs ?? new Map(),
    }));
  }
}

/** Order of a tag listing. */
export function compareTags(a: string, b: string): number {
  return compareText(a.toLowerCase(), b.toLowerCase()) || compareText(a, b);
}

interface Content {
  exists: boolean;
  readonly manifests: Map<Digest, StoredManifest>;
  readonly tags: Map<string, Digest>;
  readonly blobs: Map<Digest, Uint8Array>;
}
