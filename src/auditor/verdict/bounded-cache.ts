/**
 * Values that are made once and remembered, up to a number of them: the oldest one is forgotten first. Concurrent calls
 * for one key share the work. A value of undefined is not remembered, and neither is a failure.
 */
export class BoundedCache<Key, Value> {
  readonly #limit: number;
  readonly #values = new Map<Key, Value>();
  readonly #making = new Map<Key, Promise<Value | undefined>>();

  constructor(limit: number) {
    this.#limit = limit;
  }

  get size(): number {
    return this.#values.size;
  }

  /** A value that has been made. */
  known(key: Key): Value | undefined {
    return this.#values.get(key);
  }

  async get(key: Key, make: () => Promise<Value | undefined>): Promise<Value | undefined> {
    const known = this.#values.get(key);
    if (known !== undefined) return known;
    const making = this.#making.get(key) ?? this.#make(key, make);
    return await making;
  }

  async #make(key: Key, make: () => Promise<Value | undefined>): Promise<Value | undefined> {
    const promise = make();
    this.#making.set(key, promise);
    try {
      const value = await promise;
      if (value !== undefined) this.#remember(key, value);
      return value;
    } finally {
      this.#making.delete(key);
    }
  }

  #remember(key: Key, value: Value): void {
    this.#values.set(key, value);
    if (this.#values.size <= this.#limit) return;
    for (const oldest of this.#values.keys()) {
      this.#values.delete(oldest);
      return;
    }
  }
}
