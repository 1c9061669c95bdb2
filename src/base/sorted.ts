/** Order of two texts by UTF-16 code unit: the same on every machine, unlike `localeCompare`. */
export function compareText(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

/** A new array sorted by the text that `keyOf` gives; equal keys keep their order. */
export function sortedBy<T>(items: Iterable<T>, keyOf: (item: T) => string): T[] {
  return Array.from(items)
    .map((item) => ({ item, key: keyOf(item) }))
    .toSorted((a, b) => compareText(a.key, b.key))
    .map(({ item }) => item);
}

/** True for items in the order of the text that `keyOf` gives. */
export function isSorted<T>(items: readonly T[], keyOf: (item: T) => string): boolean {
  return items.every((item, index) => {
    const before = items[index - 1];
    return before === undefined || keyOf(before) <= keyOf(item);
  });
}
