import type { Readable } from 'node:stream';
import type { Descriptor } from '../image/descriptor.ts';
import type { Digest } from '../image/digest.ts';
import type { RawManifest } from '../image/oci-manifest.ts';
import type { Reference } from '../image/reference.ts';
import type { ImageName, RegistryName, Repository } from '../image/repository.ts';
import type { Tag } from '../image/tag.ts';

/**
 * What can be read from registries. A source is one of these: writing to it does not compile.
 *
 * Every method throws `RegistryError` when the registry does not answer the question, and what the signal carries
 * when it is aborted. "Not there" is an answer, so it is a value.
 */
export interface ReadRegistry {
  /** The digest that a tag or digest stands for (HEAD), or undefined where there is none. */
  resolve(repository: Repository, reference: Reference, signal: AbortSignal): Promise<Digest | undefined>;

  /** The manifest with this digest, its bytes verified (GET), or undefined where there is none. */
  fetchManifest(
    repository: Repository,
    digest: Digest,
    signal: AbortSignal,
  ): Promise<RawManifest | undefined>;

  /** What the repository says it holds (tags/list, every page). A repository that does not exist is an empty one. */
  list(repository: Repository, signal: AbortSignal): Promise<Listing>;

  /** True when the blob is there (HEAD); for a descriptor: and has its size, where the registry tells one. */
  hasBlob(repository: Repository, blob: Digest | Descriptor, signal: AbortSignal): Promise<boolean>;

  /**
   * The bytes of a blob (GET): a small one at once, a large one as a stream. They are hashed on the way, and the last
   * of them are held back until size and digest are right, so what ends well is the blob.
   */
  openBlob(repository: Repository, blob: Descriptor, signal: AbortSignal): Promise<BlobBody>;
}

/** What can be asked besides by who does not know what is there. */
export interface BrowseRegistry extends ReadRegistry {
  /** What a tag or digest stands for (HEAD), or undefined where there is none. */
  lookUp(repository: Repository, reference: Reference, signal: AbortSignal): Promise<Found | undefined>;

  /** The repositories at and below a registry by its host's own account (`_catalog`), page by page, in any order. */
  catalog(registry: RegistryName, signal: AbortSignal): AsyncIterable<readonly Repository[]>;

  /** What Google's hosts tell of themselves as of a repository (tags/list without a name); `missing` of others. */
  listHost(host: RegistryName, signal: AbortSignal): Promise<Listing>;

  /** The manifests that name this one as their subject (every page), or undefined where a registry has no such list. */
  referrers(
    repository: Repository,
    digest: Digest,
    signal: AbortSignal,
  ): Promise<readonly Digest[] | undefined>;
}

export interface Found {
  readonly digest: Digest;
  /** Empty where the registry does not say it. */
  readonly mediaType: string;
}

/** What can be written to registries besides. */
export interface WriteRegistry extends ReadRegistry {
  /**
   * Asks for a blob of another repository of the same host (POST with `mount` and `from`), or without `from` for one
   * of any repository there. Where the registry does not do that it has opened an upload instead, to be finished or
   * cancelled.
   */
  mountBlob(
    repository: Repository,
    mount: { readonly digest: Digest; readonly from?: Repository },
    signal: AbortSignal,
  ): Promise<'mounted' | UploadSession>;

  /** Opens an upload (POST). */
  startUpload(repository: Repository, signal: AbortSignal): Promise<UploadSession>;

  /**
   * Sends what an upload has not got of a blob: all of it at once (PUT), or in chunks (PATCH) where the upload was
   * interrupted or the registry takes no larger ones. What a registry takes is learned from its refusals.
   */
  finishUpload(upload: BlobUpload, signal: AbortSignal): Promise<void>;

  /** Asks how much of an interrupted upload has arrived (GET); undefined where it cannot go on. Never throws. */
  resumeUpload(session: UploadSession, signal: AbortSignal): Promise<UploadSession | undefined>;

  /** Gives up an upload (DELETE). Never throws: the registry forgets it in time. */
  cancelUpload(session: UploadSession, signal: AbortSignal): Promise<void>;

  /** Writes a manifest under a tag or its digest (PUT); the bytes are sent as they are. */
  putManifest(repository: Repository, put: ManifestPut, signal: AbortSignal): Promise<void>;
}

export interface ManifestPut {
  readonly reference: Reference;
  readonly manifest: RawManifest;
  /**
   * Of a tag: when it was last known to be free, in milliseconds of the monotonic clock. It is looked at again before it is
   * written long after that, and where it has become something else, that is thrown (`moved`). Default: now.
   */
  readonly seenAt?: number;
}

export type BlobBody = Readable | Uint8Array;

/** An upload that a registry has opened. */
export interface UploadSession {
  readonly repository: Repository;
  /** Where the registry wants the bytes, absolute. */
  readonly location: string;
  /** Bytes that it has. */
  readonly received: number;
}

export interface BlobUpload {
  readonly session: UploadSession;
  readonly blob: Descriptor;
  /** All of the blob; called once there is room for the request. */
  readonly open: () => Promise<BlobBody>;
  /** Told where the upload goes on after each part of it. Default: nobody is. */
  readonly onMove?: (session: UploadSession) => void;
}

export type Listing =
  /** 404: there is no such repository, or none of its manifests has a tag (distribution tells no difference). */
  | { readonly kind: 'missing' }
  /** The list of the distribution spec: names only. `requests` is the number of pages that it took. */
  | { readonly kind: 'tags'; readonly tags: ReadonlySet<Tag>; readonly requests: number }
  /** Google's list: every digest with its tags, known by its `manifest` and `child` maps. */
  | {
      readonly kind: 'digests';
      readonly manifests: ReadonlyMap<Digest, readonly Tag[]>;
      readonly tags: ReadonlyMap<Tag, Digest>;
      /** Those that are an index, or a list of Docker's. */
      readonly indexes: ReadonlySet<Digest>;
      /** What indexes list, of those that the host tells it of; of the others it is in their manifests. */
      readonly parts?: ReadonlyMap<Digest, readonly Digest[]>;
      /** Names one component below, of repositories or of what leads to some. */
      readonly children: readonly ImageName[];
    };
