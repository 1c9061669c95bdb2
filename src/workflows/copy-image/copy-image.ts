import { quote } from '../../base/text.ts';
import type { Wanted } from '../../edges/wanted.ts';
import type { Digest } from '../../image/digest.ts';
import { parseRegistryName, type RegistryName, type Repository } from '../../image/repository.ts';
import type { Tag } from '../../image/tag.ts';
import type { ReadManifests } from '../../manifest/model.ts';
import { type ImageReference, parseImageReference } from '../../manifest/image-reference.ts';

/** A copy of one image, as two references ask for it. */
export interface ImageCopy {
  readonly source: ImageReference;
  readonly destination: Repository;
  /** Undefined where the image is wanted by its digest alone. */
  readonly tag: Tag | undefined;
}

/**
 * The copy that `SRC` and `DST` ask for, or in words why there is none. A destination without a tag gets the tag of the
 * source, or none where the source is a digest.
 */
export function parseImageCopy(
  from: string,
  to: string,
): { readonly value: ImageCopy } | { readonly fault: string } {
  const source = parseImageReference(from);
  if ('fault' in source) return source;
  const target = parseImageReference(to);
  if ('fault' in target) return target;
  const { repository, tag, digest } = source.value;
  if (tag === undefined && digest === undefined)
    return { fault: `${quote(from)} has no tag and no digest: latest is not assumed, name one` };
  if (target.value.digest !== undefined)
    return { fault: `${quote(to)} has a digest: a destination gets the digest of its source, leave it out` };
  const wanted = target.value.tag ?? (digest === undefined ? tag : undefined);
  const destination = target.value.repository;
  if (destination === repository && (wanted === undefined || wanted === tag))
    return { fault: `${quote(from)} and ${quote(to)} are the same image: nothing to copy` };
  return { value: { source: source.value, destination, tag: wanted } };
}

/** The one edge of a copy, as a promotion wants it. */
export function wantedOf({ source, destination, tag }: ImageCopy, digest: Digest): Wanted {
  const want = {
    digest,
    tags: tag === undefined ? [] : [{ tag, at: [COMMAND_LINE] }],
    tagless: tag === undefined ? COMMAND_LINE : undefined,
    sources: [source.repository],
    siblings: [],
  };
  return {
    repositories: [{ repository: destination, list: { wants: [want], conflicts: [], edges: 1 } }],
    edges: 1,
  };
}

/** The empty request of a copy whose source has no such image, with the reason as a problem. */
export function unresolvedCopy(reason: string): { readonly read: ReadManifests; readonly wanted: Wanted } {
  const message = `source image: ${reason}`;
  const problem = { severity: 'error', rule: 'source-image', message, at: COMMAND_LINE, frame: '' } as const;
  return { read: { ...NO_MANIFESTS, problems: [problem] }, wanted: { repositories: [], edges: 0 } };
}

/** A copy has no manifest, and one image. */
export const NO_MANIFESTS: ReadManifests = {
  manifests: [],
  problems: [],
  counts: { projects: 0, images: 1, digests: 1, destinations: 1 },
};

const COMMAND_LINE = { file: 'command line', line: 1, column: 1 } as const;

/** The registries that a copy uses. */
export function registriesOfCopy({ source, destination }: ImageCopy): readonly RegistryName[] {
  return [source.repository, destination].map(parseRegistryName).filter((name) => name !== undefined);
}
