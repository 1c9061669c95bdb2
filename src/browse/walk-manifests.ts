import { walkInOrder } from '../base/walk-in-order.ts';
import { describeClaims } from '../edges/claims.ts';
import type { Conflict, WantedRepository } from '../edges/wanted.ts';
import { digestTagsOf } from '../edges/wanted-within.ts';
import { asRepository, type RegistryName, type Repository } from '../image/repository.ts';
import { makeSnapshotImage, type SnapshotImage } from '../image/snapshot-image.ts';
import type { Tag } from '../image/tag.ts';
import type { BrowseRegistry } from '../ports/registry.ts';
import { orUnreadable } from '../ports/unreadable.ts';
import { type ExcludedContent, type FilteredDigests, filterChildren } from './filter-children.ts';
import { type Naming, namerOf } from './image-names.ts';
import type { Notify } from './notice.ts';
import { Referrers } from '../attachments/referrers.ts';
import { type Browsing, type DigestTags, type RepositoryContent, readContent } from './repository-content.ts';
import { WINDOW } from './walk-registry.ts';

export interface ManifestWalkRequest {
  readonly registry: RegistryName;
  /** The wanted repositories at and below the registry. */
  readonly repositories: readonly WantedRepository[];
  readonly tag: Tag | undefined;
  readonly minimal: ExcludedContent;
  readonly naming: Naming;
}

export interface ManifestWalkPorts {
  readonly notice: Notify;
  /** Called only for a minimal result: the registry itself shows which digests are children. */
  readonly open: () => Promise<BrowseRegistry>;
  /** Concurrent repositories, and concurrent queries for each of them. */
  readonly workers: number;
}

/** The wanted images at and below a registry, ordered by name, as if the registry had them. */
export async function* walkManifests(
  request: ManifestWalkRequest,
  ports: ManifestWalkPorts,
  signal: AbortSignal,
): AsyncGenerator<SnapshotImage, void, undefined> {
  const nameOf = makeNamer(request, ports.notice);
  const { registry, tag } = request;
  if (request.repositories.length === 0) ports.notice({ kind: 'nothing-wanted', registry });
  const wanted = new Map(request.repositories.map((entry) => [entry.repository, entry.list]));
  const reduce = await makeReducer(request, ports);
  const walk = walkInOrder({
    roots: wanted.keys(),
    visit: async (repository: Repository, inner) => {
      const list = wanted.get(repository);
      const digests = list === undefined ? NOTHING : withTag(digestTagsOf(list), request.tag);
      const state = await orUnreadable(reduce(repository, digests, inner), inner);
      return { value: { repository, conflicts: list?.conflicts ?? [], state }, leadsTo: [] };
    },
    workers: ports.workers,
    window: WINDOW,
    maxKeys: Number.POSITIVE_INFINITY,
    signal,
  });
  let isTagFound = tag === undefined || request.repositories.length === 0;
  for await (const { repository, conflicts, state } of walk) {
    tellConflicts(repository, conflicts, ports.notice);
    const name = nameOf(repository);
    if ('reason' in state) ports.notice({ kind: 'unreadable', repository, name, reason: state.reason });
    else {
      for (const unread of state.unread) ports.notice({ kind: 'unread-index', repository, name, ...unread });
      const image = makeSnapshotImage(name, state.digests);
      isTagFound ||= image !== undefined;
      if (image !== undefined) yield image;
    }
  }
  if (tag !== undefined && !isTagFound) ports.notice({ kind: 'tag-not-there', registry, tag });
}

const NOTHING: DigestTags = new Map();

type Reducer = (
  repository: Repository,
  digests: DigestTags,
  signal: AbortSignal,
) => Promise<Pick<FilteredDigests, 'digests' | 'unread'>>;

function makeNamer({ registry, repositories, naming }: ManifestWalkRequest, notice: Notify) {
  const holdsImages = repositories.some(({ repository }) => repository === asRepository(registry));
  return namerOf(registry, { naming, holdsImages }, notice);
}

function withTag(digests: DigestTags, tag: Tag | undefined): DigestTags {
  if (tag === undefined) return digests;
  const tagged = Array.from(digests).filter(([, tags]) => tags.includes(tag));
  return new Map(tagged.map(([digest]) => [digest, [tag]]));
}

function tellConflicts(repository: Repository, conflicts: readonly Conflict[], notice: Notify): void {
  for (const { tag, claims } of conflicts) {
    notice({ kind: 'conflict', repository, tag, claims: describeClaims(claims, { between: ', and ' }) });
  }
}

async function makeReducer(
  { minimal, repositories }: ManifestWalkRequest,
  { open, workers }: ManifestWalkPorts,
): Promise<Reducer> {
  if (minimal === 'nothing' || repositories.length === 0) {
    return (_repository, digests) => Promise.resolve({ digests, unread: [] });
  }
  const registry = await open();
  const referrers = new Referrers(registry);
  return async (repository, digests, signal) => {
    const browsing = { registry, referrers, workers, signal };
    const isOpen = Array.from(digests.values()).some((tags) => tags.length === 0);
    const content = isOpen ? await findContent(repository, digests, browsing) : NO_CONTENT;
    return await filterChildren(repository, { digests, content, minimal }, browsing);
  };
}

const NO_CONTENT: RepositoryContent = {
  digests: NOTHING,
  indexes: new Set(),
  parts: new Map(),
  referrers: new Set(),
};

/** The content of the registry, with wanted digests that its listing does not show. */
async function findContent(
  repository: Repository,
  digests: DigestTags,
  browsing: Browsing,
): Promise<RepositoryContent> {
  const listing = await browsing.registry.list(repository, browsing.signal);
  return await readContent(repository, { listing, expected: digests.keys() }, browsing);
}
