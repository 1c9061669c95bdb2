import { getOrMake } from '../base/maps.ts';
import { sortedBy } from '../base/sorted.ts';
import type { Want, Wanted } from '../edges/wanted.ts';
import type { Digest } from '../image/digest.ts';
import { isWithin, parseRepository, type RegistryName, type Repository } from '../image/repository.ts';
import type { PublicName, SigningPolicy } from './signing.ts';

/** A digest, and the destinations that need its signature. */
export interface ImageToSign {
  readonly digest: Digest;
  /** Sorted by repository; at least one. */
  readonly places: readonly Place[];
}

export interface Place {
  readonly repository: Repository;
  /** The name that users pull it by: the repository itself, unless a mirror has another name for it. */
  readonly publicName: Repository;
  readonly want: Want;
}

/** The wanted images that destinations hold, sorted by digest. `holds` is true if a repository has the digest. */
export function imagesToSign(
  wanted: Wanted,
  holds: (repository: Repository, digest: Digest) => boolean,
  { canonical, names }: Pick<SigningPolicy, 'canonical' | 'names'>,
): readonly ImageToSign[] {
  const images = new Map<Digest, Place[]>();
  for (const { repository, list } of wanted.repositories) {
    if (!isSigned(repository, canonical)) continue;
    const publicName = publicNameOf(repository, names);
    for (const want of list.wants) {
      if (!holds(repository, want.digest)) continue;
      getOrMake(images, want.digest, () => []).push({ repository, publicName, want });
    }
  }
  return sortedBy(images, ([digest]) => digest).map(([digest, places]) => ({ digest, places }));
}

function isSigned(repository: Repository, canonical: readonly RegistryName[]): boolean {
  return canonical.length === 0 || canonical.some((registry) => isWithin(repository, registry));
}

/** The name of a repository at the mirror that serves it. */
export function publicNameOf(repository: Repository, names: readonly PublicName[]): Repository {
  const matching = names.filter(({ registry }) => isWithin(repository, registry));
  const [longest] = matching.toSorted((a, b) => b.registry.length - a.registry.length);
  if (longest === undefined) return repository;
  return parseRepository(`${longest.name}${repository.slice(longest.registry.length)}`) ?? repository;
}
