import { addTo, getOrMake } from '../../base/maps.ts';
import { formatPosition, type Position } from '../../base/position.ts';
import { listSome } from '../../base/text.ts';
import { formatReference } from '../../image/reference.ts';
import { type Repository, repositoryOf } from '../../image/repository.ts';
import type { Tag } from '../../image/tag.ts';
import type { ImageEntry, PromoterManifest } from '../../manifest/model.ts';
import type { ManifestRule } from '../rule.ts';

/**
 * Finds tags of a destination that several entries or projects want for the same digest: a correction of one
 * entry leaves the others, and the tag is in conflict. Different digests are a conflict of the plan already.
 */
export const duplicateTag: ManifestRule = {
  name: 'duplicate-tag',
  level: 'warn',
  *check(manifests) {
    const reported = new Set<string>();
    const compared = new Set<string>();
    const numbers = new Map<ImageEntry, number>();
    for (const [repository, entries] of entriesByRepository(manifests)) {
      const group = entries.map((entry) => getOrMake(numbers, entry, () => numbers.size)).join(' ');
      if (entries.length < 2 || compared.has(group)) continue;
      compared.add(group); // the same entries lead to many destinations
      for (const { tag, at } of repeatedTags(entries)) {
        const places = at.map(formatPosition);
        const key = places.join(' ');
        if (reported.has(key)) continue;
        reported.add(key);
        yield {
          message: `${formatReference(repository, tag)} is wanted by ${at.length} entries: ${listSome(places)}`,
          advice: 'keep one of them',
          at: at[1],
          concerns: (item) => item.tag === tag && item.at.some((one) => places.includes(formatPosition(one))),
        };
      }
    }
  },
};

function entriesByRepository(manifests: readonly PromoterManifest[]): Map<Repository, ImageEntry[]> {
  const entries = new Map<Repository, ImageEntry[]>();
  for (const { destinations, images } of manifests) {
    for (const image of images) {
      for (const { name } of destinations) addTo(entries, repositoryOf(name, image.name), image);
    }
  }
  return entries;
}

/** The tags of several entries for the same digest. */
function repeatedTags(entries: readonly ImageEntry[]): readonly Repeated[] {
  const digests = entries.flatMap(({ digests: some }) => some);
  const uses = new Map<string, Repeated & { readonly at: Position[] }>();
  for (const { digest, tags } of digests) {
    for (const { tag, at } of tags) {
      const known = uses.get(`${tag} ${digest}`);
      if (known === undefined) uses.set(`${tag} ${digest}`, { tag, at: [at] });
      else known.at.push(at);
    }
  }
  return Array.from(uses.values()).filter(({ at }) => at.length > 1);
}

interface Repeated {
  readonly tag: Tag;
  readonly at: readonly Position[];
}
