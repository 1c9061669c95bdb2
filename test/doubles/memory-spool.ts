import { Readable } from 'node:stream';
import { readWhole } from '../../src/base/byte-stream.ts';
import type { Descriptor } from '../../src/image/descriptor.ts';
import { type Spool, SpoolError, type SpooledBlob } from '../../src/ports/spool.ts';

/** A spool in memory. Readers wait until a blob is whole. */
export class MemorySpool implements Spool {
  /** Bytes that it can hold at a time; a test may change it, as others change a disk. */
  limit: number;
  /** Blobs taken in so far. */
  created = 0;
  /** Blobs that are kept now. */
  kept = 0;
  /** Bytes of all blobs that were kept at the same time, at most. */
  peak = 0;
  #bytes = 0;
  #isDamaged = false;
  #failures: { readonly at: 'create' | 'write'; readonly error: SpoolError }[] = [];

  constructor(limit = 2 ** 40) {
    this.limit = limit;
  }

  capacityFor(): Promise<number> {
    return Promise.resolve(this.limit);
  }

  /** The next one goes wrong, when it is asked for or when it is written. */
  failOnce(at: 'create' | 'write', error = new SpoolError('no-room', 'the spool: no space left')): void {
    this.#failures.push({ at, error });
  }

  /** Blobs are damaged from now on when they are read back. */
  damage(): void {
    this.#isDamaged = true;
  }

  create({ digest, size }: Descriptor): Promise<SpooledBlob> {
    const failure = this.#takeFailure('create');
    if (failure !== undefined) return Promise.reject(failure);
    this.created += 1;
    this.kept += 1;
    this.#bytes += size;
    this.peak = Math.max(this.peak, this.#bytes);
    let filling: Promise<Uint8Array> = Promise.reject(new Error(`blob ${digest} was never written`));
    filling.catch(() => {});
    let isKept = true;
    return Promise.resolve({
      write: async (source) => {
        const failed = this.#takeFailure('write');
        filling = failed === undefined ? readWhole(source) : Promise.reject(failed);
        if (failed !== undefined) source.destroy();
        await filling;
      },
      read: () => Readable.from(once(this.#isDamaged ? damaged() : filling), { objectMode: false }),
      discard: () => {
        if (isKept) {
          this.kept -= 1;
          this.#bytes -= size;
        }
        isKept = false;
        return Promise.resolve();
      },
    });
  }

  #takeFailure(at: 'create' | 'write'): SpoolError | undefined {
    const index = this.#failures.findIndex((failure) => failure.at === at);
    return index === -1 ? undefined : this.#failures.splice(index, 1)[0]?.error;
  }
}

function damaged(): Promise<never> {
  return Promise.reject(new SpoolError('damaged', 'the spool: other bytes'));
}

async function* once(bytes: Promise<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield await bytes;
}
