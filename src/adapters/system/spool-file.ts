import type { FileHandle } from 'node:fs/promises';
import { Readable } from 'node:stream';
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
  #source: Readable | undefined;
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

  write(source: Readable): Promise<void> {
    this.#source = source;
    const filling = this.#writeAll(source);
    this.#filling = filling.catch(() => {});
    return filling;
  }

  read(): Readable {
    return new SpoolReader(this.#blob, (position) => this.#pieceAt(position));
  }

  async discard(): Promise<void> {
    this.#finish(new SpoolError('closed', `blob ${this.#blob.digest}: its copy on disk is gone`));
    this.#source?.destroy();
    await this.#filling;
    await this.#handle.close().catch(() => {}); // its content is not needed any more
  }

  async #writeAll(source: Readable): Promise<void> {
    try {
      for await (const piece of source as AsyncIterable<Buffer>) await this.#write(piece); // without an encoding
      this.#finish(undefined);
    } catch (error) {
      this.#finish(error);
      throw error;
    }
  }

  async #write(piece: Buffer): Promise<void> {
    try {
      await this.#handle.appendFile(piece);
    } catch (cause) {
      throw asSpoolError(cause);
    }
    this.#written += piece.length;
    this.#wake();
  }

  /** The next bytes from a position on, once there are some; empty at the end. */
  async #pieceAt(position: number): Promise<Buffer> {
    while (this.#written <= position && this.#end === undefined) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
    if (this.#end?.error !== undefined) throw this.#end.error;
    const piece = Buffer.allocUnsafeSlow(Math.min(PIECE, this.#written - position));
    try {
      const { bytesRead } = await this.#handle.read(piece, 0, piece.length, position);
      return piece.subarray(0, bytesRead);
    } catch (cause) {
      throw asSpoolError(cause);
    }
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

/** A reader that holds the last piece back until the digest is right. */
class SpoolReader extends Readable {
  readonly #blob: Descriptor;
  readonly #pieceAt: (position: number) => Promise<Buffer>;
  readonly #hash;
  #position = 0;

  constructor(blob: Descriptor, pieceAt: (position: number) => Promise<Buffer>) {
    super({ highWaterMark: PIECE });
    this.#blob = blob;
    this.#pieceAt = pieceAt;
    this.#hash = createDigestHash(blob.digest);
  }

  override _read(): void {
    this.#next().then(
      (piece) => this.push(piece),
      (error: unknown) => this.destroy(error instanceof Error ? error : asSpoolError(error)),
    );
  }

  async #next(): Promise<Buffer | null> {
    if (this.#position === this.#blob.size) return null;
    const piece = await this.#pieceAt(this.#position);
    if (piece.length === 0) throw this.#damaged('it ends too early');
    this.#position += piece.length;
    this.#hash.update(piece);
    if (this.#position < this.#blob.size) return piece;
    if (finishDigest(this.#hash, this.#blob.digest) !== this.#blob.digest) throw this.#damaged('other bytes');
    return piece;
  }

  #damaged(how: string): SpoolError {
    return new SpoolError('damaged', `blob ${this.#blob.digest}: its copy on disk is damaged: ${how}`);
  }
}

const FULL = new Set(['ENOSPC', 'EDQUOT', 'EFBIG']);

/** The failure of a file system. */
export function asSpoolError(cause: unknown): SpoolError {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
  return new SpoolError(FULL.has(code) ? 'no-room' : 'broken', `the spool: ${messageOf(cause)}`, { cause });
}
