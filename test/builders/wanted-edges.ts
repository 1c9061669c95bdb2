import type { Wanted } from '../../src/edges/wanted.ts';

/** Edges as `repository:tag = digit` or `repository = digit`, those in conflict with a `!`, sorted. */
export function edgesOfWanted({ repositories }: Wanted): readonly string[] {
  return repositories
    .flatMap(({ repository, list }) => [
      ...list.wants.flatMap(({ digest, tags, tagless }) => [
        ...tags.map(({ tag }) => `${repository}:${tag} = ${digit(digest)}`),
        ...(tagless === undefined ? [] : [`${repository} = ${digit(digest)}`]),
      ]),
      ...list.conflicts.flatMap(({ tag, claims }) =>
        claims.map(({ digest }) => `${repository}:${tag} = ${digit(digest)} !`),
      ),
    ])
    .toSorted();
}

function digit(digest: string): string {
  return digest.slice(7, 8);
}
