import type { WantedRepository, WantList } from '../edges/wanted.ts';
import { hostOf, type Repository } from '../image/repository.ts';
import type { Listing } from '../ports/registry.ts';

/** What tags/list of a host tells: unknown until one answer has been seen. */
export type ListingSupport = 'digests' | 'tags' | 'refused' | 'unknown';

/**
 * So many HEADs cost as much as a listing. A request costs 12 ms where a registry allows 5,000 a minute; the listing of
 * an image with ten years of releases has 0.7 MB, which is 70 ms at 10 MB/s, and asks for only one.
 */
const WORTH_A_LISTING = 8;

/**
 * Chooses how repositories are asked, by cost: those that are worth it by a listing, the others by HEAD.
 *
 * What is known beforehand is only what is wanted, one question for each tag or tagless digest. A repository is worth a
 * listing where there are at least `WORTH_A_LISTING` questions, or so many on average for each repository of its host:
 * a run that wants much of a host wants nearly all that is there, so where it wants little there is little, and a short
 * listing costs no more than a HEAD. A run that wants little everywhere, one release, says nothing of how much there is.
 * How many bytes other listings had tells nothing: on one host they have from one entry to thousands.
 *
 * Only a listing that tells digests is worth anything, and that is known by its answer, never by names.
 */
export class ListingStrategy {
  readonly #support = new Map<string, ListingSupport>();
  readonly #pages = new Map<string, number>();
  readonly #failed = new Set<Repository>();
  readonly #first = new Map<string, Promise<unknown>>();
  readonly #hosts: ReadonlyMap<string, Wants>;

  constructor(repositories: readonly WantedRepository[]) {
    this.#hosts = countWants(repositories);
  }

  /** True when a repository of which this is wanted should be listed before anything else. */
  isWorthListing(repository: Repository, list: WantList): boolean {
    const host = hostOf(repository);
    const support = this.#habitOf(host);
    if (support === 'tags' || support === 'refused') return false;
    const { questions, repositories } = this.#hosts.get(host) ?? { questions: 0, repositories: 1 };
    return Math.max(questionsOf(list), questions / repositories) >= WORTH_A_LISTING;
  }

  /**
   * Lists a repository that is worth it. The first one of a host goes alone and the others wait for it, so that a host
   * whose listings are worth nothing is not asked for many; they get undefined where that has turned out.
   */
  async listFirst(
    repository: Repository,
    tryList: () => Promise<Listing | undefined>,
  ): Promise<Listing | undefined> {
    const host = hostOf(repository);
    const first = this.#first.get(host);
    if (first !== undefined) {
      await first;
      const support = this.#habitOf(host);
      return support === 'tags' || support === 'refused' ? undefined : tryList();
    }
    const listing = tryList();
    this.#first.set(
      host,
      listing.catch(() => undefined),
    );
    return listing;
  }

  /** True when so many questions are worth a list of tags, by the pages that the host's longest list has had so far. */
  isWorthTags(repository: Repository, questions: number): boolean {
    return questions > (this.#pages.get(hostOf(repository)) ?? 1);
  }

  /** True when a listing may be used at all. */
  mayList(repository: Repository): boolean {
    return this.#habitOf(hostOf(repository)) !== 'refused' && !this.#failed.has(repository);
  }

  learn(repository: Repository, listing: Listing): void {
    const host = hostOf(repository);
    if (listing.kind === 'missing') return;
    this.#support.set(host, listing.kind);
    if (listing.kind === 'tags')
      this.#pages.set(host, Math.max(listing.requests, this.#pages.get(host) ?? 1));
  }

  /** A refusal is taken for the host's, unless it has given a list before; a 404, and a list that breaks off, are not. */
  learnFailure(repository: Repository, status: number | undefined): void {
    this.#failed.add(repository);
    const isRefusal = status !== undefined && status !== 404;
    if (isRefusal && this.#habitOf(hostOf(repository)) === 'unknown') this.refuse(repository);
  }

  /** From now on the host of the repository is asked for no list. */
  refuse(repository: Repository): void {
    this.#support.set(hostOf(repository), 'refused');
  }

  #habitOf(host: string): ListingSupport {
    return this.#support.get(host) ?? 'unknown';
  }
}

/** What is wanted of a host. */
interface Wants {
  readonly questions: number;
  readonly repositories: number;
}

function countWants(repositories: readonly WantedRepository[]): ReadonlyMap<string, Wants> {
  const hosts = new Map<string, Wants>();
  for (const { repository, list } of repositories) {
    if (list.wants.length === 0) continue;
    const known = hosts.get(hostOf(repository)) ?? { questions: 0, repositories: 0 };
    hosts.set(hostOf(repository), {
      questions: known.questions + questionsOf(list),
      repositories: known.repositories + 1,
    });
  }
  return hosts;
}

/** A tag, or a digest without one, is a question; nobody asks for what is in conflict. */
function questionsOf({ edges, conflicts }: WantList): number {
  return conflicts.reduce((left, { claims }) => left - claims.length, edges);
}
