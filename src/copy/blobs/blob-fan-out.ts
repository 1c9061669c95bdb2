import type { Descriptor } from '../../image/descriptor.ts';
import { UNKNOWN_SIZE } from '../../image/oci-manifest.ts';
import type { Repository } from '../../image/repository.ts';
import type { BlobBody, ReadRegistry } from '../../ports/registry.ts';
import { type Spool, SpoolError, type SpooledBlob } from '../../ports/spool.ts';
import { ByteBudget } from './byte-budget.ts';
import { SharedBlob } from './shared-blob.ts';

/** Bytes up to which a blob is kept in memory; `openBlob` gives such a one at once. */
const SMALL = 512 * 1024;
/** Bytes that small blobs may take in memory, all together. */
const MEMORY = 32 * 1024 * 1024;

/** A blob's bytes for one attempt to send it. */
export interface Share {
  /** The bytes from the first on; from that source where they have to be read, which is once for all who share them. */
  open(source: Repository, signal: AbortSignal): Promise<BlobBody>;
  /** To be called once, whatever became of the attempt. */
  leave(): void;
}

/**
 * The bytes of blobs for all the hosts that want them: read from the source once, and kept until the last of these
 * hosts has them, small blobs in memory and large ones in the spool. Each host reads at its own pace.
 *
 * Where there is no room, what nobody uses right now goes, and is read again if it is still wanted; else a blob waits
 * until there is some. What is bound for one host only goes straight there.
 */
export class BlobFanOut {
  readonly #source: ReadRegistry;
  readonly #spool: Spool;
  readonly #shared = new Map<string, SharedBlob>();
  readonly #memory: ByteBudget;
  readonly #disk: ByteBudget;

  constructor({ source, spool }: { readonly source: ReadRegistry; readonly spool: Spool }) {
    this.#source = source;
    this.#spool = spool;
    this.#memory = new ByteBudget({
      measure: () => Promise.resolve(MEMORY),
      evict: () => this.#evict(this.#memory),
    });
    this.#disk = new ByteBudget({
      measure: (blob) => spool.capacityFor(blob),
      evict: () => this.#evict(this.#disk),
    });
  }

  /**
   * Says that a repository of a host is about to get a blob, and that other hosts may want it. The host has to `settle`
   * it as often; the bytes are kept for the others until they have come and settled it, or their room is needed.
   */
  arrive(blob: Descriptor, host: string, others: Iterable<string>): void {
    if (blob.size === UNKNOWN_SIZE) return;
    const shared = this.#shared.get(keyOf(blob)) ?? new SharedBlob(blob);
    this.#shared.set(keyOf(blob), shared);
    for (const other of others) shared.expect(other);
    shared.arrive(host);
  }

  /** The repository has the blob, or will not get it. */
  settle(blob: Descriptor, host: string): void {
    const shared = this.#shared.get(keyOf(blob));
    shared?.settle(host);
    if (shared !== undefined) this.#release(shared);
  }

  /** To be called before an attempt, and without holding anything that other attempts need: it may have to wait. */
  async join(blob: Descriptor): Promise<Share> {
    const shared = this.#shared.get(keyOf(blob));
    if (shared === undefined || shared.isForEachAlone()) return this.#direct(blob);
    shared.attempts += 1;
    const room = blob.size <= SMALL ? this.#memory : this.#disk;
    const isAdmitted = await shared.admit(room);
    const direct = this.#direct(blob);
    return {
      open: (source, signal) =>
        isAdmitted ? this.#open(shared, source, signal) : direct.open(source, signal),
      leave: () => {
        shared.attempts -= 1;
        this.#release(shared);
      },
    };
  }

  /** The spool has failed with the blob: a disk that is full, or damaged, will do so again. Each host reads for itself. */
  distrustSpool(blob: Descriptor): void {
    const shared = this.#shared.get(keyOf(blob));
    if (shared !== undefined) shared.isUnspoolable = true;
  }

  /** Runs what one waits for between two attempts: for so long others may have the room of the blob. */
  async rest(blob: Descriptor, wait: () => Promise<void>): Promise<void> {
    const shared = this.#shared.get(keyOf(blob));
    if (shared === undefined) return wait();
    shared.resting += 1;
    this.#review();
    try {
      await wait();
    } finally {
      shared.resting -= 1;
    }
  }

  /** Forgets everything; resolves when nothing of it is left on the disk. */
  async close(): Promise<void> {
    const all = Array.from(this.#shared.values());
    this.#shared.clear();
    await Promise.all(all.map((shared) => shared.forget()));
  }

  #direct(blob: Descriptor): Share {
    return {
      open: (source, signal) => this.#source.openBlob(source, blob, signal),
      leave: () => {},
    };
  }

  async #open(shared: SharedBlob, source: Repository, signal: AbortSignal): Promise<BlobBody> {
    const { blob } = shared;
    let unkept: BlobBody | undefined;
    const bytes = await shared.bytes(async () => {
      // a stream that has come waits for nobody, so there is a place for it before
      const file = blob.size > SMALL ? await this.#createFile(blob) : undefined;
      const body = await this.#source.openBlob(source, blob, signal).catch(discarding(file));
      if (body instanceof Uint8Array) {
        await file?.discard();
        return body;
      }
      if (file !== undefined) return { file, filled: file.write(body) };
      unkept = body; // of use to this one at least
      return undefined;
    });
    if (bytes === undefined) return unkept ?? this.#source.openBlob(source, blob, signal);
    return bytes instanceof Uint8Array ? bytes : bytes.read();
  }

  /** Undefined where the spool cannot be used: then every host reads for itself. */
  async #createFile(blob: Descriptor): Promise<SpooledBlob | undefined> {
    try {
      return await this.#spool.create(blob);
    } catch (error) {
      if (error instanceof SpoolError) return undefined;
      throw error;
    }
  }

  #release(shared: SharedBlob): void {
    if (shared.attempts > 0) return;
    if (!shared.isWanted()) {
      this.#shared.delete(keyOf(shared.blob));
      void shared.forget();
    } else {
      this.#review();
    }
  }

  /** What is not in use any more may go, if others need its room. */
  #review(): void {
    this.#memory.review();
    this.#disk.review();
  }

  /** The oldest first: what came long ago has waited longest for hosts that may never come. */
  #evict(room: ByteBudget): boolean {
    for (const shared of this.#shared.values()) {
      if (!shared.isIn(room) || shared.isInUse()) continue;
      void shared.forget();
      return true;
    }
    return false;
  }
}

/** A manifest that is wrong about the size of a blob is no reason for others to go without it. */
function keyOf({ digest, size }: Descriptor): string {
  return `${digest} ${size}`;
}

function discarding(file: SpooledBlob | undefined): (error: unknown) => Promise<never> {
  return async (error) => {
    await file?.discard();
    throw error;
  };
}
