import type { Descriptor } from '../image/descriptor.ts';
import type { RawManifest } from '../image/oci-manifest.ts';
import type { WriteRegistry } from '../ports/registry.ts';
import type { Route } from './blobs/blob-transfer.ts';
import { ContentCopier, type ContentPorts } from './content-copier.ts';

/** The route of one blob or manifest of an image. */
export type SendTask = Pick<Route, 'destination' | 'sources'>;

/**
 * Sends single blobs and manifests to a repository that has the image, whatever the registry says that it has. Tags are
 * not touched: manifests are written by their digest.
 */
export class ContentSender {
  readonly #destination: WriteRegistry;
  readonly #content: ContentCopier;

  constructor(ports: ContentPorts) {
    this.#destination = ports.destination;
    this.#content = new ContentCopier(ports);
  }

  close(): Promise<void> {
    return this.#content.close();
  }

  /** Uploads the bytes of a blob. Throws the error of the last attempt. */
  async sendBlob(task: SendTask, blob: Descriptor, signal: AbortSignal): Promise<void> {
    await this.#content.blobs.replace({ ...task, blob }, signal);
  }

  /** Writes a manifest by its digest, once its content is at the destination. Throws the error of the last attempt. */
  async sendManifest(task: SendTask, manifest: RawManifest, signal: AbortSignal): Promise<void> {
    const { digest } = manifest;
    const content = { ...task, digest, hosts: NONE, isNew: false };
    await this.#content.put(content, { reference: digest, manifest }, signal);
  }

  /**
   * Uploads the bytes of a manifest as those of a blob. Distribution takes a manifest of its cache for stored without
   * reading its disk; an upload reads it.
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
