import type { Attachment } from '../attachments/attachment.ts';
import type { AttachmentFinder } from '../attachments/attachment-finder.ts';
import { cosignTagOf } from '../attachments/attachment-tags.ts';
import { readAttachment } from '../attachments/read-attachment.ts';
import { readSignatures, type SignatureRead, type SignaturesRead } from '../attachments/read-signatures.ts';
import { SingleFlight } from '../base/single-flight.ts';
import { type Digest, digestOf } from '../image/digest.ts';
import type { RawManifest } from '../image/oci-manifest.ts';
import type { Repository } from '../image/repository.ts';
import type { Tag } from '../image/tag.ts';
import type { BrowseRegistry, WriteRegistry } from '../ports/registry.ts';
import { RegistryError } from '../ports/registry-error.ts';
import type { StoredSignature } from '../signature/stored-signature.ts';

/** The write of a tag that only this kind of write may change. */
export interface TagReplacement {
  readonly tag: Tag;
  readonly manifest: RawManifest;
  /** The manifest that it is made from; undefined for a tag that does not exist. */
  readonly replaces: Digest | undefined;
}

export interface ReferrerPut {
  readonly subject: Digest;
  readonly manifest: RawManifest;
}

/** A bundle, and the manifest that attaches it. */
export interface AttachedSignatures extends SignaturesRead {
  readonly manifest: RawManifest;
}

/** Reads and writes what is stored beside images. */
export class SignatureStore {
  readonly #registry: WriteRegistry & BrowseRegistry;
  readonly #finder: AttachmentFinder;
  readonly #sent = new SingleFlight<string, void>();

  constructor(registry: WriteRegistry & BrowseRegistry, finder: AttachmentFinder) {
    this.#registry = registry;
    this.#finder = finder;
  }

  /** The referrers of a manifest. */
  async referrersOf(repository: Repository, subject: Digest, signal: AbortSignal): Promise<readonly Attachment[]> {
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

  /** The manifest of a tag `.sig`, by now. */
  fetchSignatureTag(
    repository: Repository,
    subject: Digest,
    signal: AbortSignal,
  ): Promise<RawManifest | undefined> {
    return this.#registry.fetchTagged(repository, cosignTagOf(subject, 'sig'), signal);
  }

  /** Uploads a small blob, once for each repository. */
  sendBlob(repository: Repository, bytes: Uint8Array, signal: AbortSignal): Promise<void> {
    const blob = { digest: digestOf(bytes), mediaType: 'application/octet-stream', size: bytes.length };
    return this.#sent.run(`${repository}@${blob.digest}`, async () => {
      const session = await this.#registry.startUpload(repository, signal);
      await this.#registry.finishUpload({ session, blob, open: () => Promise.resolve(bytes) }, signal);
    });
  }
}
