import { getOrMake } from '../base/maps.ts';
import { type Digest, digestOf } from '../image/digest.ts';
import { type Shard, shardIndexOf } from './shard.ts';
import type { Wanted, WantList } from './wanted.ts';

/**
 * The part of a promotion that one shard does. Every destination repository is in one shard with all of its tags, so a
 * conflict about a tag is in one shard too. Without a shard it is the whole promotion.
 */
export function takeShard(wanted: Wanted, shard: Shard | undefined): Wanted {
  if (shard === undefined) return wanted;
  const repositories = wanted.repositories.filter(
    ({ repository }) => shardIndexOf(repository, shard.count) === shard.index,
  );
  const edges = repositories.reduce((sum, { list }) => sum + list.edges, 0);
  return { repositories, edges, shard: { ...shard, input: fingerprintOf(wanted) } };
}

/** A digest of the desired state. It does not depend on the files and lines that ask for it. */
export function fingerprintOf({ repositories }: Wanted): Digest {
  const known = new Map<WantList, Digest>(); // many repositories share one list
  const lines = repositories.map(
    ({ repository, list }) => `${repository} ${getOrMake(known, list, () => digestOfList(list))}`,
  );
  return digestOf(Buffer.from(lines.join('\n')));
}

function digestOfList({ wants, conflicts }: WantList): Digest {
  const wanted = wants.map(({ digest, tags, tagless, sources }) => [
    digest,
    tags.map(({ tag }) => tag),
    tagless !== undefined,
    sources,
  ]);
  const contested = conflicts.map(({ tag, claims }) => [
    tag,
    claims.map(({ digest, sources }) => [digest, sources]),
  ]);
  return digestOf(Buffer.from(JSON.stringify([wanted, contested])));
}
