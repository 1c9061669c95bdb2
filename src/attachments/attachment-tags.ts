import type { Digest } from '../image/digest.ts';
import { parseTag, type Tag } from '../image/tag.ts';
import type { CosignSuffix } from './attachment.ts';

export const COSIGN_SUFFIXES: readonly CosignSuffix[] = ['sig', 'att', 'sbom'];

const ATTACHMENT_TAG = /^sha(?:256|512)-[0-9a-f]{64}(?:\.(?:sig|att|sbom))?$/;

/** True for the names of referrers tags and of cosign's tags. */
export function isAttachmentTag(tag: Tag): boolean {
  return ATTACHMENT_TAG.test(tag);
}

/** True for `sha256-HEX`, the tag of the index that replaces the referrers API. */
export function isReferrersTag(tag: Tag): boolean {
  return isAttachmentTag(tag) && !tag.includes('.');
}

/**
 * The tag of the index that lists the referrers of a digest: `sha256-HEX`, at most 64 characters of it.
 *
 * @see https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#referrers-tag-schema
 */
export function referrersTagOf(subject: Digest): Tag {
  return tagOf(subject, '');
}

/** @see https://github.com/sigstore/cosign/blob/main/specs/SIGNATURE_SPEC.md */
export function cosignTagOf(subject: Digest, suffix: CosignSuffix): Tag {
  return tagOf(subject, `.${suffix}`);
}

function tagOf(subject: Digest, end: string): Tag {
  const [algorithm = '', hex = ''] = subject.split(':');
  const tag = parseTag(`${algorithm}-${hex.slice(0, 64)}${end}`);
  if (tag === undefined) throw new Error(`no tag can be made of ${subject}`);
  return tag;
}
