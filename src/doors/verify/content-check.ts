import { allSettledOrThrow } from '../../base/concurrency.ts';
import { CodedError } from '../../base/errors.ts';
import { SingleFlight } from '../../base/single-flight.ts';
import type { Descriptor } from '../../image/descriptor.ts';
import type { Digest } from '../../image/digest.ts';
import { isManifestType } from '../../image/media-types.ts';
import { isWellFormed, parseReferences, UNKNOWN_SIZE } from '../../image/oci-manifest.ts';
import type { Repository } from '../../image/repository.ts';
import type { ReadRegistry } from '../../ports/registry.ts';

export class ContentError extends CodedError<'too-deep'> {}

/** Indexes may be nested; deeper than this is an attack or a mistake. */
const MAX_DEPTH = 8;

/** Throws where an index is nested deeper than any use. */
export function refuseDepth(digest: Digest, depth: number): void {
  if (depth <= MAX_DEPTH) return;
  throw new ContentError('too-deep', `manifest ${digest} is the ${depth}th index within an index`);
}

/** Looks at what manifests of one repository lead to: each manifest is read once, each blob asked for once. */
export class ContentCheck {
  readonly #repository: Repository;
  readonly #registry: ReadRegistry;
  readonly #reads: boolean;
  readonly #manifests = new SingleFlight<Digest, readonly string[]>();
  readonly #blobs = new SingleFlight<string, boolean>();

  /** `reads`: a byte of each blob is read, since a HEAD may be answered from memory for a blob whose data is gone. */
  constructor(repository: Repository, registry: ReadRegistry, { reads }: { readonly reads: boolean }) {
    this.#repository = repository;
    this.#registry = registry;
    this.#reads = reads;
  }

  /**
   * What is not there of a manifest and all that it leads to: `blob sha256:…`. A nondistributable layer with `urls` may
   * be elsewhere.
   *
   * Throws what the registry throws, and for a manifest that cannot be read.
   */
  findMissing(digest: Digest, signal: AbortSignal): Promise<readonly string[]> {
    return this.#findMissing(digest, 0, signal);
  }

  #findMissing(digest: Digest, depth: number, signal: AbortSignal): Promise<readonly string[]> {
    return this.#manifests.run(digest, async () => {
      refuseDepth(digest, depth);
      const manifest = await this.#registry.fetchManifest(this.#repository, digest, signal);
      if (manifest === undefined) return [`manifest ${digest}`];
      const { blobs, manifests } = parseReferences(manifest);
      const missing = await allSettledOrThrow<readonly string[]>([
        ...manifests.map((entry) => this.#findMissingEntry(entry, depth + 1, signal)),
        ...blobs.map((blob) => this.#findMissingBlob(blob, signal)),
      ]);
      return Array.from(new Set(missing.flat()));
    });
  }

  async #findMissingEntry(entry: Descriptor, depth: number, signal: AbortSignal): Promise<readonly string[]> {
    return (await this.#isBlob(entry, signal)) ? [] : this.#findMissing(entry.digest, depth, signal);
  }

  /** An entry of unknown type is a blob where the repository has it as a blob and not as a manifest. */
  async #isBlob(entry: Descriptor, signal: AbortSignal): Promise<boolean> {
    if (isManifestType(entry.mediaType)) return false;
    const reading = this.#registry.fetchManifest(this.#repository, entry.digest, signal);
    const manifest = await reading.catch(() => undefined);
    signal.throwIfAborted();
    if (manifest !== undefined && isWellFormed(manifest)) return false;
    return (await this.#findMissingBlob(entry, signal)).length === 0;
  }

  async #findMissingBlob(blob: Descriptor, signal: AbortSignal): Promise<readonly string[]> {
    const { digest, size } = blob;
    const isThere = await this.#blobs.run(`${digest} ${size}`, () => this.#hasBlob(blob, signal));
    return isThere ? [] : [size === UNKNOWN_SIZE ? `blob ${digest}` : `blob ${digest} of ${size} bytes`];
  }

  async #hasBlob(blob: Descriptor, signal: AbortSignal): Promise<boolean> {
    if (!this.#reads) return this.#registry.hasBlob(this.#repository, blob, signal);
    const check = { blob, extent: 'end' } as const;
    return (await this.#registry.checkBlob(this.#repository, check, signal)) === 'sound';
  }
}
