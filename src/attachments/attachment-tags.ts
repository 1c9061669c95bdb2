import type { Digest } from '../image/digest.ts';
import { tagOfDigest } from '../image/referrers-tag.ts';
import type { Tag } from '../image/tag.ts';
import type { CosignSuffix } from './attachment.ts';

export const COSIGN_SUFFIXES: readonly CosignSuffix[] = ['sig', 'att', 'sbom'];

const ATTACHMENT_TAG = /^sha(?:256|512)-[0-9a-f]{64}(?:\.(?:sig|att|sbom))?$/;

/** True for the names of referrers tags and of cosign's tags. */
export function isAttachmentTag(tag: Tag): boolean {
  return ATTACHMENT_TAG.test(tag);
}

/**
 * The tag of the signatures, attestations or SBOM of a digest.
 *
 * @see https://github.com/sigstore/cosign/blob/main/specs/SIGNATURE_SPEC.md
 */
export function cosignTagOf(subject: Digest, suffix: CosignSuffix): Tag {
  return tagOfDigest(subject, `.${suffix}`);
}
