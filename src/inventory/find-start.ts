import { isAbort, messageOf } from '../base/errors.ts';
import { asRepository, parentOf, type RegistryName, type Repository } from '../image/repository.ts';
import type { BrowseRegistry, Listing } from '../ports/registry.ts';
import { RegistryError, type RegistryErrorCode } from '../ports/registry-error.ts';
import type { Unreadable } from './inventory.ts';
import type { Notice, Notify } from './notice.ts';
import { orUnreadable } from './or-unreadable.ts';

/** Where a walk through a registry begins. */
export interface Start {
  readonly repositories: ReadonlySet<Repository>;
  /** What names are relative to. */
  readonly base: RegistryName;
  /** What has been asked already. */
  readonly listings: ReadonlyMap<Repository, Listing | Unreadable>;
  /** False where repositories may be missing that nobody could name. */
  readonly complete: boolean;
}

interface Asked {
  readonly registry: RegistryName;
  /** Repositories that are known otherwise. */
  readonly repositories: readonly Repository[];
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
  const parent = parentOf(asked.registry);
  if (parent === undefined)
    return await findListed(asked, { ...asking, base: asked.registry, rootFailed: false }, signal);
  const root = asRepository(asked.registry);
  const listing = await orUnreadable(asking.registry.list(root, signal), signal);
  const holdsImages = countOf(listing) > 0;
  const base = holdsImages ? parent : asked.registry;
  if (holdsImages) asking.notice({ kind: 'holds-images', registry: asked.registry, parent });
  const listings = new Map([[root, listing]]);
  if (listing.kind === 'digests') {
    return { repositories: new Set([root, ...asked.repositories]), base, listings, complete: true };
  }
  const rootFailed = listing.kind === 'unreadable';
  const start = await findListed(asked, { ...asking, base, rootFailed }, signal);
  const isWanted = holdsImages || (rootFailed && !start.complete);
  return { ...start, repositories: new Set([...(isWanted ? [root] : []), ...start.repositories]), listings };
}

async function findListed(
  { registry, repositories }: Asked,
  { base, rootFailed, ...asking }: Asking & { readonly base: RegistryName; readonly rootFailed: boolean },
  signal: AbortSignal,
): Promise<Start> {
  const catalog = await tryCatalog(registry, asking.registry, signal);
  const isListed = !('kind' in catalog);
  const complete = isListed || repositories.length > 0;
  // of a registry that is down, the failure of the root says it all
  if (!complete && !(rootFailed && catalog.kind === 'unreadable')) asking.notice(catalog);
  const names = new Set([...(isListed ? catalog : []), ...repositories]);
  return { repositories: names, base, listings: new Map(), complete };
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

function countOf(listing: Listing | Unreadable): number {
  switch (listing.kind) {
    case 'digests':
      return listing.manifests.size;
    case 'tags':
      return listing.tags.size;
    case 'missing':
    case 'unreadable':
      return 0;
  }
}
