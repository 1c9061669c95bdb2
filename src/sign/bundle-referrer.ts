import type { Descriptor } from '../image/descriptor.ts';
import { digestOf } from '../image/digest.ts';
import { OCI_EMPTY, OCI_MANIFEST } from '../image/media-types.ts';
import type { RawManifest } from '../image/oci-manifest.ts';
import { BUNDLE, BUNDLE_ANNOTATIONS } from '../signature/media-types.ts';

/** The config of manifests without one. @see image-spec manifest.md "Guidelines for Artifact Usage" */
export const EMPTY_CONFIG: Uint8Array = Buffer.from('{}');

/** A Sigstore bundle as it is stored. */
export interface Bundle {
  readonly bytes: Uint8Array;
  readonly predicateType: string;
  /** RFC 3339. A copy has the time of its original, so that both have the same manifest. */
  readonly created: string;
}

/** The manifest that attaches a bundle to its subject, as cosign writes it. */
export function bundleManifest({ bytes, predicateType, created }: Bundle, subject: Descriptor): RawManifest {
  const document = {
    schemaVersion: 2,
    mediaType: OCI_MANIFEST,
    artifactType: BUNDLE,
    config: describe(EMPTY_CONFIG, OCI_EMPTY),
    layers: [describe(bytes, BUNDLE)],
    subject: { mediaType: subject.mediaType, digest: subject.digest, size: subject.size },
    annotations: {
      [BUNDLE_ANNOTATIONS.content]: 'dsse-envelope',
      [BUNDLE_ANNOTATIONS.predicateType]: predicateType,
      [BUNDLE_ANNOTATIONS.created]: created,
    },
  };
  return manifestOf(document);
}

/** An OCI manifest with these fields. */
export function manifestOf(document: object): RawManifest {
  const bytes = Buffer.from(JSON.stringify(document));
  return { mediaType: OCI_MANIFEST, digest: digestOf(bytes), bytes };
}

/** The descriptor of some bytes. */
export function describe(bytes: Uint8Array, mediaType: string): Descriptor {
  return { mediaType, digest: digestOf(bytes), size: bytes.length };
}
