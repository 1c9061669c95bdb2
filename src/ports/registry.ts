import type { ByteStream } from '../base/byte-stream.ts';
import type { Descriptor } from '../image/descriptor.ts';
import type { Digest } from '../image/digest.ts';
import type { RawManifest, Referrer } from '../image/oci-manifest.ts';
import type { Reference } from '../image/reference.ts';
import type { ImageName, RegistryName, Repository } from '../image/repository.ts';
import type { Tag } from '../image/tag.ts';

/**
 * Reads of registries. A source is one of these: writing to it does not compile.
 *
 * Every method throws `RegistryError` without a usable answer, and the reason of an aborted signal. Missing content is an
 * answer, and so a value.
 */
export interface ReadRegistry {
  /** The digest behind a tag or digest (HEAD), or undefined if it does not exist. */
  resolve(repository: Repository, reference: Reference, signal: AbortSignal): Promise<Digest | undefined>;

  /** The manifest with this digest, its bytes verified (GET), or undefined if it does not exist. */
  fetchManifest(
    repository: Repository,
    digest: Digest,
    signal: AbortSignal,
  ): Promise<RawManifest | undefined>;

  /**
   * The listing of a repository (tags/list, every page). It proves that a tag exists, never that one does not. A list that breaks off, and a 404 that does not name the repository unknown, throw.
   */
  list(repository: Repository, signal: AbortSignal): Promise<Listing>;

  /**
   * The same, for a caller that needs little of it: `read` picks that as soon as the listing is parsed, and the listing, which
   * may have megabytes, is freed. `read` must not keep it.
   */
  readList<T>(repository: Repository, read: (listing: Listing) => T, signal: AbortSignal): Promise<T>;

  /**
   * A hint that missing content may be hidden from anonymous requests; undefined without a sign of that. Sends one
   * request to each host. Unset: nothing is hidden.
   */
  explainAbsence?(repository: Repository, signal: AbortSignal): Promise<string | undefined>;

  /**
   * The upload times of the digests of a repository, in milliseconds since the epoch: one listing, of Google's hosts. Empty
   * for other hosts. Unset: no host has them.
   */
  uploadTimes?(repository: Repository, signal: AbortSignal): Promise<ReadonlyMap<Digest, number>>;

  /** True if the blob exists (HEAD); for a descriptor: with its size, if the registry reports one. */
  hasBlob(repository: Repository, blob: Digest | Descriptor, signal: AbortSignal): Promise<boolean>;

  /**
   * The bytes of a blob (GET): a small one at once, a large one as a stream. They are hashed in passing, and the last of
   * them are held back until size and digest are right: a stream that ends without an error is the blob.
   */
  openBlob(repository: Repository, blob: Descriptor, signal: AbortSignal): Promise<BlobBody>;

  /**
   * The condition of a blob by its content (GET): all of its bytes, hashed, or the last one alone. A blob that `hasBlob`
   * finds may be missing or damaged nevertheless.
   */
  checkBlob(
    repository: Repository,
    check: { readonly blob: Descriptor; readonly extent: 'whole' | 'end' },
    signal: AbortSignal,
  ): Promise<BlobCondition>;
}

export type BlobCondition = 'sound' | 'missing' | 'damaged';

/** Reads that discover the content of a registry. */
export interface BrowseRegistry extends ReadRegistry {
  /** The digest and media type behind a tag or digest (HEAD), or undefined if it does not exist. */
  lookUp(repository: Repository, reference: Reference, signal: AbortSignal): Promise<Found | undefined>;

  /** The repositories at and below a registry in the catalog of its host (`_catalog`), page by page, in any order. */
  catalog(registry: RegistryName, signal: AbortSignal): AsyncIterable<readonly Repository[]>;

  /** The listing of a host of Google's (tags/list without a name); `missing` for others. */
  listHost(host: RegistryName, signal: AbortSignal): Promise<Listing>;

  /** The manifest behind a tag (GET), or undefined if it does not exist. */
  fetchTagged(repository: Repository, tag: Tag, signal: AbortSignal): Promise<RawManifest | undefined>;

  /** The manifests that name this one as their subject (every page), or undefined for a registry without that list. */
  referrers(
    repository: Repository,
    digest: Digest,
    signal: AbortSignal,
  ): Promise<readonly Referrer[] | undefined>;
}

export interface Found {
  readonly digest: Digest;
  /** Empty if the registry does not report it. */
  readonly mediaType: string;
}

/** Writes to registries. */
export interface WriteRegistry extends ReadRegistry {
  /**
   * Mounts a blob of another repository of the same host (POST with `mount` and `from`), or without `from` of any
   * repository there. A registry that does not mount it opens an upload instead, to be finished or cancelled.
   */
  mountBlob(
    repository: Repository,
    mount: { readonly digest: Digest; readonly from?: Repository },
    signal: AbortSignal,
  ): Promise<'mounted' | UploadSession>;

