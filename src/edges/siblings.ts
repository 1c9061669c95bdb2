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
    const found = namesOf.get(digest) ?? [];
    const names = typeof found === 'string' ? [found] : Array.from(found).toSorted(compareText);
    return getOrMake(known, names.join(' '), () =>
      destinations
        .flatMap(({ name }) => names.map((image) => repositoryOf(name, image)))
        .toSorted(compareText),
    );
  };
}

/** A set only for a digest with several names: that of each would take more memory than its entry. */
function collectNames(
  images: PromoterManifest['images'],
): ReadonlyMap<Digest, ImageName | ReadonlySet<ImageName>> {
  const namesOf = new Map<Digest, ImageName | Set<ImageName>>();
  for (const { name, digests } of images) {
    for (const { digest } of digests) {
      const known = namesOf.get(digest);
      if (known === undefined) namesOf.set(digest, name);
      else if (typeof known !== 'string') known.add(name);
      else if (known !== name) namesOf.set(digest, new Set([known, name]));
    }
  }
  return namesOf;
}
