import { type Digest, isDigest } from './digest.ts';
import type { Repository } from './repository.ts';
import type { Tag } from './tag.ts';

/** `<reference>` of the distribution spec: a tag or a digest. */
export type Reference = Tag | Digest;

/** `repository@digest` or `repository:tag`, as clients write it. */
export function formatReference(repository: Repository, reference: Reference): string {
  return isDigest(reference) ? `${repository}@${reference}` : `${repository}:${reference}`;
}
