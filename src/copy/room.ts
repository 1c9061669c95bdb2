/**
 * A number of bytes that are taken and given back: first come, first served. Where there are too few, `evict` may
 * make some of them free; it says whether it did.
 */
export class Room {
  readonly #limit: number;
  readonly #evict: () => boolean;
  #free: number;
  readonly #waiting: { readonly size: number; readonly admit: () => void }[] = [];

  constructor(limit: number, evict: () => boolean) {
    this.#limit = limit;
    this.#free = limit;
    this.#evict = evict;
  }

  /**
   * Waits until there is room; false at once for what there never will be room for. Whoever waits must hold nothing
   * that those who have room need to give it back.
   */
  async take(size: number): Promise<boolean> {
    if (size > this.#limit) return false;
    await new Promise<void>((admit) => {
      this.#waiting.push({ size, admit });
      this.review();
    });
    return true;
  }

  give(size: number): void {
    this.#free += size;
    this.review();
  }

  /** To be called when there may be something to evict. */
  review(): void {
    for (let [first] = this.#waiting; first !== undefined; [first] = this.#waiting) {
      if (first.size <= this.#free) {
        this.#waiting.shift();
        this.#free -= first.size;
        first.admit();
      } else if (!this.#evict()) return;
    }
  }
}
