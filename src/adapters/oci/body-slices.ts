import { Readable } from 'node:stream';
import type { BlobBody } from '../../ports/registry.ts';
import { RegistryError } from '../../ports/registry-error.ts';
import type { StreamBody } from './http.ts';

/** Cuts a body into bodies, one after the other: it is opened once, and its end comes out of the last of them. */
export class BodySlices {
  readonly #open: () => Promise<BlobBody>;
  #body: BlobBody | undefined;
  #pieces: AsyncIterator<Uint8Array> | undefined;
  #rest: Uint8Array = new Uint8Array();
  /** Bytes that go nowhere before the first slice. */
  #skipped: number;

  constructor(open: () => Promise<BlobBody>, skipped: number) {
    this.#open = open;
    this.#skipped = skipped;
  }

  /** The next so many bytes; to be sent before the one after it is asked for. */
  next(size: number): StreamBody {
    return {
      size,
      open: async () => {
        this.#body ??= await this.#open();
        this.#pieces ??= piecesOf(this.#body);
        return Readable.from(this.#take(size), { objectMode: false });
      },
    };
  }

  /** To be called at the end, whatever it is. */
  destroy(): void {
    if (this.#body instanceof Readable) this.#body.destroy();
  }

  async *#take(size: number): AsyncGenerator<Uint8Array> {
    await this.#skip();
    for (let missing = size; missing > 0; ) {
      const part = await this.#part(missing);
      missing -= part.length;
      yield part;
    }
  }

  async #skip(): Promise<void> {
    while (this.#skipped > 0) this.#skipped -= (await this.#part(this.#skipped)).length;
  }

  /** At most so many bytes, and at least one. */
  async #part(most: number): Promise<Uint8Array> {
    while (this.#rest.length === 0) {
      const next = await this.#pieces?.next();
      if (next === undefined || next.done === true) throw tooShort();
      this.#rest = next.value;
    }
    const part = this.#rest.subarray(0, most);
    this.#rest = this.#rest.subarray(part.length);
    return part;
  }
}

async function* piecesOf(body: BlobBody): AsyncGenerator<Uint8Array> {
  if (body instanceof Uint8Array) yield body;
  else yield* body as AsyncIterable<Buffer>; // nobody sets an encoding
}

function tooShort(): RegistryError {
  return new RegistryError('mismatch', 'a blob ended before its size', { temporary: true });
}
