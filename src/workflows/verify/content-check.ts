import { settleWhile } from '../../base/concurrency.ts';
import { CodedError, mostInformative } from '../../base/errors.ts';
import { SingleFlight } from '../../base/single-flight.ts';
import type { Descriptor } from '../../image/descriptor.ts';
import type { Digest } from '../../image/digest.ts';
import { isManifestType } from '../../image/media-types.ts';
import { ImageSize, isWellFormed, parseReferences, UNKNOWN_SIZE } from '../../image/oci-manifest.ts';
import type { Repository } from '../../image/repository.ts';
import type { ReadRegistry } from '../../ports/registry.ts';

/** The missing content of an image. */
export interface Missing {
  /** `blob sha256:…`, each once. */
  readonly names: readonly string[];
  /** Number of manifests and blobs that were not checked. */
  readonly left: number;
}

export class ContentError extends CodedError<'too-deep'> {}

/** Indexes may be nested, but deeper nesting is an attack or a mistake. */
const MAX_DEPTH = 8;

/** Throws for an index that is nested too deep. */
export function refuseDepth(digest: Digest, depth: number): void {
  if (depth <= MAX_DEPTH) return;
  throw new ContentError('too-deep', `manifest ${digest} is the ${depth}th index within an index`);
}

/** Checks the content of manifests of one repository. Each manifest is read once, each blob queried once. */
export class ContentCheck {
  readonly #repository: Repository;
  readonly #registry: ReadRegistry;
  readonly #reads: boolean;
  readonly #manifests = new SingleFlight<Digest, Missing>();
  readonly #blobs = new SingleFlight<string, boolean>();

  /** `reads`: reads a byte of each blob, because a cache may answer HEAD for a blob whose data is gone. */
  constructor(repository: Repository, registry: ReadRegistry, { reads }: { readonly reads: boolean }) {
    this.#repository = repository;
    this.#registry = registry;
    this.#reads = reads;
  }

  /**
   * The missing content of a manifest and of everything that it references. A nondistributable layer with `urls` may be
   * elsewhere. After the first missing part of a manifest its other parts are not queried.
   *
   * Throws the errors of the registry, and for a manifest that cannot be parsed.
   */
  findMissing(digest: Digest, signal: AbortSignal): Promise<Missing> {
    return this.#findMissing(digest, { depth: 0, size: new ImageSize(digest) }, signal);
  }

  #findMissing(digest: Digest, { depth, size }: Within, signal: AbortSignal): Promise<Missing> {
    return this.#manifests.run(digest, async () => {
      refuseDepth(digest, depth);
      const manifest = await this.#registry.fetchManifest(this.#repository, digest, signal);
      if (manifest === undefined) return { names: [`manifest ${digest}`], left: 0 };
      const references = parseReferences(manifest);
      size.add(references);
      const within = { depth: depth + 1, size };
      return findInParts([
        ...references.manifests.map((entry) => () => this.#findMissingEntry(entry, within, signal)),
        ...references.blobs.map((blob) => () => this.#findMissingBlob(blob, signal)),
      ]);
    });
  }

  async #findMissingEntry(entry: Descriptor, within: Within, signal: AbortSignal): Promise<Missing> {
    return (await this.#isBlob(entry, signal)) ? NOTHING : this.#findMissing(entry.digest, within, signal);
  }

  /** An entry of unknown type is a blob if the repository has it as a blob and not as a manifest. */
  async #isBlob(entry: Descriptor, signal: AbortSignal): Promise<boolean> {
    if (isManifestType(entry.mediaType)) return false;
    const reading = this.#registry.fetchManifest(this.#repository, entry.digest, signal);
    const manifest = await reading.catch(() => undefined);
    signal.throwIfAborted();
    if (manifest !== undefined && isWellFormed(manifest)) return false;
    return (await this.#findMissingBlob(entry, signal)) === NOTHING;
  }

  async #findMissingBlob(blob: Descriptor, signal: AbortSignal): Promise<Missing> {
    const { digest, size } = blob;
    const isThere = await this.#blobs.run(`${digest} ${size}`, () => this.#hasBlob(blob, signal));
    if (isThere) return NOTHING;
    return { names: [size === UNKNOWN_SIZE ? `blob ${digest}` : `blob ${digest} of ${size} bytes`], left: 0 };
  }

  async #hasBlob(blob: Descriptor, signal: AbortSignal): Promise<boolean> {
    if (!this.#reads) return this.#registry.hasBlob(this.#repository, blob, signal);
    const check = { blob, extent: 'end' } as const;
    return (await this.#registry.checkBlob(this.#repository, check, signal)) === 'sound';
  }
}

const NOTHING: Missing = { names: [], left: 0 };

/** The place of a manifest in an image. */
interface Within {
  readonly depth: number;
  /** The size of the image so far. */
  readonly size: ImageSize;
}

/** Concurrent queries for the parts of one manifest: as many as the concurrent requests to a host. */
const WORKERS = 32;

async function findInParts(parts: readonly (() => Promise<Missing>)[]): Promise<Missing> {
  const names = new Set<string>();
  let leftBelow = 0;
  const tasks = parts.map((look) => async () => {
    const missing = await look();
    for (const name of missing.names) names.add(name);
    leftBelow += missing.left;
  });
  const { thrown, left } = await settleWhile(tasks, { workers: WORKERS, goOn: () => names.size === 0 });
  if (thrown.length > 0) throw mostInformative(thrown);
  return { names: Array.from(names), left: left + leftBelow };
}
