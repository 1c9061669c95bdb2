import { getOrMake } from '../base/maps.ts';
import { compareText } from '../base/sorted.ts';
import type { Want, Wanted, WantList } from '../edges/wanted.ts';
import type { Digest } from '../image/digest.ts';
import { hostOf, type Repository } from '../image/repository.ts';
import type { Unreadable } from '../ports/unreadable.ts';
import { type Inventory, sourceKey } from './inventory.ts';
import { isOpen } from './read-destination.ts';

interface Holders {
  readonly repositories: readonly Repository[];
  readonly hosts: ReadonlySet<string>;
}

/** The siblings that hold a digest in place of its sources, by the inventory. */
export class SiblingHolders {
  readonly #inventory: Inventory;
  readonly #wants: WantIndex;
  /** Repositories that were queried as sources: few of the siblings are. */
  readonly #queried: ReadonlySet<string>;
  readonly #holders = new Map<Want, Holders>();

  constructor(wanted: Wanted, inventory: Inventory) {
    this.#wants = new WantIndex(wanted);
    this.#inventory = inventory;
    this.#queried = new Set(Array.from(inventory.sources.keys(), (key) => key.slice(0, key.indexOf('@'))));
  }

  /** The siblings that have the digest of a want, for one of its destinations: those of the same host first. */
  of(want: Want, destination: Repository): readonly Repository[] {
    const { repositories, hosts } = this.#holdersOf(want);
    const host = hostOf(destination);
    if (!hosts.has(host)) return repositories; // one list for all such destinations, which are many
    const others = repositories.filter((one) => one !== destination);
    const isNear = (one: Repository) => hostOf(one) === host;
    return [...others.filter(isNear), ...others.filter((one) => !isNear(one))];
  }

  /** True if all sources answered that they lack the digest, and no sibling has it or gets it in this run. */
  isNowhere(want: Want): boolean {
    const isAbsent = (source: Repository) => this.#stateOf(source, want.digest)?.kind === 'absent';
    return want.sources.every(isAbsent) && this.#holdersOf(want).repositories.length === 0;
  }

  #holdersOf(want: Want): Holders {
    return getOrMake(this.#holders, want, () => {
      const direct = want.siblings.filter((one) => !want.sources.includes(one) && this.#has(one, want));
      const repositories = direct.length > 0 ? direct : this.#findSuppliers(want);
      return { repositories, hosts: new Set(repositories.map(hostOf)) };
    });
  }

  /** The repositories that supply siblings in this run, so that the digest need not wait for the next run. */
  #findSuppliers({ digest, siblings, sources }: Want): readonly Repository[] {
    const suppliers = new Set<Repository>();
    const gettingIt = new Set(siblings);
    for (const sibling of gettingIt) {
      const want = this.#wants.find(sibling, digest);
      const state = this.#inventory.destinations.get(sibling);
      if (want === undefined || state?.kind !== 'read' || !isOpen(want, state)) continue;
      for (const one of want.siblings) gettingIt.add(one); // visited too, though added meanwhile
      for (const one of [...want.sources, ...want.siblings]) {
        if (!sources.includes(one) && this.#has(one, { digest })) suppliers.add(one);
      }
    }
    return Array.from(suppliers).toSorted(compareText);
  }

  #has(repository: Repository, { digest }: Pick<Want, 'digest'>): boolean {
    const state = this.#inventory.destinations.get(repository);
    if (state?.kind === 'read' && state.digests.has(digest)) return true;
    return this.#queried.has(repository) && this.#stateOf(repository, digest)?.kind === 'present';
  }

  #stateOf(repository: Repository, digest: Digest) {
    return this.#inventory.sources.get(sourceKey(repository, digest));
  }
}

/** The wants whose digest is nowhere, as far as the inventory knows. */
export function findNowhere(wanted: Wanted, inventory: Inventory): ReadonlySet<Want> {
  const holders = new SiblingHolders(wanted, inventory);
  const lists = new Set(wanted.repositories.map(({ list }) => list)); // many repositories share one
  return new Set(Array.from(lists).flatMap(({ wants }) => wants.filter((want) => holders.isNowhere(want))));
}

/** A sibling that did not answer, and may have the digest. Undefined if all answered. */
export function findSilentSibling(
  { digest, siblings }: Want,
  inventory: Inventory,
): { readonly sibling: Repository; readonly state: Unreadable } | undefined {
  for (const sibling of siblings) {
    const states = [inventory.destinations.get(sibling), inventory.sources.get(sourceKey(sibling, digest))];
    const state = states.find((one) => one?.kind === 'unreadable');
    if (state !== undefined) return { sibling, state };
  }
  return undefined;
}

/** Wants by repository and digest; an index of a list is made when it is first asked for. */
export class WantIndex {
  readonly #lists: ReadonlyMap<Repository, WantList>;
  readonly #byDigest = new Map<WantList, ReadonlyMap<Digest, Want>>();

  constructor({ repositories }: Wanted) {
    this.#lists = new Map(repositories.map(({ repository, list }) => [repository, list]));
  }

  find(repository: Repository, digest: Digest): Want | undefined {
    const list = this.#lists.get(repository);
    if (list === undefined) return undefined;
    const index = () => new Map(list.wants.map((want) => [want.digest, want]));
    return getOrMake(this.#byDigest, list, index).get(digest);
  }
}
