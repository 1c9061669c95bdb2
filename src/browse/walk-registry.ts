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
import { Referrers } from '../attachments/referrers.ts';
import { type Browsing, readContent, readTagged } from './repository-content.ts';

export interface WalkRequest {
  /** `host` or `host/path`: everything at and below it. */
  readonly registry: RegistryName;
  /** Repositories that the user names, within the registry. A missing one is a notice. */
  readonly listed: readonly Repository[];
  /** Repositories that manifests name, within the registry. They may not exist yet. */
  readonly named: readonly Repository[];
  /** Keeps only digests with this tag, and only this tag of them. */
  readonly tag: Tag | undefined;
  /** Keeps only these tags, and digests that have one of them. Others are not looked up. Default: all. */
  readonly onlyTags?: (tag: Tag) => boolean;
  readonly minimal: ExcludedContent;
  readonly naming: Naming;
  readonly expected: ExpectedDigests;
}

export interface WalkPorts {
  readonly registry: BrowseRegistry;
  readonly whole: WholeRegistryReader;
  readonly progress: Progress;
  /** Receives each notice before the images that come later in the order of names. */
  readonly notice: Notify;
  /** Receives the digests of an image that count only with a tag, before the image. Default: none. */
  readonly leftOut?: ((name: string, digests: ReadonlySet<Digest>) => void) | undefined;
  /** Concurrent repositories, and concurrent queries for each of them. */
  readonly workers: number;
}

/** Repositories in work or read ahead of the next one in order: each may hold many megabytes. */
export const WINDOW = 64;
/** Two hundred times the largest known registry: children of children might have no end. */
export const MAX_REPOSITORIES = 400_000;

/**
 * Every image of a registry, ordered by name. Google's registries are walked from child to child, others by their
 * catalog. An unreadable repository is a notice; only an aborted signal throws.
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
      reporter.report(visited);
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
  const { tag, minimal, expected, onlyTags } = reading.request;
  const isAsked = onlyTags ?? (tag === undefined ? undefined : (one: Tag) => one === tag);
  const known = Array.from(expected({ repository, name: reading.start.nameOf(repository) }));
  const content =
    isAsked === undefined
      ? await readContent(repository, { listing, expected: known }, reading)
      : await readTagged(repository, { listing, isAsked }, reading);
  const { digests } = content;
  const minimised = await filterChildren(repository, { digests, content, minimal, expected: known }, reading);
  return { kind: 'read', listing, ...minimised } as const;
}

/** Reports each notice once. */
class WarningReporter {
  readonly #request: WalkRequest;
  readonly #notice: Notify;
  readonly #nameOf: (repository: Repository) => string;
  readonly #listed: ReadonlySet<Repository>;
  #sawAnything = false;
  #sawRepository = false;
  #hasReportedTagsOnly = false;

  constructor(
    request: WalkRequest,
    { notice, nameOf }: { notice: Notify; nameOf: (repository: Repository) => string },
  ) {
    this.#request = request;
    this.#notice = notice;
    this.#nameOf = nameOf;
    this.#listed = new Set(request.listed);
  }

  report({ repository, state }: VisitedRepository): void {
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
    if (listing.kind === 'digests' || this.#hasReportedTagsOnly || this.#request.tag !== undefined) return;
    this.#hasReportedTagsOnly = true;
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

/** Google lists a missing repository as empty. */
function isAbsent(listing: Listing): boolean {
  if (listing.kind === 'digests') return listing.manifests.size === 0 && listing.children.length === 0;
  return listing.kind === 'missing';
}
