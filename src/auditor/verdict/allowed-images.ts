import { addTo, getOrMake } from '../../base/maps.ts';
import type { RegistryName, Repository } from '../../image/repository.ts';
import type { Wanted, WantList } from '../../edges/wanted.ts';

/** A digest that is allowed in a repository. */
export interface AllowedDigest {
  readonly tags: ReadonlySet<string>;
  /** Repositories to read it from, in the order to try. */
  readonly sources: readonly Repository[];
}

/** The digests that are allowed in one repository. */
export type AllowedDigests = ReadonlyMap<string, AllowedDigest>;

/** An image that something other than the manifests allows: a plan or a report. */
export interface ExtraImage {
  readonly destination: Repository;
  readonly digest: string;
  readonly tag: string | undefined;
  readonly sources: readonly Repository[];
}

/** The registries of manifests. */
export interface AuditedRegistries {
  readonly sources: readonly RegistryName[];
  readonly destinations: readonly RegistryName[];
}

/** What the manifests of one commit allow, by destination repository. Immutable. */
export class AllowedImages {
  readonly #registries: { readonly sources: RegistrySet; readonly destinations: RegistrySet };
  readonly #lists: ReadonlyMap<string, WantList>;
  /** Repositories that want the same images share a list; each is indexed when it is first needed. */
  readonly #indexes = new WeakMap<WantList, AllowedDigests>();

  constructor({ repositories }: Wanted, { sources, destinations }: AuditedRegistries) {
    this.#lists = new Map(repositories.map(({ repository, list }) => [repository, list]));
    this.#registries = { sources: new RegistrySet(sources), destinations: new RegistrySet(destinations) };
  }

  /** The digests allowed in a repository; none where the manifests do not name it. */
  in(repository: string): AllowedDigests {
    const list = this.#lists.get(repository);
    return list === undefined ? NOTHING : getOrMake(this.#indexes, list, indexOf);
  }

  /** True for a repository at or below a destination of the manifests. */
  isDestination(repository: string): boolean {
    return this.#registries.destinations.hasAbove(repository);
  }

  /** True for a repository at or below a source of the manifests, and of no destination. */
  isSource(repository: string): boolean {
    return this.#registries.sources.hasAbove(repository) && !this.isDestination(repository);
  }
}

/** Images by repository, such as those of a plan. */
export function groupExtraImages(images: readonly ExtraImage[]): ReadonlyMap<string, AllowedDigests> {
  const groups = new Map<string, ExtraImage[]>();
  for (const image of images) addTo(groups, image.destination, image);
  return new Map(
    Array.from(groups, ([repository, group]) => {
      const digests = new Map<
        string,
        { readonly tags: Set<string>; readonly sources: readonly Repository[] }
      >();
      for (const { digest, tag, sources } of group) {
        const { tags } = getOrMake(digests, digest, () => ({ tags: new Set(), sources }));
        if (tag !== undefined) tags.add(tag);
      }
      return [repository, digests];
    }),
  );
}

const NOTHING: AllowedDigests = new Map();

/** A tag in conflict is allowed on each of its digests: every one of them stands in a manifest. */
function indexOf({ wants, conflicts }: WantList): AllowedDigests {
  const digests = new Map<string, { readonly tags: Set<string>; readonly sources: readonly Repository[] }>();
  for (const { digest, tags, sources } of wants)
    digests.set(digest, { tags: new Set(tags.map(({ tag }) => tag)), sources });
  for (const { tag, claims } of conflicts) {
    for (const { digest, sources } of claims)
      getOrMake(digests, digest, () => ({ tags: new Set(), sources })).tags.add(tag);
  }
  return digests;
}

/** Registry names, searched by the paths above a repository. */
class RegistrySet {
  readonly #names: ReadonlySet<string>;

  constructor(names: readonly RegistryName[]) {
    this.#names = new Set(names);
  }

  hasAbove(repository: string): boolean {
    for (let end = repository.length; end > 0; end = repository.lastIndexOf('/', end - 1))
      if (this.#names.has(repository.slice(0, end))) return true;
    return false;
  }
}
