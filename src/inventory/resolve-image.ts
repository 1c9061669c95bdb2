import type { Digest } from '../image/digest.ts';
import { formatReference } from '../image/reference.ts';
import type { Repository } from '../image/repository.ts';
import type { Tag } from '../image/tag.ts';
import type { ReadRegistry } from '../ports/registry.ts';
import { orUnreadable } from '../ports/unreadable.ts';

/** An image by its tag, its digest, or both. */
export interface NamedImage {
  readonly repository: Repository;
  readonly tag: Tag | undefined;
  readonly digest: Digest | undefined;
}

export type ResolvedImage =
  | { readonly kind: 'found'; readonly digest: Digest }
  /** The image is not there, its tag is another digest, or the registry gave no usable answer. */
  | { readonly kind: 'unresolved'; readonly reason: string };

/**
 * The digest of an image in its registry. For a reference with tag and digest, the tag must be that digest. Throws only
 * the reason of an aborted signal.
 */
export async function resolveImage(
  { repository, tag, digest }: NamedImage,
  registry: ReadRegistry,
  signal: AbortSignal,
): Promise<ResolvedImage> {
  const reference = tag ?? digest;
  if (reference === undefined)
    return unresolved(`${repository}: no tag and no digest: latest is not assumed`);
  const image = formatReference(repository, reference);
  const asked = async () =>
    ({ kind: 'answer', digest: await registry.resolve(repository, reference, signal) }) as const;
  const answer = await orUnreadable(asked(), signal);
  if (answer.kind === 'unreadable') return unresolved(`${image}: unreadable: ${answer.reason}`);
  const { digest: found } = answer;
  if (found === undefined) {
    const hint = await registry.explainAbsence?.(repository, signal).catch(() => undefined);
    return unresolved(`${image}: not found${hint === undefined ? '' : `: ${hint}`}`);
  }
  if (digest === undefined || found === digest) return { kind: 'found', digest: found };
  return unresolved(`${image} is ${found} there, not ${digest}: check which of the two is meant`);
}

function unresolved(reason: string): ResolvedImage {
  return { kind: 'unresolved', reason };
}
