import type { Digest } from './digest.ts';
import { parseTag, type Tag } from './tag.ts';

/** Characters of a digest in a tag. */
const MAX_HEX = 64;

/**
 * The tag of the index that lists the referrers of a digest, in registries without the referrers API: `sha256-HEX`. Such an
 * index is the only content of a registry that changes under its tag.
 *
 * @see https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#referrers-tag-schema
 */
export function referrersTagOf(subject: Digest): Tag {
  return tagOfDigest(subject, '');
}

/** A tag that names a digest, such as `sha256-HEX.sig`. `end` follows the digest. */
export function tagOfDigest(subject: Digest, end: '' | `.${string}`): Tag {
  const [algorithm = '', hex = ''] = subject.split(':');
  const tag = parseTag(`${algorithm}-${hex.slice(0, MAX_HEX)}${end}`);
  if (tag === undefined) throw new Error(`no tag can be made of ${subject} and ${end}`);
  return tag;
}
