// What cosign stores beside an image: media types, annotations and predicate types.
// @see https://github.com/sigstore/cosign/blob/main/specs/SIGNATURE_SPEC.md
// @see https://github.com/sigstore/cosign/blob/main/specs/BUNDLE_SPEC.md

/** A Sigstore bundle: the artifact type of its referrer, and the media type of the only layer. */
export const BUNDLE = 'application/vnd.dev.sigstore.bundle.v0.3+json';
/** A layer of cosign's tag `.sig`. */
export const SIMPLE_SIGNING = 'application/vnd.dev.cosign.simplesigning.v1+json';
/** A layer of cosign's tag `.att`. */
export const DSSE_ENVELOPE = 'application/vnd.dsse.envelope.v1+json';
/** The artifact type of a referrer with the layers of `.sig` (`--registry-referrers-mode=oci-1-1`). */
export const COSIGN_SIGNATURE = 'application/vnd.dev.cosign.artifact.sig.v1+json';

/** The payload type of a DSSE envelope with an in-toto statement. */
export const IN_TOTO = 'application/vnd.in-toto+json';

/** Annotations of the layers of `.sig` and `.att`. */
export const LAYER_ANNOTATIONS = {
  /** Base64; empty in `.att`. */
  signature: 'dev.cosignproject.cosign/signature',
  /** PEM. */
  certificate: 'dev.sigstore.cosign/certificate',
  chain: 'dev.sigstore.cosign/chain',
  /** JSON: the log entry. */
  logEntry: 'dev.sigstore.cosign/bundle',
  /** JSON: a timestamp of RFC 3161. */
  timestamp: 'dev.sigstore.cosign/rfc3161timestamp',
  /** In `.att` only. */
  predicateType: 'predicateType',
} as const;

/** Annotations of a referrer that holds a bundle. */
export const BUNDLE_ANNOTATIONS = {
  /** Always `dsse-envelope`. */
  content: 'dev.sigstore.bundle.content',
  predicateType: 'dev.sigstore.bundle.predicateType',
  /** RFC 3339. */
  created: 'org.opencontainers.image.created',
} as const;

/** The predicate type of a signature that is a statement: its predicate is `{}`. */
export const SIGN_PREDICATE = 'https://sigstore.dev/cosign/sign/v1';
export const SLSA_V02_PREDICATE = 'https://slsa.dev/provenance/v0.2';
export const SLSA_V1_PREDICATE = 'https://slsa.dev/provenance/v1';

/** True for every version of the bundle's media type. */
export function isBundleType(mediaType: string): boolean {
  return /^application\/vnd\.dev\.sigstore\.bundle(?:\.v0\.\d\+json|\+json;version=0\.\d)$/.test(mediaType);
}
