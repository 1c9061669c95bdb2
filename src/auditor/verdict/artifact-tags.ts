import { type Digest, parseDigest } from '../../image/digest.ts';

const ARTIFACT_TAG = /^(sha256|sha512)-([0-9a-f]+)(?:\.(?:sig|att|sbom))?$/;

/**
 * The digest that a tag of cosign (`sha256-….sig`, `.att`, `.sbom`) or a fallback tag for referrers (`sha256-…`)
 * belongs to; undefined for any other tag.
 *
 * @see https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#referrers-tag-schema
 */
export function subjectOfTag(tag: string): Digest | undefined {
  const [, algorithm, hex] = ARTIFACT_TAG.exec(tag) ?? [];
  return hex === undefined ? undefined : parseDigest(`${algorithm}:${hex}`);
}
