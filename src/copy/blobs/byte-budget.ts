import type { Descriptor } from '../../image/descriptor.ts';

interface RoomParts {
  /** Bytes that there are by now, those that are taken included. */
  readonly measure: (blob: Descriptor) => Promise<number>;
  /** Makes some of what is taken free, where it can; says whether it did. */
  readonly evict: () => boolean;
}

interface Waiting {
  readonly size: number;
  readonly answer: (isAdmitted: boolean) => void;
}

/**
 * A number of bytes that blobs take and give back: first come, first served. It is measured anew for each blob; what
 * has been promised to others counts as taken, whether or not they have come.
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
   * Waits until there is room; false for what is larger than all of it. Whoever waits must hold nothing that those who
   * have room need to give it back.
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

  /** To be called when there may be something to evict. */
  review(): void {
    if (this.#isReviewing) return; // what is evicted gives its room back at once: that is seen below
    this.#isReviewing = true;
    for (let [first] = this.#waiting; first !== undefined; [first] = this.#waiting) {
      if (!this.#answer(first) && !this.#parts.evict()) break;
    }
    this.#isReviewing = false;
  }

  /** False where the first that waits has to wait on. */
  #answer(first: Waiting): boolean {
    const isTooLarge = first.size > this.#size; // there may be less than there was when it came
    const fits = first.size <= this.#size - this.#taken;
    if (!isTooLarge && !fits) return false;
    this.#waiting.shift();
    if (fits) this.#taken += first.size;
    first.answer(fits);
    return true;
  }
}
