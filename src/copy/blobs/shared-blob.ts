import type { Descriptor } from '../../image/descriptor.ts';
import type { SpooledBlob } from '../../ports/spool.ts';
import type { ByteBudget } from './byte-budget.ts';

/** What a blob's bytes are read into: an array, or a file of the spool; undefined where that does not work. */
export type Reading = Uint8Array | SpooledReading | undefined;

interface SpooledReading {
  readonly file: SpooledBlob;
  /** Settles when all of it is in the file, or never will be. */
  readonly filled: Promise<void>;
}

/** A blob that is bound for several hosts, and its bytes while they are kept. */
export class SharedBlob {
  readonly blob: Descriptor;
  /** Hosts that may still want it, with the number of their repositories that are getting it right now. */
  readonly #hosts = new Map<string, number>();
  /** Attempts under way to send it. */
  attempts = 0;
  /** Transfers that wait for a while before their next attempt. */
  resting = 0;
  /** True once the spool has failed with it. */
  isUnspoolable = false;
  #room: ByteBudget | undefined;
  #admission: Promise<boolean> | undefined;
  #reading: Promise<Reading> | undefined;

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

  /** True while its bytes are used, or are about to be. */
  isInUse(): boolean {
    if (this.attempts > 0) return true;
    let arrived = 0;
    for (const count of this.#hosts.values()) arrived += count;
    return arrived > this.resting;
  }

  /** True when to share it is of no use: the spool fails, or nobody has its bytes and one host at most wants them. */
  isForEachAlone(): boolean {
    if (this.isUnspoolable) return true;
    return this.attempts === 0 && this.#reading === undefined && this.#hosts.size < 2;
  }

  isIn(room: ByteBudget): boolean {
    return this.#room === room;
  }

  /** Waits for room; false where there never is enough. */
  admit(room: ByteBudget): Promise<boolean> {
    this.#admission ??= room.take(this.blob).then((isAdmitted) => {
      if (isAdmitted) this.#room = room;
      return isAdmitted;
    });
    return this.#admission;
  }

  /** Reads the bytes with `read`, or waits for who does so already. A failure is forgotten: the next one reads again. */
  async bytes(read: () => Promise<Reading>): Promise<Uint8Array | SpooledBlob | undefined> {
    this.#reading ??= this.#begin(read);
    const got = await this.#reading;
    return isFile(got) ? got.file : got;
  }

  /** Gives the bytes and their room up, the room at once. To be called when no attempt is under way. */
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
  const got = await reading?.catch(() => undefined); // whoever asked for it reports it
  if (isFile(got)) await got.file.discard();
}

function isFile(reading: Reading): reading is SpooledReading {
  return reading !== undefined && !(reading instanceof Uint8Array);
}
