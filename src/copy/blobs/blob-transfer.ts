import pLimit, { type LimitFunction } from 'p-limit';
import { Backoff } from '../../base/backoff.ts';
import { watchStream } from '../../base/byte-stream.ts';
import { abortedAfter } from '../../base/errors.ts';
import { RESUMPTION, UPLOAD_RETRY } from '../../base/limits-and-retries.ts';
import { getOrMake } from '../../base/maps.ts';
import type { Descriptor } from '../../image/descriptor.ts';
import { hostOf, type Repository } from '../../image/repository.ts';
import type { Clock } from '../../ports/clock.ts';
import type { BlobProgress } from '../../ports/progress.ts';
import type { BlobBody, UploadSession, WriteRegistry } from '../../ports/registry.ts';
import type { RegistryError } from '../../ports/registry-error.ts';
import { SpoolError } from '../../ports/spool.ts';
import { CopyError } from '../outcome.ts';
import { holdsBlob } from './blob-checks.ts';
import type { BlobFanOut, Share } from './blob-fan-out.ts';
import { failureOf, isOfSource, mayResume, mayTryAgain, type TransferStep } from './transfer-failures.ts';
import type { UploadOpener } from './upload-opener.ts';

export interface TransferPorts {
  /** The bytes of blobs. */
  readonly supply: Pick<BlobFanOut, 'join' | 'rest' | 'distrustSpool'>;
  readonly destination: WriteRegistry;
  readonly uploads: UploadOpener;
  readonly clock: Clock;
  /** Concurrent transfers to each host. */
  readonly transfers: number;
  /** No blob is started once it aborts. */
  readonly stopping: AbortSignal;
}

/** The repositories that content is copied between. */
export interface Route {
  readonly destination: Repository;
  /** Repositories to read from, in the order to try. */
  readonly sources: readonly Repository[];
  /** Repositories to read from if no source has the content, in the order to try. Default: none. */
  readonly siblings?: readonly Repository[];
  /** Called with each sibling that content was read from. */
  readonly onSibling?: (sibling: Repository) => void;
  /** Called when the transfer of a blob begins. Default: its progress is not reported. */
  readonly onBlob?: (blob: Descriptor) => BlobProgress;
}

export interface TransferTask extends Route {
  readonly blob: Descriptor;
  /** Sends the bytes even if the registry says that it has the blob, because it serves damaged bytes. */
  readonly force?: true;
}

/**
 * Uploads blobs from the first source, and from the next one after a failure; siblings come last. An interrupted upload
 * resumes at the offset that the registry reports, else a new one begins. Other requests are not repeated here: the
 * transport has retried them.
 */
export class BlobTransfer {
  readonly #ports: TransferPorts;
  /** By host, so that a host that does not answer holds up no other. */
  readonly #permits = new Map<string, LimitFunction>();

  constructor(ports: TransferPorts) {
    this.#ports = ports;
  }

