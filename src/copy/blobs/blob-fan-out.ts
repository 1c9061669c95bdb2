import { getOrMake } from '../../base/maps.ts';
import type { Descriptor } from '../../image/descriptor.ts';
import { digestOf } from '../../image/digest.ts';
import { UNKNOWN_SIZE } from '../../image/oci-manifest.ts';
import type { Repository } from '../../image/repository.ts';
import type { BlobBody, ReadRegistry } from '../../ports/registry.ts';
import { type Spool, SpoolError, type SpooledBlob } from '../../ports/spool.ts';
import { ByteBudget } from './byte-budget.ts';
import { SharedBlob } from './shared-blob.ts';

/** Bytes up to which a blob is kept in memory. `openBlob` returns such a blob as an array. */
const SMALL = 512 * 1024;
/** Bytes of memory for all small blobs together. */
const MEMORY = 32 * 1024 * 1024;

/** A blob's bytes for one attempt to send it. */
export interface Share {
  /** All bytes of the blob, read from `source` unless another attempt has read them. */
  open(source: Repository, signal: AbortSignal): Promise<BlobBody>;
  /** Called once, after success or failure. */
  leave(): void;
}

/**
 * Reads each blob from the source once for all hosts that want it. The bytes are kept until the last of these hosts has
 * them, small blobs in memory and large ones in the spool. Each host reads at its own pace.
 *
 * Without room, bytes that no host is using are dropped and read again if they are still wanted; else a blob waits.
 * A blob for a single host is streamed to it.
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
   * Announces that a repository of a host is about to get a blob, and that other hosts may want it. Each call is
   * followed by one of `settle`. The bytes are kept until all hosts have settled it, or their room is needed.
   */
  arrive(blob: Descriptor, host: string, others: Iterable<string>): void {
    if (blob.size === UNKNOWN_SIZE) return;
    const shared = getOrMake(this.#shared, keyOf(blob), () => new SharedBlob(blob));
    for (const other of others) shared.expect(other);
    shared.arrive(host);
  }

  /** The repository has the blob, or will not get it. */
  settle(blob: Descriptor, host: string): void {
    const shared = this.#shared.get(keyOf(blob));
    shared?.settle(host);
    if (shared !== undefined) this.#release(shared);
  }

  /** Called before an attempt. It may wait, so the caller must hold nothing that other attempts need. */
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

  /** The spool has failed to store the blob, and would fail again: each host reads for itself. */
  distrustSpool(blob: Descriptor): void {
    const shared = this.#shared.get(keyOf(blob));
    if (shared !== undefined) shared.isUnspoolable = true;
  }

  /** Runs the wait between two attempts. Others may take the room of the blob meanwhile. */
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

  /** Drops all bytes. Resolves when no file is left. */
  async close(): Promise<void> {
    const all = Array.from(this.#shared.values());
    this.#shared.clear();
    await Promise.all(all.map((shared) => shared.forget()));
  }

  #direct(blob: Descriptor): Share {
    return {
      open: (source, signal) => this.#read(source, blob, signal),
      leave: () => {},
    };
  }

  async #open(shared: SharedBlob, source: Repository, signal: AbortSignal): Promise<BlobBody> {
    const { blob } = shared;
    let unkept: BlobBody | undefined;
    const bytes = await shared.bytes(source, async () => {
      // the file comes first, because an open stream cannot wait for it
      const file = blob.size > SMALL ? await this.#createFile(blob) : undefined;
      const body = await this.#read(source, blob, signal).catch(discarding(file));
      if (body instanceof Uint8Array) {
        await file?.discard();
        return body;
      }
      if (file !== undefined) return { file, filled: file.write(body) };
      unkept = body; // this attempt can still use it
      return undefined;
    });
    if (bytes === undefined) return unkept ?? this.#read(source, blob, signal);
    return bytes instanceof Uint8Array ? bytes : bytes.read();
  }

  #read(source: Repository, blob: Descriptor, signal: AbortSignal): Promise<BlobBody> {
    return blob.digest === EMPTY_JSON ? Promise.resolve(EMPTY) : this.#source.openBlob(source, blob, signal);
  }

  /** Undefined if the spool cannot be used: then each host reads for itself. */
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

  #review(): void {
    this.#memory.review();
    this.#disk.review();
  }

  /** The oldest first: it has waited longest for hosts that may never come. */
  #evict(room: ByteBudget): boolean {
    for (const shared of this.#shared.values()) {
      if (!shared.isIn(room) || shared.isInUse()) continue;
      void shared.forget();
      return true;
    }
    return false;
  }
}

/** The config of artifacts, `{}`, which everybody knows. @see image-spec manifest.md "Guidance for an Empty Descriptor" */
const EMPTY = Buffer.from('{}');
const EMPTY_JSON = digestOf(EMPTY);

/** With the size: a manifest with a wrong size of a blob must not affect others. */
function keyOf({ digest, size }: Descriptor): string {
  return `${digest} ${size}`;
}

function discarding(file: SpooledBlob | undefined): (error: unknown) => Promise<never> {
  return async (error) => {
    await file?.discard();
    throw error;
  };
}
