import { SingleFlight } from '../../base/single-flight.ts';
import { isConfigType } from '../../image/media-types.ts';
import { UNKNOWN_SIZE } from '../../image/oci-manifest.ts';
import { hostOf, type Repository } from '../../image/repository.ts';
import type { UploadSession } from '../../ports/registry.ts';
import { RegistryError } from '../../ports/registry-error.ts';
import { BlobChecks, holdsBlob } from './blob-checks.ts';
import type { BlobFanOut } from './blob-fan-out.ts';
import { BlobTransfer, type TransferPorts, type TransferTask } from './blob-transfer.ts';
import { HostSupport } from './host-support.ts';
import { UploadOpener } from './upload-opener.ts';

export interface BlobPorts extends Omit<TransferPorts, 'uploads' | 'supply'> {
  readonly supply: BlobFanOut;
}

export interface BlobTask extends TransferTask {
  /** Hosts without a source of the blob that get it too. */
  readonly hosts: ReadonlySet<string>;
  /** True for a repository that did not exist, or was empty, when the plan was made. */
  readonly isNew: boolean;
}

/** Bytes up to which an upload costs less than a HEAD request for the blob. */
const MAX_UNCHECKED = 512 * 1024;

/** Each opens an upload that has to be cancelled. */
const MAX_REFUSED_MOUNTS = 3;

/** How a blob came to be at its destination. */
export type CopyMethod = 'exists' | 'mounted' | 'transferred';

/**
 * Copies blobs by the cheapest of three ways: mount, exists, transfer.
 *
 * Each blob is copied once per repository. The other repositories of a host wait for the first one and mount the blob
 * from there: otherwise distribution on a filesystem fails now and then, and every byte moves twice.
 */
export class BlobCopier {
  readonly #ports: BlobPorts;
  readonly #uploads: UploadOpener;
  readonly #transfer: BlobTransfer;
  /** A repository that has the blob, by host and digest. */
  readonly #places = new Map<string, Repository>();
  readonly #mounts = new HostSupport(MAX_REFUSED_MOUNTS);
  readonly #checks = new BlobChecks();
  readonly #perRepository = new SingleFlight<string, CopyMethod>();
  readonly #perHost = new SingleFlight<string, CopyMethod>();

  constructor(ports: BlobPorts) {
    this.#ports = ports;
    this.#uploads = new UploadOpener(ports.destination);
    this.#transfer = new BlobTransfer({ ...ports, uploads: this.#uploads });
  }

  /** Resolves when the blob is at the destination. Throws what the last attempt threw. */
  copy(task: BlobTask, signal: AbortSignal): Promise<CopyMethod> {
    const work = async () => {
      this.#ports.stopping.throwIfAborted();
      const method = await this.#copyOnce(task, signal);
      this.#remember(task);
      return method;
    };
    const hasSiblings = task.siblings !== undefined && task.siblings.length > 0;
    return hasSiblings
      ? this.#perRepository.runAfter(keyOf(task), work) // another image that shares the blob may have none
      : this.#perRepository.run(keyOf(task), work);
  }

