import type { Descriptor } from '../../image/descriptor.ts';
import type { Repository } from '../../image/repository.ts';
import type { SpooledBlob } from '../../ports/spool.ts';
import type { ByteBudget } from './byte-budget.ts';

/** The bytes of a blob: an array, or a file of the spool. Undefined if the spool cannot be used. */
export type Reading = Uint8Array | SpooledReading | undefined;

interface SpooledReading {
  readonly file: SpooledBlob;
  /** Settles when the file is complete, or has failed. */
  readonly filled: Promise<void>;
}

/** A blob that several hosts want, and its bytes while they are kept. */
export class SharedBlob {
  readonly blob: Descriptor;
  /** Hosts that may still want it, with the number of their repositories that are getting it. */
  readonly #hosts = new Map<string, number>();
  /** Concurrent attempts to send it. */
  attempts = 0;
  /** Transfers that wait before their next attempt. */
  resting = 0;
  /** True once the spool has failed to store it. */
  isUnspoolable = false;
  #room: ByteBudget | undefined;
  #admission: Promise<boolean> | undefined;
  #reading: Promise<Reading> | undefined;
  /** The source of the reading. */
  #source: Repository | undefined;

  constructor(blob: Descriptor) {
    this.blob = blob;
  }

  expect(host: string): void {
    if (!this.#hosts.has(host)) this.#hosts.set(host, 0);
  }

  arrive(host: string): void {
    this.#hosts.set(host, (this.#hosts.get(host) ?? 0) + 1);
  }

  settle(host: string): void {
    const left = (this.#hosts.get(host) ?? 0) - 1;
    if (left > 0) this.#hosts.set(host, left);
    else this.#hosts.delete(host);
  }

  isWanted(): boolean {
    return this.#hosts.size > 0;
  }

  /** True while its bytes are used, or soon will be. */
  isInUse(): boolean {
    if (this.attempts > 0) return true;
    let arrived = 0;
    for (const count of this.#hosts.values()) arrived += count;
    return arrived > this.resting;
  }

  /** True if sharing is of no use: the spool fails, or the bytes are not kept and at most one host wants them. */
  isForEachAlone(): boolean {
    if (this.isUnspoolable) return true;
    return this.attempts === 0 && this.#reading === undefined && this.#hosts.size < 2;
  }

  isIn(room: ByteBudget): boolean {
    return this.#room === room;
  }

  /** Waits for room; false if the blob is larger than the budget. */
  admit(room: ByteBudget): Promise<boolean> {
    this.#admission ??= room.take(this.blob).then((isAdmitted) => {
      if (isAdmitted) this.#room = room;
      return isAdmitted;
    });
    return this.#admission;
  }

  /**
   * Reads the bytes from a source with `read`, or waits for the read in flight. Throws the error of this source alone:
   * it may have what another one lacks. After a failure the next caller reads again.
   */
  async bytes(
    source: Repository,
    read: () => Promise<Reading>,
  ): Promise<Uint8Array | SpooledBlob | undefined> {
    while (this.#reading !== undefined && this.#source !== source) {
      const got = await this.#reading.catch(() => 'failed' as const);
      if (got !== 'failed') return fileOf(got);
    }
    this.#source = source;
    this.#reading ??= this.#begin(read);
    return fileOf(await this.#reading);
  }

  /** Drops the bytes and gives their room back, the room at once. Called when no attempt is under way. */
  async forget(): Promise<void> {
    const reading = this.#reading;
    const room = this.#room;
    this.#reading = undefined;
    this.#room = undefined;
    this.#admission = undefined;
    room?.give(this.blob);
    await discard(reading);
  }

  #begin(read: () => Promise<Reading>): Promise<Reading> {
    const reading = read();
    const forget = async () => {
      if (this.#reading === reading) this.#reading = undefined;
      await discard(reading);
    };
    reading.then((got) => (isFile(got) ? got.filled.catch(forget) : undefined), forget);
    return reading;
  }
}

async function discard(reading: Promise<Reading> | undefined): Promise<void> {
  const got = await reading?.catch(() => undefined); // the reader reports the error
  if (isFile(got)) await got.file.discard();
}

function fileOf(reading: Reading): Uint8Array | SpooledBlob | undefined {
  return isFile(reading) ? reading.file : reading;
}

function isFile(reading: Reading): reading is SpooledReading {
  return reading !== undefined && !(reading instanceof Uint8Array);
}
