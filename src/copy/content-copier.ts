import { Backoff } from '../base/backoff.ts';
import { abortedAfter } from '../base/errors.ts';
import { UPLOAD_RETRY } from '../base/limits-and-retries.ts';
import { SingleFlight } from '../base/single-flight.ts';
import { listSome } from '../base/text.ts';
import type { Descriptor } from '../image/descriptor.ts';
import type { Digest } from '../image/digest.ts';
import { isIndexType, isManifestType } from '../image/media-types.ts';
import { ImageSize, isWellFormed, parseReferences, type RawManifest } from '../image/oci-manifest.ts';
import type { Clock } from '../ports/clock.ts';
import type { ManifestPut, ReadRegistry, WriteRegistry, WrittenManifest } from '../ports/registry.ts';
import { RegistryError } from '../ports/registry-error.ts';
import type { Spool } from '../ports/spool.ts';
import { BlobCopier, type BlobTask } from './blobs/blob-copier.ts';
import { BlobFanOut } from './blobs/blob-fan-out.ts';
import { copyParts } from './copy-parts.ts';
import { CopyError } from './outcome.ts';

export interface ContentPorts {
  readonly source: ReadRegistry;
  readonly destination: WriteRegistry;
  /** Files for large blobs that several hosts want. */
  readonly spool: Spool;
  readonly clock: Clock;
  /** Concurrent requests of the transport, and so the limit of concurrent transfers to one host. */
  readonly threads: number;
  /** No manifest or blob is started once it aborts. Requests in flight are finished. */
  readonly stopping: AbortSignal;
}

export interface ContentTask extends Omit<BlobTask, 'blob' | 'force'> {
  readonly digest: Digest;
}

/** Indexes may be nested; deeper than this is an attack or a mistake. */
const MAX_DEPTH = 8;

/**
 * Copies the content of a manifest: blobs and child manifests first, the manifest last, its bytes unchanged. Each
 * manifest is copied once per repository.
 */
export class ContentCopier {
  readonly blobs: BlobCopier;
  readonly #ports: ContentPorts;
  readonly #fanOut: BlobFanOut;
  readonly #children = new SingleFlight<string, void>();

  constructor(ports: ContentPorts) {
    const { destination, clock, threads, stopping } = ports;
    this.#ports = ports;
    this.#fanOut = new BlobFanOut(ports);
    this.blobs = new BlobCopier({
      supply: this.#fanOut,
      destination,
      clock,
      transfers: threads,
      stopping,
    });
  }

  /** Resolves when no file is left in the spool. */
  close(): Promise<void> {
    return this.#fanOut.close();
  }

  /** The manifest at the root of the task, after everything below it has been copied. */
  copyBelow(task: ContentTask, signal: AbortSignal): Promise<RawManifest> {
    return this.#copyBelow(asRoot(task), signal);
  }

  /** The manifest at the root of the task, from a source or else from the destination itself. */
  async readRoot(task: ContentTask, signal: AbortSignal): Promise<RawManifest> {
    return this.#read({ ...task, sources: [task.destination, ...task.sources] }, signal);
  }

  /** Copies everything below a manifest that was read before, then writes it. */
  async send(task: ContentTask, put: ManifestPut, signal: AbortSignal): Promise<WrittenManifest> {
    this.#ports.stopping.throwIfAborted();
    await this.#copyReferences(asRoot(task), { manifest: put.manifest, again: false }, signal);
    return this.put(task, put, signal);
  }

  /**
   * Writes a manifest under a reference. If the registry reports missing blobs or children, they are copied again and
   * the manifest is written again: some registries see uploaded content with a delay.
   */
  async put(task: ContentTask, put: ManifestPut, signal: AbortSignal): Promise<WrittenManifest> {
    const written = await this.#putOrMissing(task, put, signal);
    if (!(written instanceof RegistryError)) return written;
    await this.#copyReferences(asRoot(task), { manifest: put.manifest, again: true }, signal);
    const backoff = new Backoff(this.#ports.clock, UPLOAD_RETRY);
    for (;;) {
      const missing = await this.#putOrMissing(task, put, signal);
      if (!(missing instanceof RegistryError)) return missing;
      const { status, retryAfterMs: retryAfter } = missing;
      const delay = backoff.delayAfter({ status, retryAfter });
      if (delay === undefined) throw explainMissing(put.manifest, missing);
      await this.#wait(delay, missing, signal);
    }
  }

  /** An error if the registry reports missing content. */
  async #putOrMissing(
    { destination }: ContentTask,
    put: ManifestPut,
    signal: AbortSignal,
  ): Promise<WrittenManifest | RegistryError> {
    try {
      return await this.#ports.destination.putManifest(destination, put, signal);
    } catch (error) {
      if (error instanceof RegistryError && error.code === 'unknown-blob') return error;
      throw error;
    }
  }

