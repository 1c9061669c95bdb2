import { addTo, getOrMake, groupBy } from '../base/maps.ts';
import type { Digest } from '../image/digest.ts';
import { hostOf, type Repository } from '../image/repository.ts';
import type { Tag } from '../image/tag.ts';
import { isWritable, type Plan, type WritableItem } from '../plan/plan.ts';

/** One digest to write into one repository, with its tags. */
export interface DigestPromotion {
  readonly destination: Repository;
  readonly digest: Digest;
  readonly sources: readonly Repository[];
  readonly siblings: readonly Repository[];
  /** Hosts that the digest is to be copied to and that have no source of it. */
  readonly hosts: ReadonlySet<string>;
  /** True for a repository that did not exist, or was empty, when the plan was made. */
  readonly isNew: boolean;
  /** False where the destination has the digest, and only tags are to be added. */
  readonly copies: boolean;
  readonly tags: readonly { readonly tag: Tag; readonly item: WritableItem }[];
  readonly tagless: WritableItem | undefined;
}

/** Promotions into one repository that run at the same time. */
export interface Batch {
  readonly destination: Repository;
  readonly promotions: readonly DigestPromotion[];
}

/** Small, so that destinations of the same digests get them soon after each other. */
const MAX_BATCH = 16;

/**
 * The edges to write, in the order of the plan, grouped so that destinations of the same digests follow each other:
 * each host once before any of them twice. A blob that was read once must then be kept for a short time only.
 */
export function collectBatches(plan: Plan): Batch[] {
  const repositories = groupItems(plan);
  const hosts = collectHosts(repositories.values());
  const waves = assignWaves(repositories.values());
  const newRepositories = new Set(plan.newRepositories);
  const turns = new Map<string, number>();
  const batches = Array.from(repositories).flatMap(([destination, digests]) => {
    const isNew = newRepositories.has(destination);
    return Array.from(
      groupBy(digests, ([digest]) => waves.get(digest) ?? 0),
      ([wave, members]) => {
        const key = `${wave} ${hostOf(destination)}`;
        const turn = turns.get(key) ?? 0; // batches of the same wave that the host has before this one
        turns.set(key, turn + 1);
        const promotions = members.flatMap(([digest, items]) =>
          makePromotion(items, { hosts: hosts.get(digest) ?? NO_HOSTS, isNew }),
        );
        return { wave, turn, batch: { destination, promotions } };
      },
    );
  });
  return batches.toSorted((a, b) => a.wave - b.wave || a.turn - b.turn).map(({ batch }) => batch);
}

type ItemsByDigest = ReadonlyMap<Digest, readonly WritableItem[]>;

function groupItems(plan: Plan): ReadonlyMap<Repository, ItemsByDigest> {
  const repositories = new Map<Repository, Map<Digest, WritableItem[]>>();
  for (const item of plan.items) {
    if (!isWritable(item)) continue;
    addTo(
      getOrMake(repositories, item.destination, () => new Map<Digest, WritableItem[]>()),
      item.digest,
      item,
    );
  }
  return repositories;
}

function collectHosts(repositories: Iterable<ItemsByDigest>): ReadonlyMap<Digest, ReadonlySet<string>> {
  const hosts = new Map<Digest, Set<string>>();
  for (const digests of repositories) {
    for (const [digest, [item]] of digests) {
      if (item?.decision !== 'copy') continue;
      const host = hostOf(item.destination);
      if (item.sources.some((source) => hostOf(source) === host)) continue; // its blobs are mounted
      getOrMake(hosts, digest, () => new Set<string>()).add(host);
    }
  }
  return hosts;
}

const NO_HOSTS: ReadonlySet<string> = new Set();

/** Divides digests into waves, the same for every repository: the first one to want a digest decides. */
function assignWaves(repositories: Iterable<ItemsByDigest>): ReadonlyMap<Digest, number> {
  const waves = new Map<Digest, number>();
  let count = 0;
  for (const digests of repositories) {
    const fresh = Array.from(digests.keys()).filter((digest) => !waves.has(digest));
    fresh.forEach((digest, index) => {
      if (index % MAX_BATCH === 0) count += 1;
      waves.set(digest, count);
    });
  }
  return waves;
}

function makePromotion(
  items: readonly WritableItem[],
  { hosts, isNew }: Pick<DigestPromotion, 'hosts' | 'isNew'>,
): DigestPromotion[] {
  const [first] = items;
  if (first === undefined) return [];
  const { destination, digest, sources, siblings } = first;
  return [
    {
      destination,
      digest,
      sources,
      siblings,
      hosts,
      isNew,
      copies: first.decision === 'copy',
      tags: items.flatMap((item) => (item.tag === undefined ? [] : [{ tag: item.tag, item }])),
      tagless: items.find((item) => item.tag === undefined),
    },
  ];
}
