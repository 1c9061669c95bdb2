import { getOrMake } from '../base/maps.ts';
import { compareText } from '../base/sorted.ts';
import type { Digest } from '../image/digest.ts';
import { type ImageName, type Repository, repositoryOf } from '../image/repository.ts';
import type { PromoterManifest } from '../manifest/model.ts';

/**
 * The repositories where a manifest wants a digest: those of every destination, under every name that the digest has
 * in the manifest; sorted. Only destinations of one manifest are siblings: a project that names a digest of another
 * project must not get its content.
 */
export function siblingsIn({
  destinations,
  images,
}: PromoterManifest): (digest: Digest) => readonly Repository[] {
  const namesOf = collectNames(images);
  const known = new Map<string, readonly Repository[]>(); // digests of one image share one list
  return (digest) => {
    const names = Array.from(namesOf.get(digest) ?? []).toSorted(compareText);
    return getOrMake(known, names.join(' '), () =>
      destinations
        .flatMap(({ name }) => names.map((image) => repositoryOf(name, image)))
        .toSorted(compareText),
    );
  };
}

function collectNames(images: PromoterManifest['images']): ReadonlyMap<Digest, ReadonlySet<ImageName>> {
  const namesOf = new Map<Digest, Set<ImageName>>();
  for (const { name, digests } of images) {
    for (const { digest } of digests) getOrMake(namesOf, digest, () => new Set<ImageName>()).add(name);
  }
  return namesOf;
}
