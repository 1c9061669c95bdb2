import type { Attachment } from '../attachments/attachment.ts';
import type { AttachmentFinder } from '../attachments/attachment-finder.ts';
import { cosignTagOf } from '../image/attachment-tags.ts';
import { readAttachment } from '../attachments/read-attachment.ts';
import { ReferrersIndexes } from '../attachments/referrers-index.ts';
import { readSignatures, type SignatureRead, type SignaturesRead } from '../attachments/read-signatures.ts';
import { CodedError } from '../base/errors.ts';
import { BlobUploader } from '../copy/blobs/blob-uploader.ts';
import type { Digest } from '../image/digest.ts';
import type { RawManifest } from '../image/oci-manifest.ts';
import type { Repository } from '../image/repository.ts';
import type { Clock } from '../ports/clock.ts';
import type { BrowseRegistry, SignatureTagPut, WriteRegistry } from '../ports/registry.ts';
import { RegistryError } from '../ports/registry-error.ts';
import type { StoredSignature } from '../signature/stored-signature.ts';

export interface StorePorts {
  readonly registry: WriteRegistry & BrowseRegistry;
  /** Has no results from before the copy. */
  readonly finder: AttachmentFinder;
  readonly clock: Clock;
}

export interface ReferrerPut {
  readonly subject: Digest;
  readonly manifest: RawManifest;
}

/** A bundle, and the manifest that attaches it. */
export interface AttachedSignatures extends SignaturesRead {
  readonly manifest: RawManifest;
}

/**
 * A tag of signatures was not written.
 *
 * - `foreign`   it has other content
 * - `contended` other programs write it at the same time
 */
export class SignatureTagError extends CodedError<'foreign' | 'contended'> {}

/** Reads and writes the signatures and attestations of images. */
export class SignatureStore {
  readonly #registry: WriteRegistry & BrowseRegistry;
  readonly #finder: AttachmentFinder;
  readonly #indexes: ReferrersIndexes;
  readonly #blobs: BlobUploader;

  constructor({ registry, finder, clock }: StorePorts) {
    this.#registry = registry;
    this.#finder = finder;
    this.#indexes = new ReferrersIndexes(registry);
    this.#blobs = new BlobUploader({ destination: registry, clock });
  }

  /** The referrers of a manifest. */
  async referrersOf(
    repository: Repository,
    subject: Digest,
    signal: AbortSignal,
  ): Promise<readonly Attachment[]> {
    const attached = await this.#finder.of(repository, subject, signal);
    return attached.filter(({ place }) => place.kind !== 'tag');
  }

  /** The signatures in a referrer; undefined if it is broken, or belongs to another manifest. */
  async readReferrer(
    at: { readonly repository: Repository; readonly subject: Digest; readonly attachment: Attachment },
    signal: AbortSignal,
  ): Promise<AttachedSignatures | undefined> {
    const read = await readAttachment(this.#registry, at, signal);
    if ('ignored' in read) return undefined;
    const { manifest } = read;
    try {
      const { repository } = at;
      return { manifest, ...(await readSignatures(this.#registry, { repository, manifest }, signal)) };
    } catch (error) {
      if (error instanceof RegistryError && error.status === 404) return undefined; // its content is gone
      throw error;
    }
  }

  /** The manifest of a tag `.sig`, as it was when the image was examined. */
  async signatureTagOf(
    repository: Repository,
    subject: Digest,
    signal: AbortSignal,
  ): Promise<RawManifest | undefined> {
    const attached = await this.#finder.of(repository, subject, signal);
    return attached.find(({ place }) => place.kind === 'tag' && place.suffix === 'sig')?.content;
  }

  /** The signatures of such a tag. */
  async readSignatureTag(read: SignatureRead, signal: AbortSignal): Promise<readonly StoredSignature[]> {
    return (await readSignatures(this.#registry, read, signal)).signatures;
  }

  /** The current manifest of a tag `.sig`. */
  fetchSignatureTag(
    repository: Repository,
    subject: Digest,
    signal: AbortSignal,
  ): Promise<RawManifest | undefined> {
    return this.#registry.fetchTagged(repository, cosignTagOf(subject, 'sig'), signal);
  }

  /** Writes such a tag. False if it changed in the meantime: it is left unchanged. */
  replaceSignatureTag(repository: Repository, put: SignatureTagPut, signal: AbortSignal): Promise<boolean> {
    return isWritten(this.#registry.putSignatureTag(repository, put, signal));
  }

  /** Attaches a manifest to its subject, once its blobs are sent. */
  async attach(
    repository: Repository,
    { subject, manifest }: ReferrerPut,
    signal: AbortSignal,
  ): Promise<void> {
    const put = { reference: manifest.digest, manifest };
    const { listedUnder } = await this.#registry.putManifest(repository, put, signal);
    if (listedUnder === subject) return;
    const fault = await this.#indexes.add({ repository, subject, referrers: [manifest] }, signal);
    if (fault !== undefined) throw new SignatureTagError('foreign', `${repository}: ${fault}`);
  }

  /** Uploads a small blob, once to each repository. */
  sendBlob(repository: Repository, bytes: Uint8Array, signal: AbortSignal): Promise<void> {
    return this.#blobs.upload(repository, bytes, signal);
  }
}

/** Attempts to write a tag that others write at the same time. */
export const TAG_ATTEMPTS = 5;

export function contended(tag: string): SignatureTagError {
  return new SignatureTagError(
    'contended',
    `${tag}: other programs changed it during ${TAG_ATTEMPTS} attempts to write: run again`,
  );
}

async function isWritten(writing: Promise<void>): Promise<boolean> {
  try {
    await writing;
    return true;
  } catch (error) {
    if (error instanceof RegistryError && error.code === 'moved') return false;
    throw error;
  }
}
