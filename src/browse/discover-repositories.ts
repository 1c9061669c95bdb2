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

/** Where a walk through a registry begins. */
export interface DiscoveredRepositories {
  readonly repositories: ReadonlySet<Repository>;
  /** Gives an image its name; what gets none stands for all that is at and below the registry. */
  readonly nameOf: (repository: Repository) => string;
  /** What has been asked already. */
  readonly listings: ReadonlyMap<Repository, Listing | Unreadable>;
  /** False where repositories may be missing that nobody could name. */
  readonly complete: boolean;
  /** Whether there is anything, be it empty. */
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
 * The repositories that a walk begins with: those that are known otherwise, and the registry itself where its listing
 * names its children (Google), else those of the catalogue. With neither, `unlisted` is told.
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
 * Artifact Registry lists everything at once, a thousand manifests a page and one page after the other. A region of
 * registry.k8s.io is 77 pages, or 445 listings of 32 at a time: 14 turns, so listings are faster. Without the children
 * of indexes these need 8,784 GETs besides, and the pages name the children. Of a part of a repository the pages are
 * those of the whole, 77 against 289 turns for all of it: a part has to be a quarter of it to be worth it, and nobody
 * knows that before.
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

/** Most hosts have a catalogue, so they are asked for that first: the listing that Google's have costs them nothing. */
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
    isListed = error instanceof RegistryError && error.code === 'unexpected'; // there was a list, and not all of it
    throw error;
  });
  const listing = await orUnreadable(reading, signal);
  const rootFailed = listing.kind === 'unreadable';
  const holdsImages = !rootFailed && (await holdsAny(asked, { registry, listing }, signal));
  const nameOf = namerOf(asked.registry, { naming: asked.naming, holdsImages }, notice);
  const start = { listings: new Map([[root, listing]]), nameOf };
  if (listing.kind === 'digests') {
    const presence = isEmpty(listing) ? 'unknown' : 'present'; // Google lists what does not exist as empty
    return { ...start, repositories: new Set([root, ...knownOf(asked)]), complete: true, presence };
  }
  const catalog = await readCatalog(asked.registry, registry, signal);
  const gap = gapIn(catalog, asked);
  // of a registry that is down, the failure of the root says it all
  if (gap !== undefined && !(rootFailed && gap.kind === 'unreadable')) notice(gap);
  const isWanted = holdsImages || isListed || (rootFailed && gap !== undefined);
  const own = isWanted ? [root] : [];
  const repositories = new Set([...own, ...catalog.repositories, ...knownOf(asked)]);
  const presence = presenceOf(listing, catalog);
  return { ...start, repositories, complete: gap === undefined, presence };
}

/** An unreadable list proves nothing, and neither does the absence of a path whose host has no catalogue. */
function presenceOf(listing: Listing | Unreadable, { repositories, failure }: Catalog): Presence {
  if (repositories.size > 0 || listing.kind === 'tags') return 'present';
  return listing.kind === 'missing' && failure === undefined ? 'absent' : 'unknown';
}

function isEmpty({ manifests, children }: Extract<Listing, { readonly kind: 'digests' }>): boolean {
  return manifests.size === 0 && children.length === 0;
}

/** True where the registry is an image itself: by its listing, or because a digest that is expected is there. */
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

/** What a host has told of its repositories, and why it is not all. */
interface Catalog {
  readonly repositories: ReadonlySet<Repository>;
  /** Pages of it that have been read: after the first one the host is known to have a catalogue. */
  readonly pages: number;
  readonly failure: Extract<Notice, { readonly kind: 'unlisted' | 'unreadable' }> | undefined;
}

/** Why repositories may be missing; undefined where the catalogue is whole, or where the user or manifests name them. */
function gapIn({ pages, failure }: Catalog, { listed, named }: Asked): Catalog['failure'] {
  const isHelped = listed.length > 0 || (named.length > 0 && pages === 0);
  return isHelped ? undefined : failure;
}

/** A registry that refuses its catalogue is a case of its own: there is something that its user can do. */
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
    const told = repositories.size;
    const isDown = error instanceof RegistryError && DOWN.has(error.code);
    if (pages > 0 || !isDown) {
      return { repositories, pages, failure: { kind: 'unlisted', registry, told, reason } };
    }
    const failure = { kind: 'unreadable', repository: asRepository(registry), name: '', reason } as const;
    return { repositories, pages, failure };
  }
}

const DOWN: ReadonlySet<RegistryErrorCode> = new Set(['unreachable', 'unavailable']);

/** The repositories that a listing leads to; a path may become too long for one. */
export function childRepositories(of: Repository | RegistryName, listing: Listing): Repository[] {
  const children = listing.kind === 'digests' ? listing.children : [];
  return children.map((child) => parseRepository(`${of}/${child}`)).filter((child) => child !== undefined);
}
