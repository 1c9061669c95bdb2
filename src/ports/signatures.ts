import type { SignerIdentity, StoredSignature, VerifiedSignature } from '../signature/stored-signature.ts';

/** Verifies signatures: certificate, log entry, timestamp and the signature itself. */
export interface SignatureVerifier {
  /**
   * The content of a signature, or the reason why it is not to be trusted. Who signed, and what, is for the caller to
   * compare. Throws where nothing can be verified at all, such as without a trusted root.
   */
  verify(signature: StoredSignature, signal: AbortSignal): Promise<Verification>;
}

export type Verification =
  | { readonly kind: 'verified'; readonly signature: VerifiedSignature }
  | { readonly kind: 'refused'; readonly reason: string };

/** Signs as one identity. */
export interface Signer {
  /** Whom its signatures name. May request a token. */
  identity(signal: AbortSignal): Promise<SignerIdentity>;

  /** Signs an in-toto statement (DSSE, payload type `application/vnd.in-toto+json`): a Sigstore bundle v0.3 as JSON. */
  signStatement(statement: Uint8Array, signal: AbortSignal): Promise<Uint8Array>;

  /** Signs the payload of a simple signing layer (cosign's tag `.sig`). */
  signPayload(
    payload: Uint8Array,
    signal: AbortSignal,
  ): Promise<StoredSignature & { readonly kind: 'simple-signing' }>;
}
