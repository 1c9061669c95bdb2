/** Bytes of a piece, at most, unless more comes at once. */
const SIZE = 256 * 1024;

/**
 * The memory of a streamed body: one half is read while the other is filled. Memory for each piece would cost more than
 * its way from one socket to the other.
 */
export class StreamMemory {
  #filling: Buffer = EMPTY;
  #reading: Buffer = EMPTY;
  #filled = 0;

  get isEmpty(): boolean {
    return this.#filled === 0;
  }

  /** Copies bytes behind those that wait. */
  add(bytes: Uint8Array): void {
    const size = this.#filled + bytes.length;
    if (size > this.#filling.length) this.#grow(size);
    this.#filling.set(bytes, this.#filled);
    this.#filled = size;
  }

  /** The bytes that wait, and those of the call before are given up. */
  take(): Buffer {
    const bytes = this.#filling.subarray(0, this.#filled);
    [this.#filling, this.#reading] = [this.#reading, this.#filling];
    this.#filled = 0;
    return bytes;
  }

  #grow(size: number): void {
    const larger = Buffer.allocUnsafeSlow(Math.max(size, SIZE));
    larger.set(this.#filling.subarray(0, this.#filled));
    this.#filling = larger;
  }
}

const EMPTY = Buffer.alloc(0);
