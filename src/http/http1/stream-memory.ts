/** Bytes of each half. It grows if more comes at once. */
const SIZE = 256 * 1024;

/**
 * The memory of a streamed body: one half is read while the other is filled. To allocate memory for each piece would cost
 * more CPU time than to move the piece from one socket to the other.
 */
export class StreamMemory {
  #filling: Buffer = EMPTY;
  #reading: Buffer = EMPTY;
  #filled = 0;

  get isEmpty(): boolean {
    return this.#filled === 0;
  }

  /** Appends a copy of the bytes. */
  add(bytes: Uint8Array): void {
    const size = this.#filled + bytes.length;
    if (size > this.#filling.length) this.#grow(size);
    this.#filling.set(bytes, this.#filled);
    this.#filled = size;
  }

  /** Returns all bytes that were added since the last call. Those of the last call may be overwritten from now on. */
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
