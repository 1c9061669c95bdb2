/**
 * A signature or attestation as a registry stores it. Nothing of it is verified.
 *
 * - `bundle`          a Sigstore bundle (JSON): the layer of a referrer of type `application/vnd.dev.sigstore.bundle.v0.3+json`
 * - `simple-signing`  a layer of cosign's tag `.sig`, or of a referrer of type `application/vnd.dev.cosign.artifact.sig.v1+json`
 * - `envelope`        a DSSE envelope (JSON): a layer of cosign's tag `.att`
 */
export type StoredSignature =
  | { readonly kind: 'bundle'; readonly bytes: Uint8Array }
  | ({
      readonly kind: 'simple-signing';
      readonly payload: Uint8Array;
      /** Base64. */
      readonly signature: string;
    } & VerificationMaterial)
  | ({ readonly kind: 'envelope'; readonly bytes: Uint8Array } & VerificationMaterial);

/** Bytes of a bundle or an envelope: an attestation holds an SBOM at most. */
export const MAX_BUNDLE = 16 * 1024 * 1024;

/** What cosign keeps in the annotations of a layer, as it stands there. Unset where it has none. */
export interface VerificationMaterial {
  /** PEM: `dev.sigstore.cosign/certificate`. */
  readonly certificate?: string | undefined;
  /** PEM, concatenated: `dev.sigstore.cosign/chain`. */
  readonly chain?: string | undefined;
  /** JSON of a log entry: `dev.sigstore.cosign/bundle`. */
  readonly logEntry?: string | undefined;
  /** JSON: `dev.sigstore.cosign/rfc3161timestamp`. */
  readonly timestamp?: string | undefined;
}

/** Who signed: proven by a certificate of Fulcio, or by a key. */
export type SignerIdentity =
  | {
      readonly kind: 'certificate';
      /** The OIDC issuer, an extension of the certificate. */
      readonly issuer: string;
      /** The subject alternative name: an address of mail, or a URI. */
      readonly identity: string;
    }
  | {
      readonly kind: 'key';
      /** Hexadecimal SHA-256 of the public key as DER (SPKI). */
      readonly fingerprint: string;
    };

/** The content of a signature whose certificate, log entry and signature are verified. */
export interface VerifiedSignature {
  readonly signer: SignerIdentity;
  /** The digests that it names, as `sha256:HEX`: the subjects of its statement, or the digest of simple signing. */
  readonly subjects: readonly string[];
  /** Undefined for simple signing. */
  readonly statement: Statement | undefined;
}

/** An in-toto statement, v0.1 or v1. @see https://github.com/in-toto/attestation/blob/main/spec/v1/statement.md */
export interface Statement {
  readonly predicateType: string;
  readonly predicate: unknown;
}

/** True if a verified signature is about this image. A signature of another image under the right tag is not. */
export function namesDigest(signature: VerifiedSignature, digest: string): boolean {
  return signature.subjects.includes(digest);
}
