import { compareText } from '../base/sorted.ts';
import { type Repository, repositoryOf } from '../image/repository.ts';
import type { PromoterManifest } from '../manifest/model.ts';
import { siblingsIn } from './siblings.ts';
import { makeWantList, type SourcedEntry } from './want-list.ts';
import type { Wanted, WantedRepository, WantList } from './wanted.ts';

/**
 * What the manifests want, by destination repository. The keys are full repository paths, so destinations that are
 * nested in each other meet where they mean the same repository. `siblings: false` lets no destination stand in for a
 * source.
 */
export function expandEdges(
  manifests: readonly PromoterManifest[],
  { siblings = true }: { readonly siblings?: boolean } = {},
): Wanted {
  const entriesOf = collectEntries(manifests, siblings ? siblingsIn : noSiblings);
  const listOf = sharedWantLists();
  const repositories: WantedRepository[] = [];
  for (const [repository, entries] of entriesOf) repositories.push({ repository, list: listOf(entries) });
  repositories.sort((a, b) => compareText(a.repository, b.repository));
  return { repositories, edges: repositories.reduce((sum, { list }) => sum + list.edges, 0) };
}

function noSiblings(): SourcedEntry['siblingsOf'] {
  return () => [];
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
        const repository = repositoryOf(destination.name, entry.name);
        const known = entriesOf.get(repository);
        if (known === undefined) entriesOf.set(repository, [sourced]);
        else known.push(sourced);
      }
    }
  }
  return entriesOf;
}

/** Repositories with the very same entries get the very same list: 22 regions cost as much as one. */
function sharedWantLists(): (entries: readonly SourcedEntry[]) => WantList {
  const numbers = new Map<SourcedEntry, number>();
  const lists = new Map<string, WantList>();
  const numberOf = (entry: SourcedEntry) => {
    const number = numbers.get(entry) ?? numbers.size;
    numbers.set(entry, number);
    return number;
  };
  return (entries) => {
    const key = entries.map(numberOf).join();
    const known = lists.get(key);
    if (known !== undefined) return known;
    const list = makeWantList(entries);
    lists.set(key, list);
    return list;
  };
}
