import { lazily } from '../base/iterables.ts';

/** Items for people: of each conflict the first one, whose reason names the others. Expects them sorted by destination. */
export function foldConflicts<Item extends { readonly destination: string | null }>(
  items: Iterable<Item>,
  isConflict: (item: Item) => boolean,
): Iterable<Item> {
  return lazily(function* () {
    let told: string | null = null;
    for (const item of items) {
      const destination = isConflict(item) ? item.destination : null;
      if (destination === null || destination !== told) yield item;
      told = destination;
    }
  });
}
