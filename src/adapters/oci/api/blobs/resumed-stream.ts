import { type ByteStream, streamClosed } from '../../../../base/byte-stream.ts';
import { messageOf } from '../../../../base/errors.ts';
import { RESUMPTION } from '../../../../base/limits-and-retries.ts';
import type { Descriptor } from '../../../../image/descriptor.ts';
import { UNKNOWN_SIZE } from '../../../../image/oci-manifest.ts';
import { RegistryError } from '../../../../ports/registry-error.ts';

export interface Resumption {
  readonly blob: Descriptor;
  /** Opens the blob from this byte on, until `end` aborts. */
  readonly openFrom: (start: number, end: AbortSignal) => Promise<ByteStream>;
  readonly signal: AbortSignal;
}

/**
 * A blob that is resumed after an interruption or an early end; its reader notices nothing. The content is not checked
 * here: the digest detects parts of different blobs. Fails with a `RegistryError`, or with the reason of an aborted signal.
 */
export class ResumedStream implements ByteStream {
  readonly #resumption: Resumption;
  #source: ByteStream;
  #received = 0;
  #breaks = 0;
  /** The position at the last reset of the count. */
  #mark = 0;
  /** Aborts when the stream is destroyed. */
  readonly #end = new AbortController();

  constructor(first: ByteStream, resumption: Resumption) {
    this.#source = first;
    this.#resumption = resumption;
  }

  destroy(error = streamClosed()): void {
    this.#end.abort(error);
    this.#source.destroy(error);
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    const { size } = this.#resumption.blob;
    for (;;) {
      let cause: unknown;
      try {
        for await (const piece of this.#source) {
          this.#received += piece.length;
          yield piece;
        }
        if (size === UNKNOWN_SIZE) return;
        cause = new Error(`it ended after ${this.#received} of ${size} bytes`);
      } catch (error) {
        cause = error;
      }
      if (this.#received === size) return;
      await this.#resume(cause);
    }
  }

  async #resume(cause: unknown): Promise<void> {
    const end = this.#end.signal;
    end.throwIfAborted();
    if (!this.#mayResume(cause)) throw this.#broken(cause);
    try {
      this.#source = await this.#resumption.openFrom(this.#received, end);
    } catch (error) {
      end.throwIfAborted();
      throw this.#broken(error);
    }
  }

  #mayResume(cause: unknown): boolean {
    if (this.#received - this.#mark >= RESUMPTION.progressBytes) {
      this.#breaks = 0;
      this.#mark = this.#received;
    }
    this.#breaks += 1;
    const isFinal = cause instanceof RegistryError && !cause.temporary;
    return !isFinal && this.#breaks < RESUMPTION.breaks;
  }

  /** Not temporary: the source has been resumed as often as is worth it. */
  #broken(cause: unknown): unknown {
    const { blob, signal } = this.#resumption;
    if (cause === signal.reason) return cause;
    const message = `blob ${blob.digest}: the source broke off: ${messageOf(cause)}`;
    return new RegistryError('unreachable', message, { temporary: false, cause });
  }
}
