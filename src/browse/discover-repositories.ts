import { isAbort, messageOf } from '../base/errors.ts';
import {
  asRepository,
  parentOf,
  parseRepository,
  type RegistryName,
  type Repository,
} from '../image/repository.ts';
import type { Tag } from '../image/tag.ts';
import type { BrowseRegistry, Listing } from '../ports/registry.ts';
import { RegistryError, type RegistryErrorCode } from '../ports/registry-error.ts';
import { orUnreadable, type Unreadable } from '../ports/unreadable.ts';
import type { WholeRegistryReader } from '../ports/whole-registry.ts';
import type { ExpectedDigests } from './repository-content.ts';
import type { ExcludedContent } from './filter-children.ts';
import { type Naming, nameOfRoot, namerOf } from './image-names.ts';
import type { Notice, Notify, Presence } from './notice.ts';
import { type Listings, readWholeRegistry } from './read-whole-registry.ts';

/** The repositories with which a walk of a registry begins. */
export interface DiscoveredRepositories {
  readonly repositories: ReadonlySet<Repository>;
  /** The image name of a repository. A root without a name stands for everything at and below the registry. */
  readonly nameOf: (repository: Repository) => string;
  /** Listings that were read already. */
  readonly listings: ReadonlyMap<Repository, Listing | Unreadable>;
  /** False if repositories may be missing. */
  readonly complete: boolean;
  /** Whether the registry exists, even if it is empty. */
  readonly presence: Presence;
}

interface Asked {
  readonly registry: RegistryName;
  /** Repositories that the user names. */
  readonly listed: readonly Repository[];
  /** Repositories that manifests name. */
  readonly named: readonly Repository[];
  readonly naming: Naming;
  readonly expected: ExpectedDigests;
  readonly tag: Tag | undefined;
  readonly minimal: ExcludedContent;
}

interface DiscoveryContext {
  readonly registry: BrowseRegistry;
  readonly whole: WholeRegistryReader;
  readonly notice: Notify;
}

/**
 * The repositories with which a walk begins: those that the user or manifests name, and the registry itself if its
 * listing names its children (Google), else those of the catalog. Without either, the notice is `unlisted`.
 */
export async function discoverRepositories(
  asked: Asked,
  asking: DiscoveryContext,
  signal: AbortSignal,
): Promise<DiscoveredRepositories> {
  if (parentOf(asked.registry) === undefined) return await startAtHost(asked, asking, signal);
  const listings = isWholeCheaper(asked)
    ? await readWholeRegistry(asked.registry, asking, signal)
    : undefined;
  return listings === undefined
    ? await startAtPath(asked, asking, signal)
    : startWith(listings, asked, asking);
}

/**
 * Artifact Registry's API lists everything, a thousand manifests a page and one page after the other. A region of
 * registry.k8s.io has 77 pages, or 445 listings of 32 at a time: 14 rounds, so listings are faster. Leaving out the
 * children of indexes takes 8,784 GETs more with listings, while the pages name the children. A part of a repository
 * needs all 77 pages too, against 289 rounds for the whole, so pages pay only from a quarter of it on. The size of a
 * part is not known in advance.
 */
function isWholeCheaper({ minimal, tag }: Asked): boolean {
  return minimal !== 'nothing' && tag === undefined;
}

/** A whole repository of Artifact Registry is no image itself. */
function startWith(listings: Listings, asked: Asked, { notice }: DiscoveryContext): DiscoveredRepositories {
  const nameOf = namerOf(asked.registry, { naming: asked.naming, holdsImages: false }, notice);
  const repositories = new Set([...listings.keys(), ...knownOf(asked)]);
  return { repositories, listings, nameOf, complete: true, presence: 'present' };
}

/** Most hosts have a catalog, so it is requested first. At Google's hosts the listing comes at no extra cost. */
async function startAtHost(
  asked: Asked,
  { registry, notice }: DiscoveryContext,
  signal: AbortSignal,
): Promise<DiscoveredRepositories> {
  const { registry: host, naming } = asked;
  const nameOf = namerOf(host, { naming, holdsImages: false }, notice);
  const start = { listings: new Map(), nameOf, presence: 'present' } as const;
  const catalog = await readCatalog(host, registry, signal);
  if (catalog.failure?.kind === 'unlisted' && catalog.pages === 0) {
    const listing = await orUnreadable(registry.listHost(host, signal), signal);
    if (listing.kind === 'digests') {
      const repositories = new Set([...childRepositories(host, listing), ...knownOf(asked)]);
      return { ...start, repositories, complete: true };
    }
  }
  const gap = gapIn(catalog, asked);
  if (gap !== undefined) notice(gap);
  const repositories = new Set([...catalog.repositories, ...knownOf(asked)]);
  return { ...start, repositories, complete: gap === undefined };
}

