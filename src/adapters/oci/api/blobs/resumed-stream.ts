import { Readable } from 'node:stream';
import { RESUMPTION } from '../../../../base/limits-and-retries.ts';
import { RegistryError } from '../../../../ports/registry-error.ts';

export interface Resumption {
  /** Bytes of the whole; undefined where nobody knows. */
  readonly size: number | undefined;
  /** The same body from this byte on. */
  readonly openFrom: (start: number) => Promise<Readable>;
}

/**
 * A body that goes on where it broke off, so that whoever reads it notices nothing. One that ends too early has broken
 * off as well. It is not checked here: parts of different bodies make a whole that its digest gives away.
 */
export function resumedStream(first: Readable, resumption: Resumption): Readable {
  return new ResumedStream(first, resumption);
}

class ResumedStream extends Readable {
  readonly #resumption: Resumption;
  #source: Readable;
  #received = 0;
  #breaks = 0;
  /** Where it had come to when breaks were last forgiven. */
  #mark = 0;

  constructor(first: Readable, resumption: Resumption) {
    super();
    this.#resumption = resumption;
    this.#source = this.#attach(first);
  }

  override _read(): void {
    this.#source.resume();
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#source.destroy();
    done(error);
  }

  #attach(source: Readable): Readable {
    source.on('data', (piece: Buffer) => {
      this.#received += piece.length;
      if (!this.push(piece)) source.pause();
    });
    source.once('error', (cause) => void this.#resume(cause));
    source.once('end', () => this.#end());
    return source;
  }

  #end(): void {
    const { size } = this.#resumption;
    if (size === undefined || this.#received >= size) this.push(null);
    else void this.#resume(new Error(`it ended after ${this.#received} of ${size} bytes`));
  }

  async #resume(cause: Error): Promise<void> {
    if (this.destroyed) return;
    if (this.#received - this.#mark >= RESUMPTION.progressBytes) {
      this.#breaks = 0;
      this.#mark = this.#received;
    }
    this.#breaks += 1;
    const isFinal = cause instanceof RegistryError && !cause.temporary;
    if (isFinal || this.#breaks >= RESUMPTION.breaks) {
      this.destroy(cause);
      return;
    }
    try {
      const next = await this.#resumption.openFrom(this.#received);
      if (this.destroyed) next.destroy();
      else this.#source = this.#attach(next);
    } catch (error) {
      this.destroy(error instanceof Error ? error : cause);
    }
  }
}