  async #wait(milliseconds: number, failure: RegistryError, signal: AbortSignal): Promise<void> {
    try {
      await this.#ports.clock.sleep(milliseconds, signal);
    } catch (error) {
      throw abortedAfter(failure, error, signal);
    }
  }

  async #copyBelow(task: Deep, signal: AbortSignal): Promise<RawManifest> {
    this.#ports.stopping.throwIfAborted();
    const manifest = await this.#read(task, signal);
    await this.#copyReferences(task, { manifest, again: false }, signal);
    return manifest;
  }

  async #copyReferences(
    task: Deep,
    { manifest, again }: { readonly manifest: RawManifest; readonly again: boolean },
    signal: AbortSignal,
  ): Promise<void> {
    const references = parseReferences(manifest);
    task.size.add(references);
    const copyBlob = (blob: Descriptor) =>
      again ? this.blobs.copyAgain({ ...task, blob }, signal) : this.blobs.copy({ ...task, blob }, signal);
    const copyEntry = async (entry: Descriptor) => {
      if (await this.#isBlob(entry, task, signal)) return void (await copyBlob(entry));
      const child = childOf(task, entry);
      if (again) this.#children.forget(keyOf(child));
      await this.#copyChild(child, signal);
    };
    await copyParts(task.digest, [
      ...references.blobs.map((blob) => () => copyBlob(blob)),
      ...references.manifests.map((entry) => () => copyEntry(entry)),
    ]);
  }

  /** An entry of unknown type is a blob if a source has it as a blob and none as a manifest. */
  async #isBlob(entry: Descriptor, task: ContentTask, signal: AbortSignal): Promise<boolean> {
    if (isManifestType(entry.mediaType)) return false;
    const manifest = await this.#read({ ...task, digest: entry.digest }, signal).catch(() => undefined);
    signal.throwIfAborted();
    if (manifest !== undefined && isWellFormed(manifest)) return false;
    for (const source of [...task.sources, ...(task.siblings ?? [])]) {
      if (await this.#ports.source.hasBlob(source, entry, signal)) return true;
    }
    return false;
  }

  #copyChild(task: Deep, signal: AbortSignal): Promise<void> {
    const work = async () => {
      const manifest = await this.#copyBelow(task, signal);
      await this.put(task, { reference: task.digest, manifest }, signal);
    };
    const hasSiblings = task.siblings !== undefined && task.siblings.length > 0;
    return hasSiblings
      ? this.#children.runAfter(keyOf(task), work) // another index that shares the child may have none
      : this.#children.run(keyOf(task), work);
  }

  /** Throws the first error of the sources if none has the manifest. */
  async #read(task: ContentTask, signal: AbortSignal): Promise<RawManifest> {
    const { digest, sources, siblings = [] } = task;
    let failure: RegistryError | undefined;
    for (const repository of [...sources, ...siblings]) {
      try {
        const manifest = await this.#ports.source.fetchManifest(repository, digest, signal);
        if (manifest === undefined) continue;
        if (siblings.includes(repository)) task.onSibling?.(repository);
        return manifest;
      } catch (error) {
        if (!(error instanceof RegistryError)) throw error;
        failure ??= error;
      }
    }
    const siblingsToo = siblings.length === 0 ? '' : `, nor at ${siblings.length} other destinations`;
    throw (
      failure ?? new CopyError('missing', `manifest ${digest} is not in ${listSome(sources)}${siblingsToo}`)
    );
  }
}

/** A manifest within an image; `size` is that of the image. */
type Deep = ContentTask & { readonly depth: number; readonly size: ImageSize };

function asRoot(task: ContentTask): Deep {
  return { ...task, depth: 0, size: new ImageSize(task.digest) };
}

function childOf(task: Deep, { digest }: Descriptor): Deep {
  if (task.depth >= MAX_DEPTH) {
    throw new CopyError('too-deep', `manifest ${task.digest} is the ${MAX_DEPTH}th index within an index`);
  }
  return { ...task, digest, depth: task.depth + 1 };
}

function keyOf({ destination, digest }: ContentTask): string {
  return `${destination} ${digest}`;
}

/** Distribution 3 takes no index that lists blobs, and reports them as missing. */
function explainMissing(manifest: RawManifest, missing: RegistryError): Error {
  if (!isIndexType(manifest.mediaType) || parseReferences(manifest).blobs.length === 0) return missing;
  const advice =
    'the index lists blobs, which this registry may not allow: export build caches with image-manifest=true';
  return new CopyError('blobs-in-index', `${missing.message}: ${advice}`);
}
