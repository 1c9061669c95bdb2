import { Backoff, type Failure, NO_ANSWER } from '../../base/backoff.ts';
import { abortedAfter } from '../../base/errors.ts';
import { RESUMPTION, UPLOAD_RETRY } from '../../base/limits-and-retries.ts';
import { getOrMake } from '../../base/maps.ts';
import { Semaphore } from '../../base/semaphore.ts';
import type { Descriptor } from '../../image/descriptor.ts';
import { hostOf, type Repository } from '../../image/repository.ts';
import type { Clock } from '../../ports/clock.ts';
import type { UploadSession, WriteRegistry } from '../../ports/registry.ts';
import { RegistryError, type RegistryErrorCode } from '../../ports/registry-error.ts';
import { SpoolError } from '../../ports/spool.ts';
import { CopyError } from '../outcome.ts';
import type { BlobFanOut, Share } from './blob-fan-out.ts';
import { isKnownBlob } from './known-blobs.ts';
import type { UploadOpener } from './upload-opener.ts';

export interface TransferPorts {
  readonly supply: BlobFanOut;
  readonly destination: WriteRegistry;
  readonly uploads: UploadOpener;
  readonly clock: Clock;
  /** Blobs in transfer at a time, to each host. */
  readonly transfers: number;
  /** When it aborts no blob is begun any more. */
  readonly stopping: AbortSignal;
}

export interface TransferTask {
  readonly blob: Descriptor;
  readonly destination: Repository;
  /** Where it may be read from, in the order to try. */
  readonly sources: readonly Repository[];
  /** Where it is read if no source has it, in the order to try. Default: nowhere. */
  readonly siblings?: readonly Repository[];
  /** Told which sibling it was read from. */
  readonly onSibling?: (sibling: Repository) => void;
  /** Sends the bytes even where the registry says that it has the blob: what it serves is damaged. */
  readonly force?: true;
}

/** Bytes up to which an upload that was interrupted is not worth the question how far it came. */
const NOT_WORTH_RESUMING = 512 * 1024;

/**
 * Sends blobs, from the first source at first and from the next one after a failure, siblings last. An upload that was interrupted
 * goes on where the registry says that it stopped; where it does not say that, a new one begins. What it needs besides
 * the bytes the transport has tried often enough when it fails.
 */
export class BlobTransfer {
  readonly #ports: TransferPorts;
  /** By host: one that does not answer keeps its own, and those of no other. */
  readonly #permits = new Map<string, Semaphore>();

  constructor(ports: TransferPorts) {
    this.#ports = ports;
  }

  /**
   * Resolves when the blob is at the destination; `opened` is an upload to begin with. Throws what the last attempt
   * threw; of an abort, what the attempt before it threw is the cause.
   */
  async run(
    task: TransferTask,
    { signal, opened }: { signal: AbortSignal; opened: UploadSession | undefined },
  ): Promise<'mounted' | 'transferred'> {
    const upload: Upload = { session: opened, step: 'opening', failure: undefined, unread: undefined };
    try {
      return await this.#sendUntilDone(task, { upload, signal });
    } catch (error) {
      throw abortedAfter(upload.failure, error, signal);
    }
  }

