import type { Digest } from '../../image/digest.ts';
import { hostOf, type Repository } from '../../image/repository.ts';
import type { UploadSession, WriteRegistry } from '../../ports/registry.ts';
import { RegistryError } from '../../ports/registry-error.ts';

/**
 * Opens uploads by asking for the blob from anywhere on the host: an anonymous mount costs what an upload costs to
 * open, is answered with one where the registry does not do that, and tells in passing which hosts do.
 */
export class UploadOpener {
  readonly #registry: WriteRegistry;
  /** Hosts that have honoured a mount which names no repository. */
  readonly #honouring = new Set<string>();
  /** Hosts that take such a mount for a mistake. */
  readonly #denying = new Set<string>();

  constructor(registry: WriteRegistry) {
    this.#registry = registry;
  }

  /** True where to open an upload tells as much as to ask whether the blob is there. */
  tellsWhatIsThere(host: string): boolean {
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

/** An answer that a plain upload may not meet: one for want of rights it would. */
function isDenial({ code, status }: RegistryError): boolean {
  return (code === 'refused' || code === 'unexpected') && status !== undefined;
}
