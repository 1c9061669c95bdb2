/** Items of which the one with the least key comes out first; of equal keys, any. */
export class MinHeap<T> {
  readonly #keyOf: (item: T) => string;
  readonly #items: T[] = [];

  constructor(keyOf: (item: T) => string) {
    this.#keyOf = keyOf;
  }

  get size(): number {
    return this.#items.length;
  }

  /** The least key, or undefined where there is no item. */
  leastKey(): string | undefined {
    const [first] = this.#items;
    return first === undefined ? undefined : this.#keyOf(first);
  }

  push(item: T): void {
    const items = this.#items;
    const key = this.#keyOf(item);
    let at = items.length;
    while (at > 0) {
      const parent = items[(at - 1) >> 1];
      if (parent === undefined || this.#keyOf(parent) <= key) break;
      items[at] = parent;
      at = (at - 1) >> 1;
    }
    items[at] = item;
  }

  /** Takes the item with the least key out. */
  pop(): T | undefined {
    const items = this.#items;
    const [least] = items;
    const last = items.pop();
    if (last !== undefined && items.length > 0) this.#sink(last);
    return least;
  }

  /** Puts an item where it belongs, from the top on. */
  #sink(item: T): void {
    const items = this.#items;
    const key = this.#keyOf(item);
    for (let at = 0; ; ) {
      const left = 2 * at + 1;
      const next = this.#isLess(left + 1, left) ? left + 1 : left;
      const child = items[next];
      if (child === undefined || this.#keyOf(child) >= key) {
        items[at] = item;
        return;
      }
      items[at] = child;
      at = next;
    }
  }

  #isLess(one: number, other: number): boolean {
    const [a, b] = [this.#items[one], this.#items[other]];
    return a !== undefined && b !== undefined && this.#keyOf(a) < this.#keyOf(b);
  }
}
