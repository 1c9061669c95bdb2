import { SingleFlight } from '../../base/single-flight.ts';
import { UNKNOWN_SIZE } from '../../image/oci-manifest.ts';
import { hostOf, type Repository } from '../../image/repository.ts';
import type { UploadSession } from '../../ports/registry.ts';
import { RegistryError } from '../../ports/registry-error.ts';
import { BlobTransfer, type TransferPorts, type TransferTask } from './blob-transfer.ts';
import { isKnownBlob, KnownBlobs } from './known-blobs.ts';
import { MountSupport } from './mount-support.ts';
import { UploadOpener } from './upload-opener.ts';

export type BlobPorts = Omit<TransferPorts, 'uploads'>;

export interface BlobTask extends TransferTask {
  /** Hosts that the blob is bound for from elsewhere, as far as is known. */
  readonly hosts: ReadonlySet<string>;
  /** True for a repository that did not exist, or was empty, when the plan was made. */
  readonly isNew: boolean;
}

/** Bytes up to which sending a blob that may be there already costs less than asking whether it is. */
const NOT_WORTH_A_QUESTION = 512 * 1024;

/** How a blob came to be at its destination. */
export type CopyMethod = 'exists' | 'mounted' | 'transferred';

/**
 * Gets blobs to their destinations by the cheapest rung of a ladder: mount, exists, transfer.
 *
 * Each blob is dealt with once per repository. The first repository of a host that gets one lets the others wait and
 * mount it from there: without that, distribution on a filesystem fails now and then, and every byte moves twice.
 */
export class BlobCopier {
  readonly #ports: BlobPorts;
  readonly #uploads: UploadOpener;
  readonly #sending: BlobTransfer;
  readonly #places = new KnownBlobs();
  readonly #mounts = new MountSupport();
  readonly #perRepository = new SingleFlight<string, CopyMethod>();
  readonly #perHost = new SingleFlight<string, CopyMethod>();

  constructor(ports: BlobPorts) {
    this.#ports = ports;
    this.#uploads = new UploadOpener(ports.destination);
    this.#sending = new BlobTransfer({ ...ports, uploads: this.#uploads });
  }

  /** Resolves when the blob is at the destination. Throws what the last attempt threw. */
  copy(task: BlobTask, signal: AbortSignal): Promise<CopyMethod> {
    const work = async () => {
      this.#ports.stopping.throwIfAborted();
      const method = await this.#climb(task, signal);
      this.#places.remember(task.destination, task.blob.digest);
      return method;
    };
    const hasSiblings = task.siblings !== undefined && task.siblings.length > 0;
    return hasSiblings
      ? this.#perRepository.runAfter(keyOf(task), work) // another image that shares the blob may have none
      : this.#perRepository.run(keyOf(task), work);
  }

  /** Copies again what a registry denies having, by looking and transferring: a mount may be what went wrong. */
  copyAgain(task: BlobTask, signal: AbortSignal): Promise<CopyMethod> {
    this.#perRepository.forget(keyOf(task));
    return this.#perRepository.run(keyOf(task), async () => {
      const { destination } = task;
      if (await this.#isThere(task, signal)) return 'exists';
      const opened = await this.#ports.destination.startUpload(destination, signal);
      return this.#sending.run(task, { signal, opened });
    });
  }

  /** Sends a blob that the registry may say it has, because what it serves is damaged: no look, no mount. */
  replace(task: TransferTask, signal: AbortSignal): Promise<CopyMethod> {
    return this.#sending.run({ ...task, force: true }, { signal, opened: undefined });
  }

  async #climb(task: BlobTask, signal: AbortSignal): Promise<CopyMethod> {
    const host = hostOf(task.destination);
    const neighbour = task.sources.find((source) => hostOf(source) === host);
    if (neighbour !== undefined) return this.#mount(task, neighbour, signal);
    this.#ports.supply.arrive(task.blob, host, this.#othersOf(task));
    try {
      return await this.#climbWithNeighbours(task, signal);
    } finally {
      this.#ports.supply.settle(task.blob, host);
    }
  }

  async #climbWithNeighbours(task: BlobTask, signal: AbortSignal): Promise<CopyMethod> {
    const host = hostOf(task.destination);
    const hostKey = hostKeyOf(host, task);
    const first = this.#perHost.get(hostKey);
    if (first === undefined) return this.#perHost.run(hostKey, () => this.#climbFirst(task, signal));
    await first.catch(() => {}); // its own repository reports it; this one tries for itself
    const place = this.#places.placeOf(host, task.blob.digest);
    return place === undefined ? this.#lookThenTransfer(task, signal) : this.#mount(task, place, signal);
  }

  /** Hosts that are still to come: the others have said themselves that they want it. */
  #othersOf(task: BlobTask): readonly string[] {
    return Array.from(task.hosts).filter((host) => this.#perHost.get(hostKeyOf(host, task)) === undefined);
  }

  /** Remembers the place before anyone who waits for this one goes on. */
  async #climbFirst(task: BlobTask, signal: AbortSignal): Promise<CopyMethod> {
    const method = await this.#bring(task, signal);
    this.#places.remember(task.destination, task.blob.digest);
    return method;
  }

  /** A new repository has nothing, unless a run broke off in it: then a small blob is soon sent again. */
  async #bring(task: BlobTask, signal: AbortSignal): Promise<CopyMethod> {
    const isSmall = task.blob.size <= NOT_WORTH_A_QUESTION && task.blob.size !== UNKNOWN_SIZE;
    if (task.isNew && isSmall) return this.#sending.run(task, { signal, opened: undefined });
    return this.#lookThenTransfer(task, signal);
  }

  async #mount(task: BlobTask, from: Repository, signal: AbortSignal): Promise<CopyMethod> {
    const { destination } = task;
    if (from === destination) return 'exists';
    const answer = await this.#mounts.tryMount(hostOf(destination), async () => {
      const given = await this.#askForMount(task, from, signal);
      return { honoured: given === 'mounted', answer: given };
    });
    if (answer === 'mounted') return 'mounted';
    if (answer === undefined || answer === 'refused') return this.#lookThenTransfer(task, signal);
    // 202 is "unknown", not "absent"
    if (await this.#isThere(task, signal)) {
      await this.#ports.destination.cancelUpload(answer, signal);
      return 'exists';
    }
    return this.#sending.run(task, { signal, opened: answer });
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

  #isThere(task: BlobTask, signal: AbortSignal): Promise<boolean> {
    return isKnownBlob(this.#ports.destination, task, signal);
  }

  async #lookThenTransfer(task: BlobTask, signal: AbortSignal): Promise<CopyMethod> {
    const isToldLater = this.#uploads.tellsWhatIsThere(hostOf(task.destination));
    if (!isToldLater && (await this.#isThere(task, signal))) return 'exists';
    return this.#sending.run(task, { signal, opened: undefined });
  }
}

function keyOf({ destination, blob }: BlobTask): string {
  return `${destination} ${blob.digest}`;
}

function hostKeyOf(host: string, { blob }: BlobTask): string {
  return `${host} ${blob.digest}`;
}
