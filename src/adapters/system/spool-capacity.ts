import type { SpoolFile } from './spool-file.ts';

/** The disk space of a spool: written by its files, and promised to them. */
export class SpoolCapacity {
  readonly #freeBytes: () => Promise<number>;
  readonly #files = new Set<SpoolFile>();
  readonly #leaving = new Set<Promise<void>>();
  /** Bytes promised to files that are being opened. */
  #opening = 0;

  constructor(freeBytes: () => Promise<number>) {
    this.#freeBytes = freeBytes;
  }

  /** Bytes that the empty spool could hold now. Throws the errors of the file system. */
  async capacity(): Promise<number> {
    await this.#untilGone();
    // before reading the free space: bytes written meanwhile must not count twice
    const written = this.#sum((file) => file.written);
    return (await this.#freeBytes()) + written;
  }

  /** Opens a file if there is unpromised room for all of it; else returns the free bytes. */
  async open(
    size: number,
    openFile: () => Promise<SpoolFile>,
  ): Promise<SpoolFile | { readonly free: number }> {
    await this.#untilGone();
    const free = (await this.#freeBytes()) - this.#promised();
    if (free < size) return { free: Math.max(0, free) };
    this.#opening += size;
    try {
      const file = await openFile();
      this.#files.add(file);
      return file;
    } finally {
      this.#opening -= size;
    }
  }

  /** Discards a file; its room is free afterwards. */
  async discard(file: SpoolFile): Promise<void> {
    this.#files.delete(file);
    const gone = file.discard();
    this.#leaving.add(gone);
    await gone;
    this.#leaving.delete(gone);
  }

  #promised(): number {
    return this.#opening + this.#sum((file) => file.size - file.written);
  }

  #sum(bytesOf: (file: SpoolFile) => number): number {
    let sum = 0;
    for (const file of this.#files) sum += bytesOf(file);
    return sum;
  }

  async #untilGone(): Promise<void> {
    await Promise.all(this.#leaving);
  }
}
