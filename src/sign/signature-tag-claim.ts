import { cosignTagOf } from '../image/attachment-tags.ts';
import { SingleFlight } from '../base/single-flight.ts';
import { type Digest, digestOf } from '../image/digest.ts';
import type { RawManifest } from '../image/oci-manifest.ts';
import { formatReference } from '../image/reference.ts';
import type { Repository } from '../image/repository.ts';
import { makeSimpleSigning, parseSimpleSigning } from '../signature/simple-signing.ts';
import type { ClaimPorts } from './bundle-claim.ts';
import type { Claim } from './claim.ts';
import { contended, SignatureTagError, TAG_ATTEMPTS } from './signature-store.ts';
import { addSignature, hasSignature, type TagSignature } from './signature-tag.ts';

/**
 * A layer of cosign's tag `.sig`, for one digest and one public name. Its payload is known before it is signed, so a tag
 * is checked by a GET of its manifest alone.
 */
export class SignatureTagClaim implements Claim {
  readonly part = 'signature-tag';
  readonly #digest: Digest;
  readonly #name: Repository;
  readonly #payload: Uint8Array;
  readonly #ports: ClaimPorts;
  readonly #signed = new SingleFlight<'signature', TagSignature>();
  #copy: TagSignature | undefined;

  constructor(
    { digest, publicName }: { readonly digest: Digest; readonly publicName: Repository },
    ports: ClaimPorts,
  ) {
    this.#digest = digest;
    this.#name = publicName;
    this.#payload = makeSimpleSigning({ dockerReference: publicName, digest });
    this.#ports = ports;
  }

  async examine(repository: Repository, signal: AbortSignal): Promise<boolean> {
    const { store, signatory } = this.#ports;
    const manifest = await store.signatureTagOf(repository, this.#digest, signal);
    if (manifest === undefined) return false;
    const payloads = new Map([[digestOf(this.#payload), this.#payload]]);
    const signatures = await store.readSignatureTag({ repository, manifest, payloads }, signal);
    for (const stored of signatures) {
      if (stored.kind !== 'simple-signing') continue;
      const found = await signatory.recognize(stored, signal);
      if (found === undefined || !this.#isNamed(stored)) continue;
      this.#copy ??= stored;
      return true;
    }
    return false;
  }

  async store(repository: Repository, signal: AbortSignal): Promise<void> {
    const { store, signatory } = this.#ports;
    const sign = () => signatory.signPayload(this.#payload, signal);
    // first, so that nothing is signed for a repository that refuses blobs
    await store.sendBlob(repository, this.#copy?.payload ?? this.#payload, signal);
    const signature = this.#copy ?? (await this.#signed.run('signature', sign));
    for (let attempt = 0; attempt < TAG_ATTEMPTS; attempt += 1) {
      const before = await store.fetchSignatureTag(repository, this.#digest, signal);
      if (before !== undefined && hasSignature(before, signature)) return;
      await this.#add(signature, { repository, before }, signal);
    }
    throw contended(formatReference(repository, cosignTagOf(this.#digest, 'sig')));
  }

  async #add(
    signature: TagSignature,
    { repository, before }: { readonly repository: Repository; readonly before: RawManifest | undefined },
    signal: AbortSignal,
  ): Promise<void> {
    const { store } = this.#ports;
    const added = addSignature(before, signature);
    if (added === undefined) {
      const tag = formatReference(repository, cosignTagOf(this.#digest, 'sig'));
      const message = `${tag}: not a manifest of signatures, so it is not changed: delete the tag, or use -sign-legacy=false`;
      throw new SignatureTagError('foreign', message);
    }
    await store.sendBlob(repository, added.config, signal);
    const put = { subject: this.#digest, manifest: added.manifest, replaces: before?.digest };
    await store.replaceSignatureTag(repository, put, signal);
  }

  #isNamed({ payload }: TagSignature): boolean {
    const { digest, dockerReference } = parseSimpleSigning(payload);
    return digest === this.#digest && dockerReference === this.#name;
  }
}
