import type { Readable } from 'node:stream';
import { CodedError } from '../base/errors.ts';
import type { Descriptor } from '../image/descriptor.ts';

/** Room outside of the memory for blobs that are read once and sent to several hosts. */
export interface Spool {
  /**
   * Bytes that it can hold at a time by now, those that it holds included: what it may, or what the disk has room for.
   * Less than the size of the blob where that will never fit, of which people are told. Never throws.
   */
  capacityFor(blob: Descriptor): Promise<number>;

  /** A place for the bytes of a blob whose size is known. Throws `SpoolError`. */
  create(blob: Descriptor): Promise<SpooledBlob>;
}

/** The bytes of one blob while somebody wants them. */
export interface SpooledBlob {
  /**
   * Takes in the bytes, as fast as they come; to be called once. `source` ends well only when it was the blob. Throws
   * what `source` ends with, or `SpoolError`.
   */
  write(source: Readable): Promise<void>;

  /**
   * All of the bytes from the first on, behind `write` while that is under way; as often as somebody wants them. They
   * are hashed on the way like those of `ReadRegistry.openBlob`. Ends with what `write` ends with.
   */
  read(): Readable;

  /** Forgets the bytes; who still reads them gets a `SpoolError`. Never throws. */
  discard(): Promise<void>;
}

/**
 * Why a spool did not keep a blob. Its source is not to blame, nor is a destination.
 *
 * - `no-room` the disk is full, or too small for the blob
 * - `broken`  any other failure of the disk
 * - `damaged` the bytes are not those that were written
 * - `closed`  the bytes were forgotten meanwhile
 */
export class SpoolError extends CodedError<'no-room' | 'broken' | 'damaged' | 'closed'> {}
