import type { CosignSuffix } from '../image/attachment-tags.ts';
import type { Descriptor } from '../image/descriptor.ts';
import type { Digest } from '../image/digest.ts';
import type { RawManifest } from '../image/oci-manifest.ts';
import type { Tag } from '../image/tag.ts';

/** A manifest that is attached to an image: a referrer, or the manifest of a cosign tag. Nothing is verified. */
export interface Attachment {
  /** Media type and size may be unreported: empty, and `UNKNOWN_SIZE`. */
  readonly manifest: Descriptor;
  /** Empty if it is unknown. */
  readonly artifactType: string;
  readonly annotations: Readonly<Record<string, string>>;
  readonly place: AttachmentPlace;
  /** Set if the search read it. `readAttachment` returns it in any case. */
  readonly content?: RawManifest;
}

/**
 * Where it was found.
 *
 * - `api`       the referrers API. @see https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#listing-referrers
 * - `fallback`  the index under the referrers tag (`sha256-HEX`) of a registry without that API
 * - `tag`       one of cosign's tags: `sha256-HEX.sig`, `.att` or `.sbom`
 */
export type AttachmentPlace =
  | { readonly kind: 'api' | 'fallback' }
  | { readonly kind: 'tag'; readonly tag: Tag; readonly suffix: CosignSuffix };

/** An attachment that is not used, and why: it is broken, or there are too many. It never fails its image. */
export interface IgnoredAttachment {
  /** The image, or the attachment, that it was found at. */
  readonly subject: Digest;
  /** Unset for attachments that were not read one by one. */
  readonly digest?: Digest | undefined;
  readonly reason: string;
}
