import type { Descriptor } from '../../image/descriptor.ts';

interface RoomParts {
  /** The size of the budget in bytes, taken bytes included. */
  readonly measure: (blob: Descriptor) => Promise<number>;
  /** Frees some taken bytes if possible. True if it did. */
  readonly evict: () => boolean;
}

interface Waiting {
  readonly size: number;
  readonly answer: (isAdmitted: boolean) => void;
}

/**
 * Bytes that blobs take and give back: first come, first served. The size is measured for each blob. Bytes that were
 * granted count as taken before they are written.
 */
export class ByteBudget {
  readonly #parts: RoomParts;
  #size = 0;
  #taken = 0;
  readonly #waiting: Waiting[] = [];
  #isReviewing = false;

  constructor(parts: RoomParts) {
    this.#parts = parts;
  }

  /**
   * Waits for room; false for a blob that is larger than the budget. A caller that waits must hold nothing that others
   * need to give their bytes back.
   */
  async take(blob: Descriptor): Promise<boolean> {
    const { size } = blob;
    this.#size = await this.#parts.measure(blob);
    if (size > this.#size) return false;
    return new Promise((answer) => {
      this.#waiting.push({ size, answer });
      this.review();
    });
  }

  give({ size }: Descriptor): void {
    this.#taken -= size;
    this.review();
  }

  /** Called when there may be bytes to evict. */
  review(): void {
    if (this.#isReviewing) return; // an eviction calls `give` at once; the loop below sees it
    this.#isReviewing = true;
    for (let [first] = this.#waiting; first !== undefined; [first] = this.#waiting) {
      if (!this.#answer(first) && !this.#parts.evict()) break;
    }
    this.#isReviewing = false;
  }

  /** False if the first blob has to wait longer. */
  #answer(first: Waiting): boolean {
    const isTooLarge = first.size > this.#size; // the budget may have shrunk since it came
    const fits = first.size <= this.#size - this.#taken;
    if (!isTooLarge && !fits) return false;
    this.#waiting.shift();
    if (fits) this.#taken += first.size;
    first.answer(fits);
    return true;
  }
}
