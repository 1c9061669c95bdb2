import pLimit, { type LimitFunction } from 'p-limit';
import { allSettledOrThrow } from '../../../base/concurrency.ts';
import { SingleFlight } from '../../../base/single-flight.ts';
import type { Descriptor } from '../../../image/descriptor.ts';
import type { Digest } from '../../../image/digest.ts';
import { isManifestType } from '../../../image/media-types.ts';
import { isWellFormed, parseReferences, type RawManifest } from '../../../image/oci-manifest.ts';
import type { Repository } from '../../../image/repository.ts';
import type { BlobCondition, ReadRegistry } from '../../../ports/registry.ts';
import { RegistryError } from '../../../ports/registry-error.ts';
import { refuseDepth } from '../content-check.ts';
import { type BlobPiece, type Examination, type FlawedImage, isDamage } from './examination.ts';

/**
 * Finds the damage to images by reading all of their content at the destination, and finds a source for each piece. A
 * HEAD is not enough, because registries may answer it from a cache.
 */
export class Examiner {
  readonly #source: ReadRegistry;
  readonly #destination: ReadRegistry;
  /** Limits concurrent reads of blobs, which may be large. */
  readonly #reads: LimitFunction;
  readonly #manifests = new SingleFlight<string, Examination>();
  readonly #blobs = new SingleFlight<string, BlobPiece | undefined>();

  constructor(
    { source, destination }: { readonly source: ReadRegistry; readonly destination: ReadRegistry },
    { workers }: { readonly workers: number },
  ) {
    this.#source = source;
    this.#destination = destination;
    this.#reads = pLimit(workers);
  }

  /** Throws the errors of the destination's registry, and for a manifest that cannot be parsed. */
  examine(image: FlawedImage, signal: AbortSignal): Promise<Examination> {
    return this.#examine(image, 0, signal);
  }

  #examine(image: FlawedImage, depth: number, signal: AbortSignal): Promise<Examination> {
    const { destination, digest } = image;
    return this.#manifests.run(`${destination} ${digest}`, async () => {
      refuseDepth(digest, depth);
      const there = await this.#readManifest(destination, digest, signal);
      const found = there.manifest === undefined ? await this.#findManifest(image, signal) : undefined;
      const { condition, manifest = found?.manifest } = there;
      const below = await this.#examineBelow(image, { manifest, depth }, signal);
      const isIntact = condition === 'sound' && below.blobs.length + below.children.length === 0;
      const from = condition === 'sound' ? destination : found?.from;
      const piece = { kind: 'manifest', digest, condition, from, isBlocked: isBlockedBy(below) } as const;
      return { digest, manifest, piece: isIntact ? undefined : piece, ...below };
    });
  }

  async #examineBelow(
    image: FlawedImage,
    { manifest, depth }: { readonly manifest: RawManifest | undefined; readonly depth: number },
    signal: AbortSignal,
  ): Promise<Pick<Examination, 'blobs' | 'children'>> {
    if (manifest === undefined) return { blobs: [], children: [] };
    const references = parseReferences(manifest);
    const entries = await allSettledOrThrow(
      references.manifests.map(async (entry) => ({
        entry,
        isBlob: await this.#isBlob(image, entry, signal),
      })),
    );
    const listed = entries.flatMap(({ entry, isBlob }) => (isBlob ? [entry] : []));
    const manifests = entries.flatMap(({ entry, isBlob }) => (isBlob ? [] : [entry]));
    const [blobs, children] = await Promise.all([
      allSettledOrThrow(
        [...references.blobs, ...listed].map((blob) => this.#examineBlob(image, blob, signal)),
      ),
      allSettledOrThrow(
        manifests.map(({ digest }) => this.#examine({ ...image, digest }, depth + 1, signal)),
      ),
    ]);
    return {
      blobs: blobs.filter((piece) => piece !== undefined),
      children: children.filter(({ piece }) => piece !== undefined),
    };
  }

  /** An entry of unknown type is a blob if a repository has it as a blob and none as a manifest. */
  async #isBlob(
    { destination, sources }: FlawedImage,
    entry: Descriptor,
    signal: AbortSignal,
  ): Promise<boolean> {
    if (isManifestType(entry.mediaType)) return false;
    const there = await this.#readManifest(destination, entry.digest, signal);
    if (there.manifest !== undefined && isWellFormed(there.manifest)) return false;
    const image = { destination, digest: entry.digest, sources };
    const found = await this.#findManifest(image, signal);
    if (found !== undefined && isWellFormed(found.manifest)) return false;
    if (await this.#destination.hasBlob(destination, entry, signal)) return true;
    const from = await firstOf(sources, (source) => this.#source.hasBlob(source, entry, signal));
    return from !== undefined;
  }

  /** Undefined for an intact blob. */
  #examineBlob(
    { destination, sources }: FlawedImage,
    blob: Descriptor,
    signal: AbortSignal,
  ): Promise<BlobPiece | undefined> {
    const { digest, size } = blob;
    return this.#blobs.run(`${destination} ${digest} ${size}`, async () => {
      const check = { blob, extent: 'whole' } as const;
      const condition = await this.#reads(() => this.#destination.checkBlob(destination, check, signal));
      if (condition === 'sound') return undefined;
      const from = await firstOf(sources, (source) => this.#source.hasBlob(source, blob, signal));
      return { kind: 'blob', digest, blob, condition, from };
    });
  }

  /** A manifest with wrong bytes, or one that the registry cannot serve, is damaged. */
  async #readManifest(
    repository: Repository,
    digest: Digest,
    signal: AbortSignal,
  ): Promise<{ readonly condition: BlobCondition; readonly manifest?: RawManifest }> {
    try {
      const manifest = await this.#destination.fetchManifest(repository, digest, signal);
      return manifest === undefined ? { condition: 'missing' } : { condition: 'sound', manifest };
    } catch (error) {
      if (!isDamage(error)) throw error;
      return { condition: 'damaged' };
    }
  }

  async #findManifest(
    { sources, digest }: FlawedImage,
    signal: AbortSignal,
  ): Promise<{ readonly manifest: RawManifest; readonly from: Repository } | undefined> {
    let manifest: RawManifest | undefined;
    const from = await firstOf(sources, async (source) => {
      manifest = await this.#source.fetchManifest(source, digest, signal);
      return manifest !== undefined;
    });
    return from === undefined || manifest === undefined ? undefined : { manifest, from };
  }
}

function isBlockedBy({ blobs, children }: Pick<Examination, 'blobs' | 'children'>): boolean {
  const isOut = ({ piece }: Examination) => piece?.from === undefined || piece.isBlocked;
  return blobs.some(({ from }) => from === undefined) || children.some(isOut);
}

/** The first source that has something. A source that does not answer counts as one without it. */
async function firstOf(
  sources: readonly Repository[],
  has: (source: Repository) => Promise<boolean>,
): Promise<Repository | undefined> {
  for (const source of sources) {
    try {
      if (await has(source)) return source;
    } catch (error) {
      if (!(error instanceof RegistryError)) throw error;
    }
  }
  return undefined;
}
