import type { HostFault } from '../../base/host-fault.ts';
import { SingleFlight } from '../../base/single-flight.ts';
import { walkInOrder } from '../../base/walk-in-order.ts';
import { childRepositories } from '../../browse/discover-repositories.ts';
import { MAX_REPOSITORIES, WINDOW } from '../../browse/walk-registry.ts';
import {
  asRegistry,
  asRepository,
  hostRegistryOf,
  isWithin,
  parentOf,
  type RegistryName,
  type Repository,
} from '../../image/repository.ts';
import type { BrowseRegistry, Listing } from '../../ports/registry.ts';
import { orUnreadable, type Unreadable } from '../../ports/unreadable.ts';

/** A registry whose repositories are not all known. */
export interface Gap {
  readonly root: RegistryName;
  readonly reason: string;
  /** True for a host that fails; false for one that has no list of its repositories, or does not show it. */
  readonly isFailure: boolean;
}

export interface Production {
  /** Destination registries: everything at and below them is visited. */
  readonly roots: ReadonlySet<RegistryName>;
  /** Known repositories, within the roots. */
  readonly repositories: Iterable<Repository>;
}

interface WalkPorts {
  readonly registry: BrowseRegistry;
  /** Concurrent repositories. */
  readonly workers: number;
  readonly signal: AbortSignal;
  readonly foundGap: (gap: Gap) => void;
}

/**
 * Visits every repository of production in the order of names: the known ones, and those that Google's listings name as
 * children or a catalog lists. The listing of a repository lives no longer than its visit.
 */
export function walkProduction<T>(
  { roots, repositories }: Production,
  visit: (repository: Repository, listing: Listing | Unreadable, signal: AbortSignal) => Promise<T>,
  ports: WalkPorts,
): AsyncGenerator<T, void, undefined> {
  const discovery = new Discovery(roots, ports);
  return walkInOrder({
    roots: new Set([...Array.from(roots, asRepository), ...repositories]),
    visit: async (repository: Repository, signal) => {
      const { listing, leadsTo } = await discovery.list(repository, signal);
      return { value: await visit(repository, listing, signal), leadsTo };
    },
    workers: Math.min(ports.workers, REPOSITORIES),
    window: WINDOW,
    maxKeys: MAX_REPOSITORIES,
    signal: ports.signal,
  });
}

/** Repositories in work: each holds its listing, of up to a megabyte, while its indexes are read. */
const REPOSITORIES = 16;

/** Finds the repositories below the roots. The catalog of a host is read once. */
class Discovery {
  readonly #roots: ReadonlySet<RegistryName>;
  readonly #ports: WalkPorts;
  readonly #catalogs = new SingleFlight<RegistryName, readonly Repository[] | Unreadable>();

  constructor(roots: ReadonlySet<RegistryName>, ports: WalkPorts) {
    this.#roots = roots;
    this.#ports = ports;
  }

  async list(
    repository: Repository,
    signal: AbortSignal,
  ): Promise<{ readonly listing: Listing | Unreadable; readonly leadsTo: readonly Repository[] }> {
    const { registry } = this.#ports;
    const root = asRegistry(repository);
    const isHost = parentOf(root) === undefined;
    const reading = isHost ? registry.listHost(root, signal) : registry.list(repository, signal);
    const listing = await orUnreadable(reading, signal);
    if (listing.kind === 'digests') return { listing, leadsTo: childRepositories(repository, listing) };
    const leadsTo = this.#roots.has(root) ? await this.#fromCatalog(root, listing, signal) : [];
    return { listing, leadsTo };
  }

  async #fromCatalog(
    root: RegistryName,
    listing: Listing | Unreadable,
    signal: AbortSignal,
  ): Promise<readonly Repository[]> {
    const host = hostRegistryOf(root);
    const catalog = await this.#catalogs.run(host, () =>
      orUnreadable(this.#readCatalog(host, signal), signal),
    );
    if (!('kind' in catalog)) {
      return catalog.filter((name) => isWithin(name, root) && name !== asRepository(root));
    }
    const faults = [catalog.fault, listing.kind === 'unreadable' ? listing.fault : undefined];
    const isFailure = faults.some((fault) => fault !== undefined && FAILURES.has(fault.kind));
    this.#ports.foundGap({ root, reason: catalog.reason, isFailure });
    return [];
  }

  async #readCatalog(host: RegistryName, signal: AbortSignal): Promise<readonly Repository[]> {
    const pages: (readonly Repository[])[] = [];
    for await (const page of this.#ports.registry.catalog(host, signal)) pages.push(page);
    return pages.flat();
  }
}

/** Faults that pass. Any other means that the host shows no list. */
const FAILURES: ReadonlySet<HostFault['kind']> = new Set(['unreachable', 'throttled', 'unavailable']);
