/** A `Map`, or a `WeakMap`. */
interface Store<Key, Value> {
  get(key: Key): Value | undefined;
  set(key: Key, value: Value): unknown;
}

/** The value of a key. A missing value is made and stored first. */
export function getOrMake<Key, Value>(store: Store<Key, Value>, key: Key, make: (key: Key) => Value): Value {
  const known = store.get(key);
  if (known !== undefined) return known;
  const made = make(key);
  store.set(key, made);
  return made;
}

/** Items by key: keys and the items of each in the order of the input. */
export function groupBy<Key, Item>(items: Iterable<Item>, keyOf: (item: Item) => Key): Map<Key, Item[]> {
  const groups = new Map<Key, Item[]>();
  for (const item of items) addTo(groups, keyOf(item), item);
  return groups;
}

/** Appends an item to the array of a key. */
export function addTo<Key, Item>(groups: Map<Key, Item[]>, key: Key, item: Item): void {
  const known = groups.get(key);
  if (known === undefined) groups.set(key, [item]);
  else known.push(item);
}
