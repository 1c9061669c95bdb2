import { groupBy } from '../base/maps.ts';
import type { WantedRepository, WantList } from '../edges/wanted.ts';
import { hostOf, type Repository } from '../image/repository.ts';
import type { PickedListing } from './listing-state.ts';

/** The content of `tags/list` of a host. Unknown until its first answer. */
type ListingSupport = 'digests' | 'tags' | 'refused' | 'unknown';

/**
 * HEAD requests that cost as much as a listing. A request costs 12 ms where a registry allows 5,000 a minute; the listing of
 * an image with ten years of releases has 0.7 MB, which is 70 ms at 10 MB/s, and asks for only one.
 */
const WORTH_A_LISTING = 8;

/**
 * Chooses between a listing and HEAD requests for each repository, by cost.
 *
 * Only the desired state is known beforehand: one HEAD for each tag or tagless digest. A repository is listed if that is
 * at least `WORTH_A_LISTING` requests, or if the repositories of its host have that many on average. A run that wants
 * much of a host wants nearly everything in it, so where it wants little, the repository is small, and a short listing
 * costs no more than a HEAD. A run that wants little everywhere, one release, says nothing about the size of
 * repositories. The size of other listings says nothing either: one host has listings of one entry and of thousands.
 *
 * Only a listing with digests saves requests. The first answer of a host shows whether it has them.
 */
export class ListingStrategy {
  readonly #support = new Map<string, ListingSupport>();
  readonly #pages = new Map<string, number>();
  readonly #failed = new Set<Repository>();
  readonly #first = new Map<string, Promise<void>>();
  readonly #hosts: ReadonlyMap<string, Wants>;

  constructor(repositories: readonly WantedRepository[]) {
    this.#hosts = countWants(repositories);
  }

  /** True if the repository should be listed before any HEAD request. */
  isWorthListing(repository: Repository, list: WantList): boolean {
    const host = hostOf(repository);
    if (!this.#mayShowDigests(host)) return false;
    const { requests, repositories } = this.#hosts.get(host) ?? { requests: 0, repositories: 1 };
    return Math.max(requestsFor(list), requests / repositories) >= WORTH_A_LISTING;
  }

  /**
   * Lists a repository. The others of a host wait for the first one, so that a host without digests in its listings is
   * not asked for many. They get undefined then.
   */
  async listFirst(
    repository: Repository,
    tryList: () => Promise<PickedListing | undefined>,
  ): Promise<PickedListing | undefined> {
    const host = hostOf(repository);
    const first = this.#first.get(host);
    if (first !== undefined) {
      await first;
      return this.#mayShowDigests(host) ? tryList() : undefined;
    }
    const listing = tryList();
    this.#first.set(
      host,
      listing.then(ignore, ignore), // a promise of the listing itself would keep it for the whole run
    );
    return listing;
  }

  /** True if a number of HEAD requests is more than the pages of the longest list of tags of the host so far. */
  isWorthTags(repository: Repository, requests: number): boolean {
    return requests > (this.#pages.get(hostOf(repository)) ?? 1);
  }

  /** False if the host refuses listings, or this listing has failed. */
  mayList(repository: Repository): boolean {
    return this.#supportOf(hostOf(repository)) !== 'refused' && !this.#failed.has(repository);
  }

  learn(repository: Repository, listing: PickedListing): void {
    const host = hostOf(repository);
    if (listing.kind === 'missing') return;
    this.#support.set(host, listing.kind);
    if (listing.kind === 'tags')
      this.#pages.set(host, Math.max(listing.requests, this.#pages.get(host) ?? 1));
  }

  /** A refusal counts for the whole host, unless it has given a list before. A 404 or a broken list does not. */
  learnFailure(repository: Repository, status: number | undefined): void {
    this.#failed.add(repository);
    const isRefusal = status !== undefined && status !== 404;
    if (isRefusal && this.#supportOf(hostOf(repository)) === 'unknown') this.refuse(repository);
  }

  /** From now on the host of the repository is not asked for listings. */
  refuse(repository: Repository): void {
    this.#support.set(hostOf(repository), 'refused');
  }

  #mayShowDigests(host: string): boolean {
    const support = this.#supportOf(host);
    return support === 'digests' || support === 'unknown';
  }

  #supportOf(host: string): ListingSupport {
    return this.#support.get(host) ?? 'unknown';
  }
}

function ignore(): void {}

/** Wanted tags and tagless digests of a host. */
interface Wants {
  readonly requests: number;
  readonly repositories: number;
}

function countWants(repositories: readonly WantedRepository[]): ReadonlyMap<string, Wants> {
  const wanted = repositories.filter(({ list }) => list.wants.length > 0);
  const hosts = groupBy(wanted, ({ repository }) => hostOf(repository));
  return new Map(
    Array.from(hosts, ([host, own]) => {
      const requests = own.reduce((sum, { list }) => sum + requestsFor(list), 0);
      return [host, { requests, repositories: own.length }];
    }),
  );
}

/** HEAD requests for a list: edges without those in conflict. */
function requestsFor({ edges, conflicts }: WantList): number {
  return conflicts.reduce((left, { claims }) => left - claims.length, edges);
}
