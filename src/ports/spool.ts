import type { ByteStream } from '../base/byte-stream.ts';
import { CodedError } from '../base/errors.ts';
import type { Descriptor } from '../image/descriptor.ts';

/** Storage outside of the memory for blobs that are read once and sent to several hosts. */
export interface Spool {
  /**
   * The current capacity in bytes, those in use included: its limit, or the room on the disk. Less than the size of a blob
   * that never fits, which is logged. Never throws.
   */
  capacityFor(blob: Descriptor): Promise<number>;

  /** A place for the bytes of a blob whose size is known. Throws `SpoolError`. */
  create(blob: Descriptor): Promise<SpooledBlob>;
}

/** The bytes of one blob in the spool. */
export interface SpooledBlob {
  /**
   * Writes the bytes; to be called once. `source` ends without an error only if it was the blob. Throws the error of
   * `source`, or `SpoolError`.
   */
  write(source: ByteStream): Promise<void>;

  /**
   * Reads all of the bytes, also during `write`, any number of times. They are hashed in passing like those of
   * `ReadRegistry.openBlob`. Ends with the error of `write`, if it fails.
   */
  read(): ByteStream;

  /** Removes the bytes; current readers get a `SpoolError`. Never throws. */
  discard(): Promise<void>;
}

/**
 * The reason why a spool did not keep a blob: neither its source nor a destination has failed.
 *
 * - `no-room` the disk is full, or too small for the blob
 * - `broken`  any other failure of the disk
 * - `damaged` the bytes are not those that were written
 * - `closed`  the bytes have been removed
 */
export class SpoolError extends CodedError<'no-room' | 'broken' | 'damaged' | 'closed'> {}
