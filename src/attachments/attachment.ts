import type { Descriptor } from '../image/descriptor.ts';
import type { Tag } from '../image/tag.ts';

/** A manifest that is attached to an image: a referrer of it, or what one of cosign's tags names. Not read yet. */
export interface Attachment {
  readonly manifest: Descriptor;
  /** Empty where neither the registry nor the tag tells. */
  readonly artifactType: string;
  readonly annotations: Readonly<Record<string, string>>;
  readonly place: AttachmentPlace;
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
  | { readonly kind: 'tag'; readonly tag: Tag };
