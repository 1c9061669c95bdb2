import { isAbort, messageOf } from '../base/errors.ts';
import { asRepository, parentOf, type RegistryName, type Repository } from '../image/repository.ts';
import type { BrowseRegistry, Listing } from '../ports/registry.ts';
import { RegistryError, type RegistryErrorCode } from '../ports/registry-error.ts';
import type { Unreadable } from './inventory.ts';
import { type Naming, nameOfRoot, namerOf } from './naming.ts';
import type { Notice, Notify } from './notice.ts';
import { orUnreadable } from './or-unreadable.ts';
import type { Sought } from './sought.ts';

/** Where a walk through a registry begins. */
export interface Start {
  readonly repositories: ReadonlySet<Repository>;
  /** Gives an image its name; what gets none stands for all that is at and below the registry. */
  readonly nameOf: (repository: Repository) => string;
  /** What has been asked already. */
  readonly listings: ReadonlyMap<Repository, Listing | Unreadable>;
  /** False where repositories may be missing that nobody could name. */
  readonly complete: boolean;
}

interface Asked {
  readonly registry: RegistryName;
  /** Repositories that the user names. */
  readonly listed: readonly Repository[];
  /** Repositories that manifests name. */
  readonly named: readonly Repository[];
  readonly naming: Naming;
  readonly sought: Sought;
}

interface Asking {
  readonly registry: BrowseRegistry;
  readonly notice: Notify;
}

/**
 * The repositories that a walk begins with: those that are known otherwise, and the registry itself where its listing
 * names its children (Google), else those of the catalogue. With neither, `unlisted` is told.
 */
export async function findStart(asked: Asked, asking: Asking, signal: AbortSignal): Promise<Start> {
  const { registry, naming } = asked;
  const { notice } = asking;
  if (parentOf(registry) === undefined) {
    const found = await findRepositories(asked, { ...asking, rootFailed: false }, signal);
    return {
      ...found,
      listings: new Map(),
      nameOf: namerOf(registry, { naming, holdsImages: false }, notice),
    };
  }
  const root = asRepository(registry);
  const listing = await orUnreadable(asking.registry.list(root, signal), signal);
  const holdsImages =
    listing.kind !== 'unreadable' && (await holdsAny(asked, { ...asking, listing }, signal));
  const nameOf = namerOf(registry, { naming, holdsImages }, notice);
  const listings = new Map([[root, listing]]);
  if (listing.kind === 'digests') {
    return { repositories: new Set([root, ...knownOf(asked)]), nameOf, listings, complete: true };
  }
  const rootFailed = listing.kind === 'unreadable';
  const found = await findRepositories(asked, { ...asking, rootFailed }, signal);
  const isWanted = holdsImages || (rootFailed && !found.complete);
  const repositories = new Set([...(isWanted ? [root] : []), ...found.repositories]);
  return { ...found, repositories, nameOf, listings };
}

/** True where the registry is an image itself: by its listing, or because a digest that is sought is there. */
async function holdsAny(
  { registry, naming, sought }: Asked,
  { registry: client, listing }: { readonly registry: BrowseRegistry; readonly listing: Listing },
  signal: AbortSignal,
): Promise<boolean> {
  if (listing.kind === 'digests') return listing.manifests.size > 0;
  if (listing.kind === 'tags' && listing.tags.size > 0) return true;
  const repository = asRepository(registry);
  for (const digest of sought({ repository, name: nameOfRoot(registry, naming) })) {
    const found = await orUnreadable(client.resolve(repository, digest, signal), signal);
    if (typeof found === 'string') return true;
  }
  return false;
}

function knownOf({ listed, named }: Asked): readonly Repository[] {
  return [...listed, ...named];
}

async function findRepositories(
  asked: Asked,
  { rootFailed, ...asking }: Asking & { readonly rootFailed: boolean },
  signal: AbortSignal,
): Promise<Pick<Start, 'repositories' | 'complete'>> {
  const known = knownOf(asked);
  const catalog = await tryCatalog(asked.registry, asking.registry, signal);
  const isListed = !('kind' in catalog);
  const complete = isListed || known.length > 0;
  // of a registry that is down, the failure of the root says it all
  if (!complete && !(rootFailed && catalog.kind === 'unreadable')) asking.notice(catalog);
  return { repositories: new Set([...(isListed ? catalog : []), ...known]), complete };
}

/** A registry that refuses its catalogue is a case of its own: there is something that its user can do. */
async function tryCatalog(
  registry: RegistryName,
  client: BrowseRegistry,
  signal: AbortSignal,
): Promise<readonly Repository[] | Notice> {
  try {
    return await client.catalog(registry, signal);
  } catch (error) {
    if (signal.aborted || isAbort(error, signal)) throw error;
    const reason = messageOf(error);
    const isRefused = !(error instanceof RegistryError) || !DOWN.has(error.code);
    if (isRefused) return { kind: 'unlisted', registry, reason };
    return { kind: 'unreadable', repository: asRepository(registry), name: '', reason };
  }
}

const DOWN: ReadonlySet<RegistryErrorCode> = new Set(['unreachable', 'unavailable']);
