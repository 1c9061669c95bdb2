import { Readable } from 'node:stream';
import type { StreamBody } from '../../../../http/request.ts';
import type { BlobBody } from '../../../../ports/registry.ts';
import { RegistryError } from '../../../../ports/registry-error.ts';

/**
 * Cuts a body into slices, in order. The body is opened once; a slice that is sent twice, after a redirect, opens it
 * again.
 */
export class BodySlices {
  readonly #open: () => Promise<BlobBody>;
  #body: OpenBody | undefined;
  /** The position of the next slice. */
  #next: number;

  constructor(open: () => Promise<BlobBody>, start: number) {
    this.#open = open;
    this.#next = start;
  }

  /** The next slice; to be sent before the one after it is taken. */
  next(size: number): StreamBody {
    const start = this.#next;
    this.#next += size;
    let isSpent = false;
    const open = async () => {
      if (isSpent) this.destroy();
      isSpent = true;
      this.#body ??= new OpenBody(await this.#open());
      return Readable.from(this.#body.take(start, size), { objectMode: false });
    };
    return { size, open };
  }

  /** Closes the body, also after a failure. */
  destroy(): void {
    this.#body?.destroy();
    this.#body = undefined;
  }
}

/** A body in sequential reading. */
class OpenBody {
  readonly #body: BlobBody;
  readonly #pieces: AsyncIterator<Uint8Array>;
  #rest: Uint8Array = new Uint8Array();
  #position = 0;

  constructor(body: BlobBody) {
    this.#body = body;
    this.#pieces = piecesOf(body);
  }

  destroy(): void {
    if (this.#body instanceof Readable) this.#body.destroy();
  }

  async *take(start: number, size: number): AsyncGenerator<Uint8Array> {
    while (this.#position < start) await this.#part(start - this.#position);
    const end = start + size;
    while (this.#position < end) yield await this.#part(end - this.#position);
  }

  /** Between one and `most` bytes. */
  async #part(most: number): Promise<Uint8Array> {
    while (this.#rest.length === 0) {
      const next = await this.#pieces.next();
      if (next.done === true) throw tooShort();
      this.#rest = next.value;
    }
    const part = this.#rest.subarray(0, most);
    this.#rest = this.#rest.subarray(part.length);
    this.#position += part.length;
    return part;
  }
}

async function* piecesOf(body: BlobBody): AsyncGenerator<Uint8Array> {
  if (body instanceof Uint8Array) yield body;
  else yield* body as AsyncIterable<Buffer>; // without an encoding
}

function tooShort(): RegistryError {
  return new RegistryError('mismatch', 'a blob ended before its size', { temporary: true });
}
