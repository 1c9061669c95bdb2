import { asRepository, parentOf, type RegistryName, type Repository } from '../image/repository.ts';
import type { BrowseRegistry, Listing } from '../ports/registry.ts';
import type { Unreadable } from './inventory.ts';
import type { Notify } from './notice.ts';
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
 * The repositories that a walk begins with: the registry itself where its listing names its children (Google), else
 * those of the catalogue and those that are known otherwise. Without either, `unlisted` is told.
 */
export async function findStart(asked: Asked, asking: Asking, signal: AbortSignal): Promise<Start> {
  const parent = parentOf(asked.registry);
  if (parent === undefined) return await findListed(asked, { ...asking, base: asked.registry }, signal);
  const root = asRepository(asked.registry);
  const listing = await orUnreadable(asking.registry.list(root, signal), signal);
  const holdsImages = countOf(listing) > 0;
  const base = holdsImages ? parent : asked.registry;
  if (holdsImages) asking.notice({ kind: 'holds-images', registry: asked.registry, parent });
  const listings = new Map([[root, listing]]);
  if (listing.kind === 'digests') return { repositories: new Set([root]), base, listings, complete: true };
  const start = await findListed(asked, { ...asking, base }, signal);
  const isWanted = holdsImages || (listing.kind === 'unreadable' && !start.complete);
  return { ...start, repositories: new Set([...(isWanted ? [root] : []), ...start.repositories]), listings };
}

async function findListed(
  { registry, repositories }: Asked,
  { base, ...asking }: Asking & { readonly base: RegistryName },
  signal: AbortSignal,
): Promise<Start> {
  const catalog = await orUnreadable(asking.registry.catalog(registry, signal), signal);
  const isListed = !('reason' in catalog);
  const complete = isListed || repositories.length > 0;
  if (!complete) asking.notice({ kind: 'unlisted', registry, reason: catalog.reason });
  const names = new Set([...(isListed ? catalog : []), ...repositories]);
  return { repositories: names, base, listings: new Map(), complete };
}

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
