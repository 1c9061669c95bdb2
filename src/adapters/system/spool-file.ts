import type { FileHandle } from 'node:fs/promises';
import { type ByteStream, streamClosed } from '../../base/byte-stream.ts';
import { messageOf } from '../../base/errors.ts';
import type { Descriptor } from '../../image/descriptor.ts';
import { createDigestHash, finishDigest } from '../../image/digest.ts';
import { SpoolError, type SpooledBlob } from '../../ports/spool.ts';

/** Bytes that a reader takes from the disk at a time. */
const PIECE = 128 * 1024;

/** A file with one writing stream and any number of reading streams. */
export class SpoolFile implements SpooledBlob {
  readonly #blob: Descriptor;
  readonly #handle: FileHandle;
  #source: ByteStream | undefined;
  #filling: Promise<void> = Promise.resolve();
  #written = 0;
  /** Set once nothing more is written. */
  #end: { readonly error: unknown } | undefined;
  /** Readers that wait for the writer. */
  #waiting: (() => void)[] = [];

  constructor(blob: Descriptor, handle: FileHandle) {
    this.#blob = blob;
    this.#handle = handle;
  }

  get size(): number {
    return this.#blob.size;
  }

  /** Bytes written so far. */
  get written(): number {
    return this.#written;
  }

  write(source: ByteStream): Promise<void> {
    this.#source = source;
    const filling = this.#writeAll(source);
    this.#filling = filling.catch(() => {});
    return filling;
  }

  read(): ByteStream {
    const reader: Reader = { end: undefined };
    const destroy = (error = streamClosed()) => {
      reader.end ??= { error };
      this.#wake();
    };
    return { destroy, [Symbol.asyncIterator]: () => this.#readAll(reader) };
  }

  async discard(): Promise<void> {
    this.#finish(new SpoolError('closed', `blob ${this.#blob.digest}: its copy on disk is gone`));
    this.#source?.destroy();
    await this.#filling;
    await this.#handle.close().catch(() => {}); // its content is not needed any more
  }

  async #writeAll(source: ByteStream): Promise<void> {
    try {
      for await (const piece of source) await this.#write(piece);
      this.#finish(undefined);
    } catch (error) {
      this.#finish(error);
      throw error;
    }
  }

  async #write(piece: Uint8Array): Promise<void> {
    try {
      await this.#handle.appendFile(piece);
    } catch (cause) {
      throw asSpoolError(cause);
    }
    this.#written += piece.length;
    this.#wake();
  }

  /** The last piece is passed on once the digest is right. */
  async *#readAll(reader: Reader): AsyncGenerator<Uint8Array> {
    const { size, digest } = this.#blob;
    const hash = createDigestHash(digest);
    const memory = Buffer.allocUnsafeSlow(Math.min(PIECE, size));
    for (let position = 0; position < size; ) {
      await this.#reached(position, reader);
      const piece = await this.#pieceAt(position, memory);
      if (piece.length === 0) throw this.#damaged('it ends too early');
      position += piece.length;
      hash.update(piece);
      if (position === size && finishDigest(hash, digest) !== digest) throw this.#damaged('other bytes');
      yield piece;
    }
  }

  /** Resolves when there are bytes after a position, or no more will come. */
  async #reached(position: number, reader: Reader): Promise<void> {
    const ended = () => reader.end ?? this.#end;
    while (this.#written <= position && ended() === undefined) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
    const error = ended()?.error;
    if (error !== undefined) throw error;
  }

  /** The next bytes from a position on; empty at the end. */
  async #pieceAt(position: number, memory: Buffer): Promise<Uint8Array> {
    try {
      const length = Math.min(memory.length, this.#written - position);
      const { bytesRead } = await this.#handle.read(memory, 0, length, position);
      return memory.subarray(0, bytesRead);
    } catch (cause) {
      throw asSpoolError(cause);
    }
  }

  #damaged(how: string): SpoolError {
    return new SpoolError('damaged', `blob ${this.#blob.digest}: its copy on disk is damaged: ${how}`);
  }

  /** The first end counts. */
  #finish(error: unknown): void {
    this.#end ??= { error };
    this.#wake();
  }

  #wake(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resume of waiting) resume();
  }
}

interface Reader {
  /** Set once it was destroyed. */
  end: { readonly error: Error } | undefined;
}

const FULL = new Set(['ENOSPC', 'EDQUOT', 'EFBIG']);

/** The failure of a file system. */
export function asSpoolError(cause: unknown): SpoolError {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
  return new SpoolError(FULL.has(code) ? 'no-room' : 'broken', `the spool: ${messageOf(cause)}`, { cause });
}
