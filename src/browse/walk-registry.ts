import { walkInOrder } from '../base/walk-in-order.ts';
import type { Digest } from '../image/digest.ts';
import { hostOf, type RegistryName, type Repository } from '../image/repository.ts';
import { makeSnapshotImage, type SnapshotImage } from '../image/snapshot-image.ts';
import type { Tag } from '../image/tag.ts';
import type { Progress } from '../ports/progress.ts';
import type { BrowseRegistry, Listing } from '../ports/registry.ts';
import { orUnreadable, type Unreadable } from '../ports/unreadable.ts';
import type { WholeRegistryReader } from '../ports/whole-registry.ts';
import {
  childRepositories,
  type DiscoveredRepositories,
  discoverRepositories,
} from './discover-repositories.ts';
import type { ExpectedDigests } from './repository-content.ts';
import { type ExcludedContent, type FilteredDigests, filterChildren } from './filter-children.ts';
import type { Naming } from './image-names.ts';
import type { Notify, Presence } from './notice.ts';
import { Referrers } from './referrers.ts';
import { type Browsing, readContent, readTagged } from './repository-content.ts';

export interface WalkRequest {
  /** `host` or `host/path`: everything at it and below. */
  readonly registry: RegistryName;
  /** Repositories that the user names, all of them within the registry: one that is not there is told. */
  readonly listed: readonly Repository[];
  /** Repositories that manifests name, likewise; they may be ahead of the registry. */
  readonly named: readonly Repository[];
  /** Keeps what carries this tag, and this tag alone. */
  readonly tag: Tag | undefined;
  readonly minimal: ExcludedContent;
  readonly naming: Naming;
  readonly expected: ExpectedDigests;
}

export interface WalkPorts {
  readonly registry: BrowseRegistry;
  readonly whole: WholeRegistryReader;
  readonly progress: Progress;
  /** Told, before the images that come later in their order, what the images do not tell. */
  readonly notice: Notify;
  /** Told, before an image comes or would, which digests without a tag do not count in it. Default: nobody is. */
  readonly leftOut?: ((name: string, digests: ReadonlySet<Digest>) => void) | undefined;
  /** Repositories at a time, and questions at a time about one of them. */
  readonly workers: number;
}

/** Repositories that may be under way, or read ahead of the one whose turn it is: each may hold many megabytes. */
export const WINDOW = 64;
/** Two hundred times the largest registry seen: children need not come to an end. */
const MAX_REPOSITORIES = 400_000;

/**
 * Every image of a registry, in the order of the names. Google's registries are followed from child to child, others
 * tell their repositories in a catalogue. What cannot be read is a notice; only an aborted signal throws.
 */
export async function* walkRegistry(
  request: WalkRequest,
  ports: WalkPorts,
  signal: AbortSignal,
): AsyncGenerator<SnapshotImage, void, undefined> {
  const { progress, notice, workers, registry } = ports;
  const start = await discoverRepositories(request, ports, signal);
  const reading = { request, registry, referrers: new Referrers(registry), workers, start };
  const reporter = new WarningReporter(request, { notice, nameOf: start.nameOf });
  progress.begin('snapshot', 0);
  try {
    const walk = walkInOrder({
      roots: start.repositories,
      visit: (repository: Repository, inner) => visit(repository, { ...reading, signal: inner }),
      workers,
      window: WINDOW,
      maxKeys: MAX_REPOSITORIES,
      signal,
    });
    for await (const visited of walk) {
      progress.advance();
      reporter.tell(visited);
      const { repository, state } = visited;
      if (state.kind === 'unreadable') continue;
      const name = start.nameOf(repository);
      if (state.leftOut.size > 0) ports.leftOut?.(name, state.leftOut);
      const image = makeSnapshotImage(name, state.digests);
      if (image !== undefined) yield image;
    }
  } finally {
    progress.end();
  }
  if (start.complete) reporter.conclude(start.presence);
}

interface Reading extends Browsing {
  readonly request: WalkRequest;
  readonly start: DiscoveredRepositories;
}

interface VisitedRepository {
  readonly repository: Repository;
  readonly state: (FilteredDigests & { readonly kind: 'read'; readonly listing: Listing }) | Unreadable;
}

async function visit(repository: Repository, reading: Reading) {
  const { start, registry, signal } = reading;
  const listing =
    start.listings.get(repository) ?? (await orUnreadable(registry.list(repository, signal), signal));
  const state =
    listing.kind === 'unreadable'
      ? listing
      : await orUnreadable(readState(repository, listing, reading), signal);
  const leadsTo = listing.kind === 'unreadable' ? [] : childRepositories(repository, listing);
  return { value: { repository, state }, leadsTo };
}

async function readState(repository: Repository, listing: Listing, reading: Reading) {
  const { tag, minimal, expected } = reading.request;
  const known = Array.from(expected({ repository, name: reading.start.nameOf(repository) }));
  const content =
    tag === undefined
      ? await readContent(repository, { listing, expected: known }, reading)
      : await readTagged(repository, { listing, tag }, reading);
  const { digests } = content;
  const minimised = await filterChildren(repository, { digests, content, minimal, expected: known }, reading);
  return { kind: 'read', listing, ...minimised } as const;
}

/** Says what is worth a word, and each thing once. */
class WarningReporter {
  readonly #request: WalkRequest;
  readonly #notice: Notify;
  readonly #nameOf: (repository: Repository) => string;
  readonly #listed: ReadonlySet<Repository>;
  #sawAnything = false;
  #sawRepository = false;
  #toldTagsOnly = false;

  constructor(
    request: WalkRequest,
    { notice, nameOf }: { notice: Notify; nameOf: (repository: Repository) => string },
  ) {
    this.#request = request;
    this.#notice = notice;
    this.#nameOf = nameOf;
    this.#listed = new Set(request.listed);
  }

  tell({ repository, state }: VisitedRepository): void {
    if (state.kind === 'unreadable') {
      this.#sawAnything = true;
      const name = this.#nameOf(repository);
      this.#notice({ kind: 'unreadable', repository, name, reason: state.reason });
      return;
    }
    const { digests, listing, unread } = state;
    const name = this.#nameOf(repository);
    for (const index of unread) this.#notice({ kind: 'unread-index', repository, name, ...index });
    this.#sawAnything ||= digests.size > 0;
    this.#sawRepository ||= !isAbsent(listing);
    if (digests.size === 0 && isAbsent(listing) && this.#listed.has(repository)) {
      this.#notice({ kind: 'not-there', repository });
    }
    if (listing.kind === 'digests' || this.#toldTagsOnly || this.#request.tag !== undefined) return;
    this.#toldTagsOnly = true;
    this.#notice({ kind: 'tags-only', host: hostOf(repository) });
  }

  conclude(presence: Presence): void {
    if (this.#sawAnything) return;
    const { registry, tag } = this.#request;
    const isTagToBlame = tag !== undefined && (this.#sawRepository || presence === 'present');
    if (isTagToBlame) this.#notice({ kind: 'tag-not-there', registry, tag });
    else this.#notice({ kind: 'nothing-there', registry, presence });
  }
}

/** Google answers for what is not there with an empty list. */
function isAbsent(listing: Listing): boolean {
  if (listing.kind === 'digests') return listing.manifests.size === 0 && listing.children.length === 0;
  return listing.kind === 'missing';
}
