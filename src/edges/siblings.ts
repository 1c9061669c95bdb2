import { compareText } from '../base/sorted.ts';
import type { Digest } from '../image/digest.ts';
import { type ImageName, type Repository, repositoryOf } from '../image/repository.ts';
import type { PromoterManifest } from '../manifest/model.ts';

/**
 * The repositories that a manifest wants a digest in: those of every destination, under every name that the digest has
 * in the manifest; sorted. Only destinations of one manifest are siblings: what a project may read is decided by its own
 * manifest, so that nobody gets content of another project for naming its digest.
 */
export function siblingsIn({
  destinations,
  images,
}: PromoterManifest): (digest: Digest) => readonly Repository[] {
  const namesOf = collectNames(images);
  const known = new Map<string, readonly Repository[]>(); // digests of one image share one list
  return (digest) => {
    const names = Array.from(namesOf.get(digest) ?? []).toSorted(compareText);
    const key = names.join(' ');
    const siblings =
      known.get(key) ??
      destinations
        .flatMap(({ name }) => names.map((image) => repositoryOf(name, image)))
        .toSorted(compareText);
    known.set(key, siblings);
    return siblings;
  };
}

function collectNames(images: PromoterManifest['images']): ReadonlyMap<Digest, ReadonlySet<ImageName>> {
  const namesOf = new Map<Digest, Set<ImageName>>();
  for (const { name, digests } of images) {
    for (const { digest } of digests) {
      const names = namesOf.get(digest);
      if (names === undefined) namesOf.set(digest, new Set([name]));
      else names.add(name);
    }
  }
  return namesOf;
}
