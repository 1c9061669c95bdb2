import { addTo } from '../base/maps.ts';
import type { Digest } from '../image/digest.ts';
import { isWithin, type RegistryName, type Repository, repositoryOf } from '../image/repository.ts';
import type { Tag } from '../image/tag.ts';
import type { ImageEntry, PromoterManifest } from '../manifest/model.ts';
import type { Wanted, WantedRepository, WantList } from './wanted.ts';

/** The wanted repositories at and below a registry, in their order. Whole path components are compared. */
export function wantedWithin(wanted: Wanted, registry: RegistryName): readonly WantedRepository[] {
  return wanted.repositories.filter(({ repository }) => isWithin(repository, registry));
}

/** The digests of a list with their tags, without the tags in conflict. */
export function digestTagsOf({ wants }: WantList): Map<Digest, readonly Tag[]> {
  return new Map(wants.map(({ digest, tags }) => [digest, tags.map(({ tag }) => tag)]));
}

/** Every repository at and below a registry that manifests name, as a source or as a destination, with its images. */
export function namedWithin(
  manifests: readonly PromoterManifest[],
  registry: RegistryName,
): ReadonlyMap<Repository, readonly ImageEntry[]> {
  const named = new Map<Repository, ImageEntry[]>();
  for (const { source, destinations, images } of manifests) {
    for (const { name: place } of [source, ...destinations]) {
      for (const image of images) {
        const repository = repositoryOf(place, image.name);
        if (isWithin(repository, registry)) addTo(named, repository, image);
      }
    }
  }
  return named;
}
