/** A table of values in which each has one index, told apart by a text. */
export class Interner<Value> {
  readonly values: Value[] = [];
  readonly #indices = new Map<string, number>();

  /** The index of the value with this key, which is made when the key is new. */
  indexOf(key: string, make: () => Value): number {
    let index = this.#indices.get(key);
    if (index === undefined) {
      index = this.values.push(make()) - 1;
      this.#indices.set(key, index);
    }
    return index;
  }
}

/** A table of different texts. */
export class TextTable extends Interner<string> {
  add(text: string): number {
    return this.indexOf(text, () => text);
  }
}
