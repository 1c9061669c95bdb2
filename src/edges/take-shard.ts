import { type Digest, digestOf } from '../image/digest.ts';
import { type Shard, shardIndexOf } from './shard.ts';
import type { Wanted, WantList } from './wanted.ts';

/**
 * What a shard has to do: every destination repository is in one of them, with all of its tags. So a conflict, which is
 * of one tag, is in one shard too. Without a shard it is everything.
 */
export function takeShard(wanted: Wanted, shard: Shard | undefined): Wanted {
  if (shard === undefined) return wanted;
  const repositories = wanted.repositories.filter(
    ({ repository }) => shardIndexOf(repository, shard.count) === shard.index,
  );
  const edges = repositories.reduce((sum, { list }) => sum + list.edges, 0);
  return { repositories, edges, shard: { ...shard, input: fingerprintOf(wanted) } };
}

/** A digest of all that is wanted, whatever files and lines it stands in. */
export function fingerprintOf({ repositories }: Wanted): Digest {
  const known = new Map<WantList, Digest>(); // many repositories share one list
  const lines = repositories.map(({ repository, list }) => {
    const digest = known.get(list) ?? digestOfText(describeList(list));
    known.set(list, digest);
    return `${repository} ${digest}`;
  });
  return digestOfText(lines.join('\n'));
}

function describeList({ wants, conflicts }: WantList): string {
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
  return JSON.stringify([wanted, contested]);
}

function digestOfText(text: string): Digest {
  return digestOf(Buffer.from(text));
}
