import type { Attachment } from '../../attachments/attachment.ts';
import type { Digest } from '../../image/digest.ts';
import type { Repository } from '../../image/repository.ts';
import type { SignatureVerifier } from '../../ports/signatures.ts';
import type { SignatureStore } from '../../sign/signature-store.ts';
import { parseBundle } from '../../signature/bundle.ts';
import { BUNDLE_ANNOTATIONS, SIGN_PREDICATE } from '../../signature/media-types.ts';
import { namesDigest, type SignerIdentity, type StoredSignature } from '../../signature/stored-signature.ts';
import { nameOf } from '../../sign/signatory.ts';

/**
 * A signature or attestation beside an image, verified.
 *
 * - `accepted`    by an expected signer
 * - `other`       by somebody else
 * - `unknown-key` by a key that is not known here
 * - `misplaced`   of another image
 * - `refused`     not valid
 */
export interface FoundSignature {
  readonly subject: Digest;
  readonly kind: 'accepted' | 'other' | 'unknown-key' | 'misplaced' | 'refused';
  readonly isSignature: boolean;
  /** The signer, or the reason why it is refused. */
  readonly text: string;
}

export interface EvidencePorts {
  /** Knows the attachments that the examination has found. */
  readonly store: SignatureStore;
  readonly verifier: SignatureVerifier;
  readonly accepts: (signer: SignerIdentity, signal: AbortSignal) => Promise<boolean>;
}

/** Attachments of a digest that are read: more are a mistake or an attack. */
const MAX_ATTACHMENTS = 32;

/** Reads and verifies the signatures and attestations of some manifests. Throws a `RegistryError`. */
export async function readEvidence(
  repository: Repository,
  subjects: readonly Digest[],
  { ports, hasTags }: { readonly ports: EvidencePorts; readonly hasTags: boolean },
  signal: AbortSignal,
): Promise<readonly FoundSignature[]> {
  const reader = new EvidenceReader(repository, ports, signal);
  const read = await Promise.all(subjects.map((subject) => reader.of(subject, hasTags)));
  return read.flat();
}

class EvidenceReader {
  readonly #repository: Repository;
  readonly #ports: EvidencePorts;
  readonly #signal: AbortSignal;

  constructor(repository: Repository, ports: EvidencePorts, signal: AbortSignal) {
    this.#repository = repository;
    this.#ports = ports;
    this.#signal = signal;
  }

  async of(subject: Digest, hasTags: boolean): Promise<readonly FoundSignature[]> {
    const attached = await this.#ports.store.referrersOf(this.#repository, subject, this.#signal);
    const read = await Promise.all([
      hasTags ? this.#ofTag(subject) : [],
      ...attached.slice(0, MAX_ATTACHMENTS).map((attachment) => this.#ofReferrer(subject, attachment)),
    ]);
    return read.flat();
  }

  async #ofTag(subject: Digest): Promise<readonly FoundSignature[]> {
    const { store } = this.#ports;
    const manifest = await store.signatureTagOf(this.#repository, subject, this.#signal);
    if (manifest === undefined) return [];
    const signatures = await store.readSignatureTag({ repository: this.#repository, manifest }, this.#signal);
    return await this.#judgeAll(subject, signatures, true);
  }

  async #ofReferrer(subject: Digest, attachment: Attachment): Promise<readonly FoundSignature[]> {
    const at = { repository: this.#repository, subject, attachment };
    const read = await this.#ports.store.readReferrer(at, this.#signal);
    const announced = attachment.annotations[BUNDLE_ANNOTATIONS.predicateType] ?? SIGN_PREDICATE;
    return await this.#judgeAll(subject, read?.signatures ?? [], announced === SIGN_PREDICATE);
  }

  /** `isSignature` holds for content that does not verify: it is no proof of what it is. */
  #judgeAll(
    subject: Digest,
    signatures: readonly StoredSignature[],
    isSignature: boolean,
  ): Promise<readonly FoundSignature[]> {
    return Promise.all(
      signatures.map(async (stored): Promise<FoundSignature> => {
        const result = await this.#ports.verifier.verify(stored, this.#signal);
        if (result.kind === 'refused') {
          const kind = (await this.#isByUnknownKey(stored)) ? 'unknown-key' : 'refused';
          return { subject, kind, isSignature, text: result.reason };
        }
        const { signature } = result;
        const { statement, signer } = signature;
        const isAccepted = await this.#ports.accepts(signer, this.#signal);
        const kind = namesDigest(signature, subject) ? (isAccepted ? 'accepted' : 'other') : 'misplaced';
        const isOwn = statement === undefined || statement.predicateType === SIGN_PREDICATE;
        return { subject, kind, isSignature: isOwn, text: nameOf(signer) };
      }),
    );
  }

  /** True if nothing tells that the key is one of the expected ones. The hint of a bundle is not signed. */
  async #isByUnknownKey(stored: StoredSignature): Promise<boolean> {
    if (stored.kind !== 'bundle') return stored.certificate === undefined;
    const key = keyOf(stored.bytes);
    if (key?.kind !== 'key') return false;
    const fingerprint = Buffer.from(key.hint, 'base64').toString('hex');
    return !(await this.#ports.accepts({ kind: 'key', fingerprint }, this.#signal));
  }
}

/** The key of a bundle; undefined if it is malformed. */
function keyOf(bytes: Uint8Array) {
  try {
    return parseBundle(bytes).key;
  } catch {
    return undefined;
  }
}
