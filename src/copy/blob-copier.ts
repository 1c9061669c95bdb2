import { Attempts, DEFAULT_RETRY } from '../base/attempts.ts';
import { Permits } from '../base/permits.ts';
import { SingleFlight } from '../base/single-flight.ts';
import type { Descriptor } from '../image/descriptor.ts';
import { UNKNOWN_SIZE } from '../image/oci-manifest.ts';
import { hostOf, type Repository } from '../image/repository.ts';
import type { Clock } from '../ports/clock.ts';
import type { ReadRegistry, UploadSession, WriteRegistry } from '../ports/registry.ts';
import { RegistryError } from '../ports/registry-error.ts';
import { BlobPlaces } from './blob-places.ts';
import { MountHabits } from './mount-habits.ts';

export interface BlobPorts {
  readonly source: ReadRegistry;
  readonly destination: WriteRegistry;
  readonly clock: Clock;
  /** Blobs in transfer at a time. */
  readonly transfers: number;
  /** When it aborts no blob is begun any more. */
  readonly stopping: AbortSignal;
}

export interface BlobTask {
  readonly blob: Descriptor;
  readonly destination: Repository;
  /** Where it may be read from, in the order to try. */
  readonly sources: readonly Repository[];
  /** True for a repository that did not exist, or was empty, when the plan was made. */
  readonly isNew: boolean;
}

/** Bytes up to which sending a blob that may be there already costs less than asking whether it is. */
const NOT_WORTH_A_QUESTION = 512 * 1024;

/** How a blob came to be at its destination. */
export type Rung = 'exists' | 'mounted' | 'transferred';

/**
 * Gets blobs to their destinations by the cheapest rung of a ladder: mount, exists, transfer.
 *
 * Each blob is dealt with once per repository. The first repository of a host that gets one lets the others wait and
 * mount it from there: without that, distribution on a filesystem fails now and then, and every byte moves twice.
 */
export class BlobCopier {
  readonly #ports: BlobPorts;
  readonly #places = new BlobPlaces();
  readonly #habits = new MountHabits();
  readonly #perRepository = new SingleFlight<string, Rung>();
  readonly #perHost = new SingleFlight<string, Rung>();
  readonly #transfers: Permits;

  constructor(ports: BlobPorts) {
    this.#ports = ports;
    this.#transfers = new Permits(ports.transfers);
  }

