import type { Digest } from '../../image/digest.ts';
import { hostOf, type Repository } from '../../image/repository.ts';
import type { UploadSession, WriteRegistry } from '../../ports/registry.ts';
import { RegistryError } from '../../ports/registry-error.ts';

/**
 * Opens uploads by an anonymous mount: a request for the blob from any repository of the host. It costs one request as
 * an upload does, and a registry without such mounts answers it with an upload.
 */
export class UploadOpener {
  readonly #registry: WriteRegistry;
  /** Hosts that have honoured an anonymous mount. */
  readonly #honouring = new Set<string>();
  /** Hosts that answer an anonymous mount with an error. */
  readonly #denying = new Set<string>();

  constructor(registry: WriteRegistry) {
    this.#registry = registry;
  }

  /** True for a host where opening an upload finds blobs, so that a HEAD request is not needed. */
  findsBlobs(host: string): boolean {
    return this.#honouring.has(host);
  }

  async open(
    repository: Repository,
    digest: Digest,
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
