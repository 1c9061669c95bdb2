import { Permits } from '../base/permits.ts';
import type { Descriptor } from '../image/descriptor.ts';
import type { Repository } from '../image/repository.ts';
import type { Clock } from '../ports/clock.ts';
import type { UploadSession, WriteRegistry } from '../ports/registry.ts';
import { RegistryError } from '../ports/registry-error.ts';
import { SpoolError } from '../ports/spool.ts';
import type { BlobSupply, Share } from './blob-supply.ts';

export interface TransferPorts {
  readonly supply: BlobSupply;
  readonly destination: WriteRegistry;
  readonly clock: Clock;
  /** Blobs in transfer at a time. */
  readonly transfers: number;
  /** When it aborts no blob is begun any more. */
  readonly stopping: AbortSignal;
}

export interface TransferTask {
  readonly blob: Descriptor;
  readonly destination: Repository;
  /** Where it may be read from, in the order to try. */
  readonly sources: readonly Repository[];
}

/** Times that a transfer is begun; each of its requests has the transport's own retries besides. */
const TRANSFER_ATTEMPTS = 3;
/** Milliseconds before the second attempt; it doubles. */
const FIRST_DELAY = 500;

/** Sends blobs, from the first source at first and from the next one after a failure. */
export class BlobTransfer {
  readonly #ports: TransferPorts;
  readonly #permits: Permits;

  constructor(ports: TransferPorts) {
    this.#ports = ports;
    this.#permits = new Permits(ports.transfers);
  }

  /** Resolves when the blob is at the destination; `opened` is an upload to begin with. Throws what the last attempt threw. */
  async run(
    task: TransferTask,
    { signal, opened }: { signal: AbortSignal; opened: UploadSession | undefined },
  ): Promise<void> {
    const { blob, destination, sources } = task;
    let session = opened;
    let delay = 0;
    for (let attempt = 1; ; attempt++) {
      const source = sources[(attempt - 1) % sources.length];
      if (source === undefined) throw new RegistryError('refused', `blob ${blob.digest} has no source`);
      try {
        return await this.#attempt({ blob, destination, source, opened: session }, signal);
      } catch (error) {
        if (attempt >= TRANSFER_ATTEMPTS || !mayTryAgain(error)) throw error;
        const backoff = FIRST_DELAY * 2 ** (attempt - 1) * this.#ports.clock.random();
        delay = Math.max(backoff, askedToWait(error));
      }
      session = undefined;
      await this.#ports.clock.sleep(delay, signal);
      // the upload may have succeeded and only its answer been lost
      if (await this.#ports.destination.hasBlob(destination, blob.digest, signal)) return;
    }
  }

  async #attempt(sending: Sending, signal: AbortSignal): Promise<void> {
    const share = await this.#ports.supply.join(sending.blob);
    try {
      await this.#permits.run(() => {
        this.#ports.stopping.throwIfAborted(); // it may have waited for long
        return this.#send(sending, share, signal);
      });
    } finally {
      share.leave();
    }
  }

  async #send(
    { blob, destination, source, opened }: Sending,
    share: Share,
    signal: AbortSignal,
  ): Promise<void> {
    const session = opened ?? (await this.#ports.destination.startUpload(destination, signal));
    try {
      const open = () => share.open(source, signal);
      await this.#ports.destination.finishUpload({ session, blob, open }, signal);
    } catch (error) {
      if (!signal.aborted) await this.#ports.destination.cancelUpload(session, signal);
      throw error;
    }
  }
}

interface Sending {
  readonly blob: Descriptor;
  readonly destination: Repository;
  readonly source: Repository;
  readonly opened: UploadSession | undefined;
}

/** A new upload cures nearly everything: lost sessions, tokens that ran out, damage on the way, a disk that is full. */
function mayTryAgain(error: unknown): boolean {
  if (error instanceof SpoolError) return true;
  return error instanceof RegistryError && error.status !== 403 && error.status !== 405;
}

/** Milliseconds. */
function askedToWait(error: unknown): number {
  return error instanceof RegistryError ? (error.retryAfterMs ?? 0) : 0;
}
