import { Permits } from '../base/permits.ts';
import type { Descriptor } from '../image/descriptor.ts';
import type { Repository } from '../image/repository.ts';
import type { Clock } from '../ports/clock.ts';
import type { UploadSession, WriteRegistry } from '../ports/registry.ts';
import { RegistryError, type RegistryErrorCode } from '../ports/registry-error.ts';
import { SpoolError } from '../ports/spool.ts';
import type { BlobSupply, Share } from './blob-supply.ts';
import { CopyError } from './copy-error.ts';
import type { UploadOpener } from './upload-opener.ts';

export interface TransferPorts {
  readonly supply: BlobSupply;
  readonly destination: WriteRegistry;
  readonly uploads: UploadOpener;
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

/** Bytes up to which an upload that was interrupted is not worth the question how far it came. */
const NOT_WORTH_RESUMING = 512 * 1024;

/**
 * Sends blobs, from the first source at first and from the next one after a failure. An upload that was interrupted
 * goes on where the registry says that it stopped; where it does not say that, a new one begins.
 */
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
  ): Promise<'mounted' | 'transferred'> {
    const { blob, destination } = task;
    const upload: Upload = { session: opened };
    for (let attempt = 1; ; attempt++) {
      let delay: number;
      try {
        return await this.#attempt({ ...task, upload, attempt }, signal);
      } catch (error) {
        const isLast = attempt >= TRANSFER_ATTEMPTS || !mayTryAgain(error);
        if (isLast || !mayResume(blob, error)) await this.#abandon(upload, signal);
        if (isLast) throw error;
        const backoff = FIRST_DELAY * 2 ** (attempt - 1) * this.#ports.clock.random();
        delay = Math.max(backoff, askedToWait(error));
      }
      await this.#ports.supply.rest(blob, () => this.#ports.clock.sleep(delay, signal));
      // the upload may have succeeded and only its answer been lost
      if (await this.#ports.destination.hasBlob(destination, blob.digest, signal)) {
        await this.#abandon(upload, signal);
        return 'transferred';
      }
      await this.#resume(upload, { blob, signal });
    }
  }

  async #attempt(sending: Sending, signal: AbortSignal): Promise<'mounted' | 'transferred'> {
    const share = await this.#ports.supply.join(sending.blob);
    try {
      return await this.#permits.run(() => {
        this.#ports.stopping.throwIfAborted(); // it may have waited for long
        return this.#send(sending, share, signal);
      });
    } finally {
      share.leave();
    }
  }

  async #send(
    { blob, destination, sources, upload, attempt }: Sending,
    share: Share,
    signal: AbortSignal,
  ): Promise<'mounted' | 'transferred'> {
    const source = sources[(attempt - 1) % sources.length];
    if (source === undefined) throw new CopyError('missing', `blob ${blob.digest} has no source`);
    const opened = upload.session ?? (await this.#ports.uploads.open(destination, blob.digest, signal));
    if (opened === 'mounted') return 'mounted';
    const onMove = (session: UploadSession) => {
      upload.session = session;
    };
    onMove(opened);
    const open = () => share.open(source, signal);
    await this.#ports.destination.finishUpload({ session: opened, blob, open, onMove }, signal);
    return 'transferred';
  }

  async #resume(
    upload: Upload,
    { blob, signal }: { readonly blob: Descriptor; readonly signal: AbortSignal },
  ): Promise<void> {
    if (upload.session === undefined) return;
    const session = await this.#ports.destination.resumeUpload(upload.session, signal);
    if (session === undefined || session.received > blob.size) await this.#abandon(upload, signal);
    else upload.session = session;
  }

  async #abandon(upload: Upload, signal: AbortSignal): Promise<void> {
    const { session } = upload;
    upload.session = undefined;
    if (session === undefined || signal.aborted) return;
    await this.#ports.destination.cancelUpload(session, signal);
  }
}

/** The upload that a transfer has open, as far as it has come. */
interface Upload {
  session: UploadSession | undefined;
}

interface Sending extends TransferTask {
  readonly upload: Upload;
  /** From 1 on. */
  readonly attempt: number;
}

/** A new upload cures nearly everything: lost sessions, tokens that ran out, damage on the way, a disk that is full. */
function mayTryAgain(error: unknown): boolean {
  if (error instanceof SpoolError) return true;
  return error instanceof RegistryError && error.status !== 403 && error.status !== 405;
}

/** What broke off may go on; what was refused, or was wrong, will not be right for being continued. */
function mayResume({ size }: Descriptor, error: unknown): boolean {
  if (size <= NOT_WORTH_RESUMING) return false;
  if (error instanceof SpoolError) return true;
  return error instanceof RegistryError && RESUMABLE.has(error.code);
}

/** A token may have run out under way. */
const RESUMABLE: ReadonlySet<RegistryErrorCode> = new Set(['unreachable', 'unavailable', 'unauthorized']);

/** Milliseconds. */
function askedToWait(error: unknown): number {
  return error instanceof RegistryError ? (error.retryAfterMs ?? 0) : 0;
}