  /**
   * Resolves when the blob is at the destination; `opened` is an upload to begin with. Throws the error of the last
   * attempt. The cause of an abort is the error of the attempt before.
   */
  async run(
    task: TransferTask,
    { signal, opened }: { signal: AbortSignal; opened: UploadSession | undefined },
  ): Promise<'mounted' | 'transferred'> {
    const progress = task.onBlob?.(task.blob);
    const upload: Upload = {
      session: opened,
      step: 'opening',
      failure: undefined,
      unread: undefined,
      progress,
    };
    let method: 'mounted' | 'transferred' | undefined;
    try {
      method = await this.#sendUntilDone(task, { upload, signal });
      return method;
    } catch (error) {
      throw abortedAfter(upload.failure, error, signal);
    } finally {
      progress?.end(method === 'transferred');
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
        if (isOfSource(error, upload.step)) {
          upload.unread ??= error;
          sources.shift();
          if (sources.length > 0) continue; // nothing has been sent: the next source may use the same upload
          await this.#abandon(upload, signal);
          throw upload.unread;
        }
        const wait = mayTryAgain(error, { step: upload.step, sources })
          ? backoff.delayAfter(failureOf(error))
          : undefined;
        if (wait === undefined || !mayResume(blob, error)) await this.#abandon(upload, signal);
        if (wait === undefined) throw error;
        upload.failure = error;
        delay = wait;
      }
      await this.#ports.supply.rest(blob, () => this.#ports.clock.sleep(delay, signal));
      // the upload may have succeeded, and only its response been lost
      if (!task.force && (await holdsBlob(this.#ports.destination, { destination, blob }, signal))) {
        await this.#abandon(upload, signal);
        return 'transferred';
      }
      await this.#resume(upload, { blob, signal });
      const gained = (upload.session?.received ?? 0) - received;
      if (gained < RESUMPTION.progressBytes) continue;
      received += gained;
      backoff = new Backoff(this.#ports.clock, UPLOAD_RETRY); // only attempts without progress count
    }
  }

  async #attempt(sending: Sending, signal: AbortSignal): Promise<'mounted' | 'transferred'> {
    const share = await this.#ports.supply.join(sending.blob);
    try {
      return await this.#permitsOf(sending.destination)(() => {
        this.#ports.stopping.throwIfAborted(); // it may have waited for long
        return this.#send(sending, share, signal);
      });
    } finally {
      share.leave();
    }
  }

  #permitsOf(destination: Repository): LimitFunction {
    return getOrMake(this.#permits, hostOf(destination), () => pLimit(this.#ports.transfers));
  }

  async #send(
    { upload, ...task }: Sending,
    share: Share,
    signal: AbortSignal,
  ): Promise<'mounted' | 'transferred'> {
    const { blob, sources, siblings, onSibling } = task;
    const [source] = sources;
    if (source === undefined) throw new CopyError('missing', `blob ${blob.digest} has no source`);
    const read = async () => {
      const { step } = upload;
      upload.step = 'reading';
      const body = reportBytes(await share.open(source, signal), upload.progress);
      upload.step = step;
      return body;
    };
    upload.step = 'opening';
    let kept: BlobBody | undefined; // the bytes of a small blob, for the upload if the host does not take them at once
    const readKept = async () => (kept = await read());
    const opened = upload.session ?? (await this.#open(task, readKept, signal));
    if (opened === 'mounted') return 'mounted';
    if (opened !== 'stored') {
      const onMove = (session: UploadSession) => {
        upload.session = session;
      };
      onMove(opened);
      upload.step = 'sending';
      const open = async () => kept ?? read();
      await this.#ports.destination.finishUpload({ session: opened, blob, open, onMove }, signal);
    }
    if (siblings?.includes(source)) onSibling?.(source);
    return 'transferred';
  }

  /** Opens an upload in the way that may make it needless, unless the bytes are to be sent whatever is there. */
  async #open(
    { blob, destination: repository, force }: TransferTask,
    read: () => Promise<BlobBody>,
    signal: AbortSignal,
  ): Promise<'mounted' | 'stored' | UploadSession> {
    const { destination, uploads } = this.#ports;
    if (force) return destination.startUpload(repository, signal);
    return uploads.open({ repository, blob, read }, signal);
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

/** Reports the bytes as they are read. */
function reportBytes(body: BlobBody, progress: BlobProgress | undefined): BlobBody {
  if (progress === undefined) return body;
  progress.restart();
  const onPiece = (length: number) => progress.advance(length);
  if (!(body instanceof Uint8Array)) return watchStream(body, { onPiece });
  onPiece(body.length);
  return body;
}

/** The state of one transfer. */
interface Upload {
  session: UploadSession | undefined;
  /** The current step, or the one that failed. */
  step: TransferStep;
  /** The error of the last attempt that another one followed. */
  failure: unknown;
  /** The error of the first source that did not send the blob. */
  unread: RegistryError | undefined;
  readonly progress: BlobProgress | undefined;
}

interface Sending extends TransferTask {
  readonly upload: Upload;
}
