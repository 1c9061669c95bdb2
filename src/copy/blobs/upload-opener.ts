import type { Descriptor } from '../../image/descriptor.ts';
import { UNKNOWN_SIZE } from '../../image/oci-manifest.ts';
import { hostOf, type Repository } from '../../image/repository.ts';
import type { BlobBody, UploadSession, WriteRegistry } from '../../ports/registry.ts';
import { RegistryError } from '../../ports/registry-error.ts';
import { HostSupport } from './host-support.ts';

/** Bytes up to which a blob is sent in a request that may open an upload instead: then they are sent twice. */
const MAX_SINGLE_POST = 64 * 1024;

export interface Opening {
  readonly repository: Repository;
  readonly blob: Descriptor;
  /** The bytes of a blob. */
  readonly read: () => Promise<BlobBody>;
}

/**
 * Opens uploads by a request that may make the upload needless, and costs no more where it does not.
 *
 * - A small blob is sent whole (POST `?digest=`). A registry that does not take it opens an upload.
 * - Others by an anonymous mount: a request for the blob from any repository of the host. A registry without such mounts
 *   opens an upload.
 */
export class UploadOpener {
  readonly #registry: WriteRegistry;
  /** Hosts that have honoured an anonymous mount. */
  readonly #honouring = new Set<string>();
  /** Hosts that answer an anonymous mount with an error. */
  readonly #denying = new Set<string>();
  /** Hosts that take whole blobs. */
  readonly #single = new HostSupport(1);

  constructor(registry: WriteRegistry) {
    this.#registry = registry;
  }

  /** True for a host where opening an upload finds blobs, so that a HEAD request is not needed. */
  findsBlobs(host: string): boolean {
    return this.#honouring.has(host);
  }

  async open(opening: Opening, signal: AbortSignal): Promise<'mounted' | 'stored' | UploadSession> {
    const { blob, repository } = opening;
    const isSmall = blob.size <= MAX_SINGLE_POST && blob.size !== UNKNOWN_SIZE;
    const sent =
      isSmall && !this.findsBlobs(hostOf(repository)) ? await this.#sendWhole(opening, signal) : undefined;
    return sent ?? this.#mountAnywhere(opening, signal);
  }

  /** Undefined for a host that does not take whole blobs. */
  async #sendWhole(
    { repository, blob: { digest }, read }: Opening,
    signal: AbortSignal,
  ): Promise<'stored' | UploadSession | undefined> {
    return this.#single.attempt(hostOf(repository), async () => {
      const bytes = await read();
      if (!(bytes instanceof Uint8Array)) return { honoured: false, answer: undefined };
      try {
        const answer = await this.#registry.putBlob(repository, { digest, bytes }, signal);
        return { honoured: answer === 'stored', answer };
      } catch (error) {
        if (!(error instanceof RegistryError) || !isDenial(error)) throw error;
        return { honoured: false, answer: undefined };
      }
    });
  }

  async #mountAnywhere(
    { repository, blob: { digest } }: Opening,
    signal: AbortSignal,
  ): Promise<'mounted' | UploadSession> {
    const host = hostOf(repository);
    if (this.#denying.has(host)) return this.#registry.startUpload(repository, signal);
    try {
      const opened = await this.#registry.mountBlob(repository, { digest }, signal);
      if (opened === 'mounted') this.#honouring.add(host);
      return opened;
    } catch (error) {
      if (!(error instanceof RegistryError) || !isDenial(error)) throw error;
      const session = await this.#registry.startUpload(repository, signal);
      this.#denying.add(host);
      return session;
    }
  }
}

/** True for an error that a plain upload may not meet. It would meet one about missing access. */
function isDenial({ code, status }: RegistryError): boolean {
  return (code === 'refused' || code === 'unexpected') && status !== undefined;
}
