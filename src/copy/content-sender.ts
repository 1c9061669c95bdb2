import type { Descriptor } from '../image/descriptor.ts';
import type { RawManifest } from '../image/oci-manifest.ts';
import type { Repository } from '../image/repository.ts';
import type { WriteRegistry } from '../ports/registry.ts';
import type { CopyPorts } from './apply-plan.ts';
import { BlobCopier } from './blobs/blob-copier.ts';
import { BlobFanOut } from './blobs/blob-fan-out.ts';
import { ContentCopier } from './content-copier.ts';

/** One piece of an image, and where it goes. */
export interface SendTask {
  readonly destination: Repository;
  /** Where it may be read from, in the order to try. */
  readonly sources: readonly Repository[];
}

/**
 * Sends single blobs and manifests to where an image is already, whatever the registry says that it has of it. Tags are
 * not touched: manifests are written by their digest.
 */
export class ContentSender {
  readonly #destination: WriteRegistry;
  readonly #supply: BlobFanOut;
  readonly #blobs: BlobCopier;
  readonly #content: ContentCopier;

  constructor(ports: Omit<CopyPorts, 'progress'>) {
    const { source, destination, clock, threads, stopping } = ports;
    this.#destination = destination;
    this.#supply = new BlobFanOut(ports);
    this.#blobs = new BlobCopier({ supply: this.#supply, destination, clock, transfers: threads, stopping });
    this.#content = new ContentCopier({ source, destination, blobs: this.#blobs, clock, stopping });
  }

  close(): Promise<void> {
    return this.#supply.close();
  }

  /** Uploads the bytes of a blob. Throws what the last attempt threw. */
  async sendBlob(task: SendTask, blob: Descriptor, signal: AbortSignal): Promise<void> {
    await this.#blobs.replace({ ...task, blob }, signal);
  }

  /** Writes a manifest by its digest, what it leads to being there. Throws what the last attempt threw. */
  async sendManifest(task: SendTask, manifest: RawManifest, signal: AbortSignal): Promise<void> {
    const { digest } = manifest;
    const content = { ...task, digest, hosts: NONE, isNew: false };
    await this.#content.put(content, { reference: digest, manifest }, signal);
  }

  /**
   * Uploads the bytes of a manifest as those of a blob. Distribution takes a manifest that its cache knows for stored
   * without a look at its disk; an upload looks.
   */
  async sendManifestAsBlob(
    { destination }: SendTask,
    manifest: RawManifest,
    signal: AbortSignal,
  ): Promise<void> {
    const { bytes, digest, mediaType } = manifest;
    const session = await this.#destination.startUpload(destination, signal);
    const blob = { digest, mediaType, size: bytes.length };
    await this.#destination.finishUpload({ session, blob, open: () => Promise.resolve(bytes) }, signal);
  }
}

const NONE: ReadonlySet<string> = new Set();