  async #sendUntilDone(
    task: TransferTask,
    { upload, signal }: { readonly upload: Upload; readonly signal: AbortSignal },
  ): Promise<'mounted' | 'transferred'> {
    const { blob, destination } = task;
    let backoff = new Backoff(this.#ports.clock, UPLOAD_RETRY);
    let received = 0;
    const sources = [...task.sources, ...(task.siblings ?? [])];
    for (;;) {
      let delay: number;
      try {
        return await this.#attempt({ ...task, sources, upload }, signal);
      } catch (error) {
        if (error instanceof SpoolError) this.#ports.supply.distrustSpool(blob);
        if (isOfSource(error, upload)) {
          upload.unread ??= error;
          sources.shift();
          if (sources.length > 0) continue; // nothing has been sent: the next one's turn, in the same upload
          await this.#abandon(upload, signal);
          throw upload.unread;
        }
        const wait = mayTryAgain(error, { upload, sources })
          ? backoff.delayAfter(failureOf(error))
          : undefined;
        if (wait === undefined || !mayResume(blob, error)) await this.#abandon(upload, signal);
        if (wait === undefined) throw error;
        upload.failure = error;
        delay = wait;
      }
      await this.#ports.supply.rest(blob, () => this.#ports.clock.sleep(delay, signal));
      // the upload may have succeeded and only its answer been lost
      if (!task.force && (await isKnownBlob(this.#ports.destination, { destination, blob }, signal))) {
        await this.#abandon(upload, signal);
        return 'transferred';
      }
      await this.#resume(upload, { blob, signal });
      const gained = (upload.session?.received ?? 0) - received;
      if (gained < RESUMPTION.progressBytes) continue;
      received += gained;
      backoff = new Backoff(this.#ports.clock, UPLOAD_RETRY); // only attempts that get nowhere count
    }
  }

  async #attempt(sending: Sending, signal: AbortSignal): Promise<'mounted' | 'transferred'> {
    const share = await this.#ports.supply.join(sending.blob);
    try {
      return await this.#permitsOf(sending.destination).run(() => {
        this.#ports.stopping.throwIfAborted(); // it may have waited for long
        return this.#send(sending, share, signal);
      });
    } finally {
      share.leave();
    }
  }

  #permitsOf(destination: Repository): Semaphore {
    return getOrMake(this.#permits, hostOf(destination), () => new Semaphore(this.#ports.transfers));
  }

  async #send(
    { upload, ...task }: Sending,
    share: Share,
    signal: AbortSignal,
  ): Promise<'mounted' | 'transferred'> {
    const { blob, sources, siblings, onSibling } = task;
    const [source] = sources;
    if (source === undefined) throw new CopyError('missing', `blob ${blob.digest} has no source`);
    upload.step = 'opening';
    const opened = upload.session ?? (await this.#open(task, signal));
    if (opened === 'mounted') return 'mounted';
    const onMove = (session: UploadSession) => {
      upload.session = session;
    };
    onMove(opened);
    const open = () =>
      share.open(source, signal).catch((error: unknown) => {
        upload.step = 'reading';
        throw error;
      });
    upload.step = 'sending';
    await this.#ports.destination.finishUpload({ session: opened, blob, open, onMove }, signal);
    if (siblings?.includes(source)) onSibling?.(source);
    return 'transferred';
  }

  /** Opens an upload in the way that may turn out to be a mount, unless the bytes are to be sent whatever is there. */
  #open({ blob, destination, force }: TransferTask, signal: AbortSignal): Promise<'mounted' | UploadSession> {
    const { destination: registry, uploads } = this.#ports;
    return force ? registry.startUpload(destination, signal) : uploads.open(destination, blob.digest, signal);
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
  /** What it was at when it failed. */
  step: 'opening' | 'reading' | 'sending';
  /** What the last attempt failed with that another one followed. */
  failure: unknown;
  /** What the first source that did not send the blob was asked in vain for. */
  unread: RegistryError | undefined;
}

interface Sending extends TransferTask {
  readonly upload: Upload;
}

/** True where a source did not send the blob, however often it was asked. */
function isOfSource(error: unknown, { step }: Upload): error is RegistryError {
  return step === 'reading' && error instanceof RegistryError;
}

/**
 * A new upload cures nearly everything: lost sessions, tokens that ran out, damage on the way, a disk that is full. The
 * next source has its turn then; one that broke off too often has no other.
 */
function mayTryAgain(
  error: unknown,
  { upload, sources }: { readonly upload: Upload; readonly sources: Repository[] },
): boolean {
  if (error instanceof SpoolError) return true;
  if (!(error instanceof RegistryError) || isLasting(error)) return false;
  if (upload.step === 'opening') return false;
  const [failed] = sources.splice(0, 1);
  if (!isExhausted(error) && failed !== undefined) sources.push(failed);
  return sources.length > 0;
}

/** No right to write, or no writing at all. Storage that refuses may take what a new upload leads to. */
function isLasting({ isForeign, status }: RegistryError): boolean {
  return status === 405 || (status === 403 && !isForeign);
}

/** What broke off may go on; what was refused, or was wrong, will not be right for being continued. */
function mayResume({ size }: Descriptor, error: unknown): boolean {
  if (size <= NOT_WORTH_RESUMING) return false;
  if (error instanceof SpoolError) return true;
  return error instanceof RegistryError && RESUMABLE.has(error.code);
}

/** A token may have run out under way. */
const RESUMABLE: ReadonlySet<RegistryErrorCode> = new Set(['unreachable', 'unavailable', 'unauthorized']);

/** A source that has been asked for the rest of a blob as often as it makes sense. */
function isExhausted(error: RegistryError): boolean {
  return error.code === 'unreachable' && !error.temporary;
}

function failureOf(error: unknown): Failure {
  if (!(error instanceof RegistryError)) return NO_ANSWER;
  return { status: error.status, retryAfter: error.retryAfterMs };
}
