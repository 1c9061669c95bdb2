/**
 * Remembers the promise of each key, so that work asked for many times is done once.
 *
 * A rejected promise is forgotten: all its waiters get the rejection, and the next call tries again.
 */
export class SingleFlight<Key, Value> {
  readonly #promises = new Map<Key, Promise<Value>>();

  run(key: Key, work: () => Promise<Value>): Promise<Value> {
    const known = this.#promises.get(key);
    if (known !== undefined) return known;
    const promise = work();
    this.#promises.set(key, promise);
    promise.catch(() => {
      if (this.#promises.get(key) === promise) this.#promises.delete(key);
    });
    return promise;
  }

  /** The same, but where work that somebody else began fails, `work` is done after it: it may know another way. */
  async runAfter(key: Key, work: () => Promise<Value>): Promise<Value> {
    const other = this.#promises.get(key);
    return other === undefined ? this.run(key, work) : other.catch(() => this.run(key, work));
  }

  /** The result or promise of a key. */
  get(key: Key): Promise<Value> | undefined {
    return this.#promises.get(key);
  }

  forget(key: Key): void {
    this.#promises.delete(key);
  }
}