  /**
   * Sends a whole blob in one request (POST with `digest`). A registry that does not take it opens an upload instead, to be
   * finished or cancelled.
   */
  putBlob(
    repository: Repository,
    put: { readonly digest: Digest; readonly bytes: Uint8Array },
    signal: AbortSignal,
  ): Promise<'stored' | UploadSession>;

  /** Opens an upload (POST). */
  startUpload(repository: Repository, signal: AbortSignal): Promise<UploadSession>;

  /**
   * Sends the rest of a blob to an upload: whole (PUT), or in chunks (PATCH) after an interruption or for a registry with a
   * smaller limit, which is learned from its refusals.
   */
  finishUpload(upload: BlobUpload, signal: AbortSignal): Promise<void>;

  /** Reads the received size of an interrupted upload (GET); undefined if it cannot be resumed. Never throws. */
  resumeUpload(session: UploadSession, signal: AbortSignal): Promise<UploadSession | undefined>;

  /** Cancels an upload (DELETE). Never throws: the registry expires it. */
  cancelUpload(session: UploadSession, signal: AbortSignal): Promise<void>;

  /**
   * Writes a manifest under a tag or its digest (PUT); the bytes are sent as they are. A tag is read right before (HEAD):
   * if it is this digest nothing is written, and if it is another digest this throws `moved`.
   */
  putManifest(repository: Repository, put: ManifestPut, signal: AbortSignal): Promise<WrittenManifest>;

  /**
   * Writes the index under the referrers tag of a subject (PUT). This tag and the next one are the only ones that may
   * change. It is read right before (HEAD), and anything but `replaces` or this index throws `moved`.
   */
  putReferrersIndex(repository: Repository, put: ReferrersIndexPut, signal: AbortSignal): Promise<void>;

  /** The same for cosign's tag `.sig` of a subject, which gets a layer with each signature. */
  putSignatureTag(repository: Repository, put: SignatureTagPut, signal: AbortSignal): Promise<void>;
}

export interface ManifestPut {
  readonly reference: Reference;
  readonly manifest: RawManifest;
}

export interface WrittenManifest {
  /** The subject of the manifest, if the registry lists it among the referrers of that by itself. */
  readonly listedUnder?: Digest | undefined;
}

export interface ReferrersIndexPut {
  readonly subject: Digest;
  readonly index: RawManifest;
  /** The digest of the index that this one was made from; undefined for none. */
  readonly replaces: Digest | undefined;
}

export interface SignatureTagPut {
  readonly subject: Digest;
  readonly manifest: RawManifest;
  /** The digest of the manifest that this one was made from; undefined for none. */
  readonly replaces: Digest | undefined;
}

export type BlobBody = ByteStream | Uint8Array;

/** An upload that a registry has opened. */
export interface UploadSession {
  readonly repository: Repository;
  /** The absolute URL for its bytes. */
  readonly location: string;
  /** Bytes received by the registry. */
  readonly received: number;
}

export interface BlobUpload {
  readonly session: UploadSession;
  readonly blob: Descriptor;
  /** Opens the whole blob; called when the request has a slot. */
  readonly open: () => Promise<BlobBody>;
  /** Called with the upload after each chunk. */
  readonly onMove?: (session: UploadSession) => void;
}

export type Listing =
  /** `NAME_UNKNOWN`: no such repository, or none of its manifests has a tag (distribution answers the same for both). */
  | { readonly kind: 'missing' }
  /** The list of the distribution spec: names only. `requests` is the number of pages that it took. */
  | { readonly kind: 'tags'; readonly tags: ReadonlySet<Tag>; readonly requests: number }
  | DigestListing;

/** Google's list: every digest with its tags, known by its `manifest` and `child` maps. */
export interface DigestListing {
  readonly kind: 'digests';
  readonly tags: ReadonlyMap<Tag, Digest>;
  /** True for a digest in the list. Cheap, while the maps of all digests may be made when they are first read. */
  has(digest: Digest): boolean;
  readonly manifests: ReadonlyMap<Digest, readonly Tag[]>;
  /** Those that are an index, or a list of Docker's. */
  readonly indexes: ReadonlySet<Digest>;
  /** The entries of indexes, as far as the host lists them; others are in the manifests. */
  readonly parts?: ReadonlyMap<Digest, readonly Digest[]>;
  /** Upload times in milliseconds since the epoch, as far as the host lists them. */
  readonly uploaded?: ReadonlyMap<Digest, number> | undefined;
  /** Names one component below, of repositories or of their parents. */
  readonly children: readonly ImageName[];
}
