import { forEachConcurrently, forEachInLanes } from '../base/concurrency.ts';
import { isAbort, messageOf } from '../base/errors.ts';
import type { Digest } from '../image/digest.ts';
import { ImageSize } from '../image/image-size.ts';
import {
  isWellFormed,
  ManifestError,
  parseReferences,
  type References,
  UNKNOWN_SIZE,
} from '../image/oci-manifest.ts';
import { formatReference } from '../image/reference.ts';
import { edgeId } from '../plan/plan.ts';
import type { ReadRegistry } from '../ports/registry.ts';
import type { Found } from './finding.ts';
import { type ImageToCopy, imagesToCopy, sourceHostOf } from './images-to-copy.ts';
import type { PlanRule } from './rule.ts';
import { firstFound, MAX_DEPTH, TOO_DEEP } from './source-walk.ts';

const MIB = 1024 * 1024;

/**
 * Blocks images whose compressed size is above `limit` bytes: config and layers, of an index those of its largest
 * platform. Each manifest is read once. An image whose size cannot be read is blocked too.
 */
export function maxImageSize(limit: number): PlanRule {
  return {
    name: 'max-image-size',
    check: async (plan, { report, source, progress, workers }, signal) => {
      const images = imagesToCopy(plan);
      progress.begin('proof', images.length);
      await forEachInLanes(images, { laneOf: sourceHostOf, workers, signal }, async (image) => {
        const found = await judge(image, { limit, source }, signal);
        if (found !== undefined) report(found);
        progress.advance();
      });
      progress.end();
    },
  };
}

async function judge(
  image: ImageToCopy,
  { limit, source }: { readonly limit: number; readonly source: ReadRegistry },
  signal: AbortSignal,
): Promise<Found | undefined> {
  const { digest, sources, edges } = image;
  const name = sources[0] === undefined ? digest : formatReference(sources[0], digest);
  const concerns = { level: 'error', at: edges[0]?.at[0], edges: edges.map(edgeId) } as const;
  try {
    const size = await sizeOf(image, source, signal);
    if (size <= limit) return undefined;
    const message = `${name} has ${Math.ceil(size / MIB)} MiB, more than the limit of ${limit / MIB} MiB`;
    return { ...concerns, message, advice: 'reduce the size of the image, or raise -max-image-size' };
  } catch (error) {
    if (signal.aborted || isAbort(error, signal)) throw error;
    const message = `the size of ${name} could not be read: ${messageOf(error)}`;
    return { ...concerns, message, advice: 'see the reason, and run again' };
  }
}

/** Manifests of one image that are read concurrently. */
const WORKERS = 8;

/** Bytes of the largest manifest's blobs, level by level. */
async function sizeOf(image: ImageToCopy, source: ReadRegistry, signal: AbortSignal): Promise<number> {
  const repositories = [...image.sources, ...image.siblings];
  const seen = new Set<Digest>([image.digest]);
  const parts = new ImageSize(image.digest);
  let largest = 0;
  let level: Digest[] = [image.digest];
  for (let depth = 0; level.length > 0; depth += 1) {
    if (depth > MAX_DEPTH) throw new ManifestError('manifest-malformed', TOO_DEEP);
    const below = new Set<Digest>();
    // oxlint-disable-next-line no-await-in-loop -- a level is known when the one above it has been read
    await forEachConcurrently(level, { workers: WORKERS, signal }, async (digest) => {
      const read = await firstFound(repositories, (one) => source.fetchManifest(one, digest, signal));
      if (read === undefined || !isWellFormed(read)) return; // the copy says what is wrong
      const references = parseReferences(read);
      parts.add(references);
      largest = Math.max(largest, sizeOfBlobs(references));
      for (const child of references.manifests) below.add(child.digest);
    });
    level = Array.from(below).filter((digest) => !seen.has(digest));
    for (const digest of level) seen.add(digest);
  }
  return largest;
}

/** Manifests of schema 1 do not tell the sizes of their layers. */
function sizeOfBlobs({ blobs }: References): number {
  return blobs.reduce((sum, { size }) => (size === UNKNOWN_SIZE ? sum : sum + size), 0);
}