async function startAtPath(
  asked: Asked,
  { registry, notice }: DiscoveryContext,
  signal: AbortSignal,
): Promise<DiscoveredRepositories> {
  const root = asRepository(asked.registry);
  let isListed = false;
  const reading = registry.list(root, signal).catch((error: unknown) => {
    isListed = error instanceof RegistryError && error.code === 'unexpected'; // there was an incomplete list
    throw error;
  });
  const listing = await orUnreadable(reading, signal);
  const rootFailed = listing.kind === 'unreadable';
  const holdsImages = !rootFailed && (await holdsAny(asked, { registry, listing }, signal));
  const nameOf = namerOf(asked.registry, { naming: asked.naming, holdsImages }, notice);
  const start = { listings: new Map([[root, listing]]), nameOf };
  if (listing.kind === 'digests') {
    const presence = isEmpty(listing) ? 'unknown' : 'present'; // Google lists a missing repository as empty
    return { ...start, repositories: new Set([root, ...knownOf(asked)]), complete: true, presence };
  }
  const catalog = await readCatalog(asked.registry, registry, signal);
  const gap = gapIn(catalog, asked);
  // if a registry is down, the failure of the root is enough
  if (gap !== undefined && !(rootFailed && gap.kind === 'unreadable')) notice(gap);
  const isWanted = holdsImages || isListed || (rootFailed && gap !== undefined);
  const own = isWanted ? [root] : [];
  const repositories = new Set([...own, ...catalog.repositories, ...knownOf(asked)]);
  const presence = presenceOf(listing, catalog);
  return { ...start, repositories, complete: gap === undefined, presence };
}

/** An unreadable list proves nothing. Neither does the absence of a path at a host without a catalog. */
function presenceOf(listing: Listing | Unreadable, { repositories, failure }: Catalog): Presence {
  if (repositories.size > 0 || listing.kind === 'tags') return 'present';
  return listing.kind === 'missing' && failure === undefined ? 'absent' : 'unknown';
}

function isEmpty({ manifests, children }: Extract<Listing, { readonly kind: 'digests' }>): boolean {
  return manifests.size === 0 && children.length === 0;
}

/** True if the registry is an image itself: by its listing, or because an expected digest exists there. */
async function holdsAny(
  { registry, naming, expected }: Asked,
  { registry: client, listing }: { readonly registry: BrowseRegistry; readonly listing: Listing },
  signal: AbortSignal,
): Promise<boolean> {
  if (listing.kind === 'digests') return listing.manifests.size > 0;
  if (listing.kind === 'tags' && listing.tags.size > 0) return true;
  const repository = asRepository(registry);
  for (const digest of expected({ repository, name: nameOfRoot(registry, naming) })) {
    const found = await orUnreadable(client.resolve(repository, digest, signal), signal);
    if (typeof found === 'string') return true;
  }
  return false;
}

function knownOf({ listed, named }: Asked): readonly Repository[] {
  return [...listed, ...named];
}

/** The repositories in a host's catalog, and the reason if it is incomplete. */
interface Catalog {
  readonly repositories: ReadonlySet<Repository>;
  /** Number of pages read. After the first one the host is known to have a catalog. */
  readonly pages: number;
  readonly failure: Extract<Notice, { readonly kind: 'unlisted' | 'unreadable' }> | undefined;
}

/** Why repositories may be missing; undefined if the catalog is complete, or the user or manifests name them. */
function gapIn({ pages, failure }: Catalog, { listed, named }: Asked): Catalog['failure'] {
  const isHelped = listed.length > 0 || (named.length > 0 && pages === 0);
  return isHelped ? undefined : failure;
}

/** A registry that refuses its catalog has its own notice, because its user can do something about it. */
async function readCatalog(
  registry: RegistryName,
  client: BrowseRegistry,
  signal: AbortSignal,
): Promise<Catalog> {
  const repositories = new Set<Repository>();
  let pages = 0;
  try {
    for await (const page of client.catalog(registry, signal)) {
      pages += 1;
      for (const repository of page) repositories.add(repository);
    }
    return { repositories, pages, failure: undefined };
  } catch (error) {
    if (signal.aborted || isAbort(error, signal)) throw error;
    const reason = messageOf(error);
    const listedCount = repositories.size;
    const isDown = error instanceof RegistryError && DOWN.has(error.code);
    if (pages > 0 || !isDown) {
      return { repositories, pages, failure: { kind: 'unlisted', registry, listedCount, reason } };
    }
    const failure = { kind: 'unreadable', repository: asRepository(registry), name: '', reason } as const;
    return { repositories, pages, failure };
  }
}

const DOWN: ReadonlySet<RegistryErrorCode> = new Set(['unreachable', 'unavailable']);

/** The repositories that a listing names below itself, except for paths that are too long. */
export function childRepositories(of: Repository | RegistryName, listing: Listing): Repository[] {
  const children = listing.kind === 'digests' ? listing.children : [];
  return children.map((child) => parseRepository(`${of}/${child}`)).filter((child) => child !== undefined);
}
