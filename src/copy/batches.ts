import type { Digest } from '../image/digest.ts';
import { hostOf, type Repository } from '../image/repository.ts';
import type { Tag } from '../image/tag.ts';
import { isWritable, type Plan, type WritableItem } from '../plan/plan.ts';

/** All that is to be written of one digest into one repository. */
export interface DigestPromotion {
  readonly destination: Repository;
  readonly digest: Digest;
  readonly sources: readonly Repository[];
  readonly siblings: readonly Repository[];
  /** Hosts that the digest is to be copied to and that have no source of it. */
  readonly hosts: ReadonlySet<string>;
  /** True for a repository that did not exist, or was empty, when the plan was made. */
  readonly isNew: boolean;
  /** False where the digest is there already and only tags are to be added. */
  readonly copies: boolean;
  readonly tags: readonly { readonly tag: Tag; readonly item: WritableItem }[];
  readonly tagless: WritableItem | undefined;
}

/** Promotions into one repository that are under way at a time. */
export interface Batch {
  readonly destination: Repository;
  readonly promotions: readonly DigestPromotion[];
}

/** Small, so that destinations of the same digests get them soon after each other. */
const MAX_BATCH = 16;

/**
 * What the plan wants written, in its order, but so that destinations which want the same digests get them one after
 * the other, each host once before any of them twice: what is read once has to be kept for a short time only.
 */
export function collectBatches(plan: Plan): Batch[] {
  const repositories = groupItems(plan);
  const hosts = collectHosts(repositories.values());
  const waves = new Waves();
  const newRepositories = new Set(plan.newRepositories);
  const batches = Array.from(repositories).flatMap(([destination, digests]) => {
    const isNew = newRepositories.has(destination);
    return waves.split(destination, digests.keys()).map(({ rank, members }) => {
      const promotions = members.flatMap((digest) => {
        const bound = hosts.get(digest) ?? NO_HOSTS;
        return makePromotion(digests.get(digest) ?? [], { hosts: bound, isNew });
      });
      return { rank, batch: { destination, promotions } };
    });
  });
  return batches
    .toSorted((a, b) => a.rank.wave - b.rank.wave || a.rank.turn - b.rank.turn)
    .map(({ batch }) => batch);
}

type ItemsByDigest = ReadonlyMap<Digest, readonly WritableItem[]>;

function groupItems(plan: Plan): ReadonlyMap<Repository, ItemsByDigest> {
  const repositories = new Map<Repository, Map<Digest, WritableItem[]>>();
  for (const item of plan.items) {
    if (!isWritable(item)) continue;
    const digests = repositories.get(item.destination) ?? new Map<Digest, WritableItem[]>();
    repositories.set(item.destination, digests);
    const items = digests.get(item.digest);
    if (items === undefined) digests.set(item.digest, [item]);
    else items.push(item);
  }
  return repositories;
}

function collectHosts(repositories: Iterable<ItemsByDigest>): ReadonlyMap<Digest, ReadonlySet<string>> {
  const hosts = new Map<Digest, Set<string>>();
  for (const digests of repositories) {
    for (const [digest, [item]] of digests) {
      if (item?.decision !== 'copy') continue;
      const host = hostOf(item.destination);
      if (item.sources.some((source) => hostOf(source) === host)) continue; // it mounts
      const known = hosts.get(digest);
      if (known === undefined) hosts.set(digest, new Set([host]));
      else known.add(host);
    }
  }
  return hosts;
}

const NO_HOSTS: ReadonlySet<string> = new Set();

interface Rank {
  readonly wave: number;
  /** How many batches of the same wave the host has before this one. */
  readonly turn: number;
}

/** Divides digests into waves, the same for every repository: the first one to want a digest decides. */
class Waves {
  readonly #waves = new Map<Digest, number>();
  readonly #turns = new Map<string, number>();
  #count = 0;

  split(
    destination: Repository,
    digests: Iterable<Digest>,
  ): { readonly rank: Rank; readonly members: readonly Digest[] }[] {
    const wanted = Array.from(digests);
    this.#assign(wanted.filter((digest) => !this.#waves.has(digest)));
    const byWave = new Map<number, Digest[]>();
    for (const digest of wanted) {
      const wave = this.#waves.get(digest) ?? 0;
      const members = byWave.get(wave);
      if (members === undefined) byWave.set(wave, [digest]);
      else members.push(digest);
    }
    return Array.from(byWave, ([wave, members]) => ({ rank: this.#rank(destination, wave), members }));
  }

  #assign(fresh: readonly Digest[]): void {
    fresh.forEach((digest, index) => {
      if (index % MAX_BATCH === 0) this.#count += 1;
      this.#waves.set(digest, this.#count);
    });
  }

  #rank(destination: Repository, wave: number): Rank {
    const key = `${wave} ${hostOf(destination)}`;
    const turn = this.#turns.get(key) ?? 0;
    this.#turns.set(key, turn + 1);
    return { wave, turn };
  }
}

function makePromotion(
  items: readonly WritableItem[],
  { hosts, isNew }: Pick<DigestPromotion, 'hosts' | 'isNew'>,
): DigestPromotion[] {
  const [first] = items;
  if (first === undefined) return [];
  return [
    {
      destination: first.destination,
      digest: first.digest,
      sources: first.sources,
      siblings: first.siblings,
      hosts,
      isNew,
      copies: first.decision === 'copy',
      tags: items.flatMap((item) => (item.tag === undefined ? [] : [{ tag: item.tag, item }])),
      tagless: items.find((item) => item.tag === undefined),
    },
  ];
}
