import { Readable } from 'node:stream';
import { RESUMPTION } from '../../../../base/limits-and-retries.ts';
import { RegistryError } from '../../../../ports/registry-error.ts';

export interface Resumption {
  /** Bytes of the whole body, if known. */
  readonly size: number | undefined;
  /** Opens the body from this byte on. */
  readonly openFrom: (start: number) => Promise<Readable>;
}

/**
 * A body that is resumed after an interruption or an early end; its reader notices nothing. The content is not checked
 * here: the digest detects parts of different bodies.
 */
export class ResumedStream extends Readable {
  readonly #resumption: Resumption;
  #source: Readable;
  #received = 0;
  #breaks = 0;
  /** The position at the last reset of the count. */
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