  /** Resolves when the blob is at the destination. Throws what the last attempt threw. */
  copy(task: BlobTask, signal: AbortSignal): Promise<Rung> {
    return this.#perRepository.run(keyOf(task), async () => {
      this.#ports.stopping.throwIfAborted();
      const rung = await this.#climb(task, signal);
      this.#places.remember(task.destination, task.blob.digest);
      return rung;
    });
  }

  /** Copies again what a registry denies having, by looking and transferring: a mount may be what went wrong. */
  copyAgain(task: BlobTask, signal: AbortSignal): Promise<Rung> {
    this.#perRepository.forget(keyOf(task));
    return this.#perRepository.run(keyOf(task), () => this.#lookThenTransfer(task, signal));
  }

  async #climb(task: BlobTask, signal: AbortSignal): Promise<Rung> {
    const host = hostOf(task.destination);
    const neighbour = task.sources.find((source) => hostOf(source) === host);
    if (neighbour !== undefined) return this.#mount(task, neighbour, signal);
    const hostKey = `${host} ${task.blob.digest}`;
    const first = this.#perHost.get(hostKey);
    if (first === undefined) return this.#perHost.run(hostKey, () => this.#climbFirst(task, signal));
    await first.catch(() => {}); // its own repository reports it; this one tries for itself
    const place = this.#places.placeOf(host, task.blob.digest);
    return place === undefined ? this.#lookThenTransfer(task, signal) : this.#mount(task, place, signal);
  }

  /** Remembers the place before anyone who waits for this one goes on. */
  async #climbFirst(task: BlobTask, signal: AbortSignal): Promise<Rung> {
    const rung = await this.#bring(task, signal);
    this.#places.remember(task.destination, task.blob.digest);
    return rung;
  }

  /** A new repository has nothing, unless a run broke off in it: then a small blob is soon sent again. */
  async #bring(task: BlobTask, signal: AbortSignal): Promise<Rung> {
    const isSmall = task.blob.size <= NOT_WORTH_A_QUESTION && task.blob.size !== UNKNOWN_SIZE;
    if (task.isNew && isSmall) return this.#transfer(task, { signal, opened: undefined });
    return this.#lookThenTransfer(task, signal);
  }

  async #mount(task: BlobTask, from: Repository, signal: AbortSignal): Promise<Rung> {
    const { blob, destination } = task;
    if (from === destination) return 'exists';
    const answer = await this.#habits.tryMount(hostOf(destination), async () => {
      const given = await this.#askForMount(task, from, signal);
      return { honoured: given === 'mounted', answer: given };
    });
    if (answer === 'mounted') return 'mounted';
    if (answer === undefined || answer === 'refused') return this.#lookThenTransfer(task, signal);
    // 202 is "unknown", not "absent"
    if (await this.#ports.destination.hasBlob(destination, blob.digest, signal)) {
      await this.#ports.destination.cancelUpload(answer, signal);
      return 'exists';
    }
    return this.#transfer(task, { signal, opened: answer });
  }

  /** A registry that refuses a mount outright, for want of rights on the other repository say, may take an upload. */
  async #askForMount(
    { blob, destination }: BlobTask,
    from: Repository,
    signal: AbortSignal,
  ): Promise<'mounted' | 'refused' | UploadSession> {
    try {
      return await this.#ports.destination.mountBlob(destination, { digest: blob.digest, from }, signal);
    } catch (error) {
      if (error instanceof RegistryError && error.status !== undefined) return 'refused';
      throw error;
    }
  }

  async #lookThenTransfer(task: BlobTask, signal: AbortSignal): Promise<Rung> {
    const { blob, destination } = task;
    if (await this.#ports.destination.hasBlob(destination, blob.digest, signal)) return 'exists';
    return this.#transfer(task, { signal, opened: undefined });
  }

  /**
   * Sends the blob, from the first source at first and from the next one after a failure. What it needs besides the
   * upload itself the transport has tried often enough when it fails.
   */
  async #transfer(
    task: BlobTask,
    { signal, opened }: { signal: AbortSignal; opened: UploadSession | undefined },
  ): Promise<Rung> {
    const { blob, destination } = task;
    const { clock, stopping } = this.#ports;
    const attempts = new Attempts(clock, DEFAULT_RETRY);
    const sources = [...task.sources];
    for (;;) {
      const [source] = sources;
      if (source === undefined) throw new RegistryError('refused', `blob ${blob.digest} has no source`);
      const failure = await this.#transfers.run(() => {
        stopping.throwIfAborted(); // it may have waited for long
        return this.#send({ blob, destination, source, opened }, signal);
      });
      if (failure === undefined) return 'transferred';
      const wait = nextWait(failure, { attempts, sources });
      if (wait === undefined) throw failure.error;
      opened = undefined;
      await clock.sleep(wait, signal);
      // the upload may have succeeded and only its answer been lost
      if (await this.#ports.destination.hasBlob(destination, blob.digest, signal)) return 'transferred';
    }
  }

  async #send(
    sending: {
      blob: Descriptor;
      destination: Repository;
      source: Repository;
      opened: UploadSession | undefined;
    },
    signal: AbortSignal,
  ): Promise<Failure | undefined> {
    const { blob, destination, source } = sending;
    const session = sending.opened ?? (await this.#ports.destination.startUpload(destination, signal));
    let hasFailed = false;
    const open = () =>
      this.#ports.source.openBlob(source, blob, signal).catch((error: unknown) => {
        hasFailed = true;
        throw error;
      });
    try {
      await this.#ports.destination.finishUpload({ session, blob, open }, signal);
      return undefined;
    } catch (error) {
      if (!signal.aborted) await this.#ports.destination.cancelUpload(session, signal);
      return { error, isOfSource: hasFailed || isExhausted(error) };
    }
  }
}

/** An upload that has failed. */
interface Failure {
  readonly error: unknown;
  /** True where the source did not send the blob, however often it was asked. */
  readonly isOfSource: boolean;
}

function isExhausted(error: unknown): boolean {
  return error instanceof RegistryError && error.code === 'unreachable' && !error.temporary;
}

/** Milliseconds to wait before another attempt, undefined where there is to be none; the next source comes first then. */
function nextWait(
  { error, isOfSource }: Failure,
  { attempts, sources }: { attempts: Attempts; sources: Repository[] },
): number | undefined {
  if (!mayTryAgain(error)) return undefined;
  const [failed] = sources.splice(0, 1);
  if (isOfSource && sources.length === 0) return undefined;
  if (!isOfSource && failed !== undefined) sources.push(failed);
  return attempts.waitAfter({ status: error.status, asked: error.retryAfterMs });
}

function keyOf({ destination, blob }: BlobTask): string {
  return `${destination} ${blob.digest}`;
}

/** A new upload cures nearly everything: lost sessions, tokens that ran out, damage on the way. */
function mayTryAgain(error: unknown): error is RegistryError {
  return error instanceof RegistryError && error.status !== 403 && error.status !== 405;
}
