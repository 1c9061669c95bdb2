import { addTo, getOrMake } from '../base/maps.ts';
import { compareText } from '../base/sorted.ts';
import { type Repository, repositoryOf } from '../image/repository.ts';
import type { PromoterManifest } from '../manifest/model.ts';
import { siblingsIn } from './siblings.ts';
import { makeWantList, type SourcedEntry } from './want-list.ts';
import type { Wanted, WantedRepository, WantList } from './wanted.ts';

/**
 * The desired state, by destination repository. The keys are full repository paths, so nested destinations meet where
 * they mean the same repository. With `siblings: false` no destination replaces a source.
 */
export function expandEdges(
  manifests: readonly PromoterManifest[],
  { siblings = true }: { readonly siblings?: boolean } = {},
): Wanted {
  const entriesOf = collectEntries(manifests, siblings ? siblingsIn : () => () => []);
  const listOf = sharedWantLists();
  const repositories = Array.from(
    entriesOf,
    ([repository, entries]): WantedRepository => ({ repository, list: listOf(entries) }),
  ).toSorted((a, b) => compareText(a.repository, b.repository));
  return { repositories, edges: repositories.reduce((sum, { list }) => sum + list.edges, 0) };
}

function collectEntries(
  manifests: readonly PromoterManifest[],
  findSiblings: (manifest: PromoterManifest) => SourcedEntry['siblingsOf'],
): Map<Repository, SourcedEntry[]> {
  const entriesOf = new Map<Repository, SourcedEntry[]>();
  for (const manifest of manifests) {
    const siblingsOf = findSiblings(manifest);
    for (const entry of manifest.images) {
      if (entry.digests.length === 0) continue;
      const sourced = { source: repositoryOf(manifest.source.name, entry.name), entry, siblingsOf };
      for (const destination of manifest.destinations) {
        addTo(entriesOf, repositoryOf(destination.name, entry.name), sourced);
      }
    }
  }
  return entriesOf;
}

/** Repositories with the same entries share one list: 22 regions cost as much as one. */
function sharedWantLists(): (entries: readonly SourcedEntry[]) => WantList {
  const numbers = new Map<SourcedEntry, number>();
  const lists = new Map<string, WantList>();
  const numberOf = (entry: SourcedEntry) => getOrMake(numbers, entry, () => numbers.size);
  return (entries) => getOrMake(lists, entries.map(numberOf).join(), () => makeWantList(entries));
}