  /** Copies a blob that the registry denies having, without a mount: that may be what went wrong. */
  copyAgain(task: BlobTask, signal: AbortSignal): Promise<CopyMethod> {
    this.#perRepository.forget(keyOf(task));
    return this.#perRepository.run(keyOf(task), async () => {
      if (await this.#exists(task, signal)) return 'exists';
      const opened = await this.#ports.destination.startUpload(task.destination, signal);
      return this.#transfer.run(task, { signal, opened });
    });
  }

  /** Uploads a blob that the registry may say it has, because it serves damaged bytes. */
  replace(task: TransferTask, signal: AbortSignal): Promise<CopyMethod> {
    return this.#transfer.run({ ...task, force: true }, { signal, opened: undefined });
  }

  async #copyOnce(task: BlobTask, signal: AbortSignal): Promise<CopyMethod> {
    const host = hostOf(task.destination);
    const neighbour = task.sources.find((source) => hostOf(source) === host);
    if (neighbour !== undefined) return this.#mount(task, neighbour, signal);
    this.#ports.supply.arrive(task.blob, host, this.#expectedHosts(task));
    try {
      return await this.#copyFirstOrMount(task, signal);
    } finally {
      this.#ports.supply.settle(task.blob, host);
    }
  }

  async #copyFirstOrMount(task: BlobTask, signal: AbortSignal): Promise<CopyMethod> {
    const key = hostKeyOf(hostOf(task.destination), task);
    const first = this.#perHost.get(key);
    if (first === undefined) return this.#perHost.run(key, () => this.#copyFirst(task, signal));
    await first.catch(() => {}); // its own repository reports the failure
    const place = this.#places.get(key);
    return place === undefined ? this.#checkThenTransfer(task, signal) : this.#mount(task, place, signal);
  }

  /** Hosts whose first repository has not begun. */
  #expectedHosts(task: BlobTask): readonly string[] {
    return Array.from(task.hosts).filter((host) => this.#perHost.get(hostKeyOf(host, task)) === undefined);
  }

  /**
   * Small blobs that are most likely absent are sent without a HEAD request: those of a new repository, or of one that had
   * none of the blobs checked so far, and configs, which few images share. A run that broke off may have left them, and
   * they are soon sent again. One that cannot be sent may exist nevertheless.
   */
  async #copyFirst(task: BlobTask, signal: AbortSignal): Promise<CopyMethod> {
    const isAbsent = task.isNew || isConfigType(task.blob.mediaType);
    const method = await (isAbsent && isSmall(task)
      ? this.#transferThenCheck(task, signal)
      : this.#checkThenTransfer(task, signal));
    this.#remember(task); // before the repositories that wait for this one go on
    return method;
  }

  #remember(task: BlobTask): void {
    const key = hostKeyOf(hostOf(task.destination), task);
    if (!this.#places.has(key)) this.#places.set(key, task.destination);
  }

  async #mount(task: BlobTask, from: Repository, signal: AbortSignal): Promise<CopyMethod> {
    const { destination } = task;
    if (from === destination) return 'exists';
    const mounted = await this.#mounts.attempt(hostOf(destination), async () => {
      const answer = await this.#requestMount(task, from, signal);
      return { honoured: answer === 'mounted', answer };
    });
    if (mounted === 'mounted') return 'mounted';
    if (mounted === undefined || mounted === 'refused') return this.#checkThenTransfer(task, signal);
    // status 202 does not say that the blob is absent
    if (await this.#exists(task, signal)) {
      await this.#ports.destination.cancelUpload(mounted, signal);
      return 'exists';
    }
    return this.#transfer.run(task, { signal, opened: mounted });
  }

  /** A registry that refuses a mount, without access to the other repository for example, may take an upload. */
  async #requestMount(
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

  #exists(task: BlobTask, signal: AbortSignal): Promise<boolean> {
    return holdsBlob(this.#ports.destination, task, signal);
  }

  async #transferThenCheck(task: BlobTask, signal: AbortSignal): Promise<CopyMethod> {
    try {
      return await this.#transfer.run(task, { signal, opened: undefined });
    } catch (error) {
      const exists = !signal.aborted && (await this.#exists(task, signal).catch(() => false));
      if (exists) return 'exists';
      throw error;
    }
  }

  async #checkThenTransfer(task: BlobTask, signal: AbortSignal): Promise<CopyMethod> {
    if (!this.#uploads.findsBlobs(hostOf(task.destination))) {
      const head = () => holdsBlob(this.#ports.destination, task, signal);
      const checks = this.#checks;
      const exists = await (isSmall(task)
        ? checks.runIfWorthwhile(task.destination, head)
        : checks.run(task.destination, head));
      if (exists === true) return 'exists';
      if (exists === undefined) return this.#transferThenCheck(task, signal);
    }
    return this.#transfer.run(task, { signal, opened: undefined });
  }
}

function isSmall({ blob: { size } }: BlobTask): boolean {
  return size <= MAX_UNCHECKED && size !== UNKNOWN_SIZE;
}

function keyOf({ destination, blob }: BlobTask): string {
  return `${destination} ${blob.digest}`;
}

function hostKeyOf(host: string, { blob }: BlobTask): string {
  return `${host} ${blob.digest}`;
}
