import { type Digest, parseDigest } from './digest.ts';
import { parseTag, type Tag } from './tag.ts';

/** The suffixes of cosign's tags. */
export type CosignSuffix = 'sig' | 'att' | 'sbom';

export const COSIGN_SUFFIXES: readonly CosignSuffix[] = ['sig', 'att', 'sbom'];

/** Maximum hexadecimal digits in a tag. */
const MAX_HEX = 64;

/** A digest, and the suffix of a cosign tag. */
const ATTACHMENT_TAG = /^(sha256|sha512)-([0-9a-f]{64})(?:\.(?:sig|att|sbom))?$/;

/**
 * The tag of the index that lists the referrers of a digest, in registries without the referrers API: `sha256-HEX`. Such an
 * index is the only content of a registry that changes under its tag.
 *
 * @see https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#referrers-tag-schema
 */
export function referrersTagOf(subject: Digest): Tag {
  return tagOfDigest(subject, '');
}

/**
 * The tag of the signatures, attestations or SBOM of a digest: `sha256-HEX.sig`, for example.
 *
 * @see https://github.com/sigstore/cosign/blob/main/specs/SIGNATURE_SPEC.md
 */
export function cosignTagOf(subject: Digest, suffix: CosignSuffix): Tag {
  return tagOfDigest(subject, `.${suffix}`);
}

/** True for the names of referrers tags and of cosign's tags. */
export function isAttachmentTag(tag: string): boolean {
  return ATTACHMENT_TAG.test(tag);
}

/** True for the names of referrers tags. */
export function isReferrersTag(tag: string): boolean {
  return isAttachmentTag(tag) && !tag.includes('.');
}

/** The digest in the name of an attachment tag; undefined for other tags, and for the truncated digest of sha512. */
export function subjectOfTag(tag: string): Digest | undefined {
  const [, algorithm, hex] = ATTACHMENT_TAG.exec(tag) ?? [];
  return hex === undefined ? undefined : parseDigest(`${algorithm}:${hex}`);
}

function tagOfDigest(subject: Digest, suffix: '' | `.${CosignSuffix}`): Tag {
  const [algorithm = '', hex = ''] = subject.split(':');
  const tag = parseTag(`${algorithm}-${hex.slice(0, MAX_HEX)}${suffix}`);
  if (tag === undefined) throw new Error(`no tag can be made of ${subject} and ${suffix}`);
  return tag;
}
