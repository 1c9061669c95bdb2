import type { ByteStream } from '../../../../base/byte-stream.ts';
import type { StreamBody } from '../../../../http/request.ts';
import type { BlobBody } from '../../../../ports/registry.ts';
import { RegistryError } from '../../../../ports/registry-error.ts';

/**
 * Cuts a body into slices, in order. The body is opened once. It is opened again for a slice that is sent twice, after a
 * redirect, and after a slice that was ended early.
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
      if (isSpent || this.#body?.isClosed) this.destroy();
      isSpent = true;
      this.#body ??= new OpenBody(await this.#open());
      return this.#body.slice(start, size);
    };
    return { size, open };
  }

  /** Closes the body, also after a failure. */
  destroy(): void {
    this.#body?.destroy();
    this.#body = undefined;
  }
}

/** Bytes of a piece at most: a server has its time for each of them. */
const PIECE = 64 * 1024;

/** A body in sequential reading. */
class OpenBody {
  readonly #body: BlobBody;
  readonly #pieces: AsyncIterator<Uint8Array>;
  /** The rest of the current piece. */
  #rest: Uint8Array = new Uint8Array();
  isClosed = false;
  #position = 0;

  constructor(body: BlobBody) {
    this.#body = body;
    this.#pieces = body instanceof Uint8Array ? once(body) : body[Symbol.asyncIterator]();
  }

  destroy(error?: Error): void {
    this.isClosed = true;
    if (!(this.#body instanceof Uint8Array)) this.#body.destroy(error);
    this.#pieces.return?.().catch(() => {}); // its reader gets the error
  }

  /** The body goes on after its slice, unless the slice is ended early. */
  slice(start: number, size: number): ByteStream {
    const end = start + size;
    return {
      destroy: (error) => {
        if (this.#position < end) this.destroy(error);
      },
      [Symbol.asyncIterator]: () => this.#take(start, end),
    };
  }

  async *#take(start: number, end: number): AsyncGenerator<Uint8Array> {
    while (this.#position < start) await this.#part(start - this.#position);
    while (this.#position < end) yield await this.#part(Math.min(PIECE, end - this.#position));
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

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

function tooShort(): RegistryError {
  return new RegistryError('mismatch', 'a blob ended before its size', { temporary: true });
}
