import { forEachConcurrently, forEachInLanes } from '../base/concurrency.ts';
import type { Descriptor } from '../image/descriptor.ts';
import { isWellFormed, parseReferences, type References, UNKNOWN_SIZE } from '../image/oci-manifest.ts';
import { formatReference } from '../image/reference.ts';
import { edgeId } from '../plan/plan.ts';
import type { ReadRegistry } from '../ports/registry.ts';
import { orUnreadable } from '../ports/unreadable.ts';
import { type ImageToCopy, imagesToCopy, sourceHostOf } from './images-to-copy.ts';
import type { Found, PlanRule } from './rule.ts';
import { firstFound, walkLevels } from './source-walk.ts';

const MIB = 1024 * 1024;

/**
 * Blocks images whose compressed size exceeds `limit` bytes: the config and layers, for an index those of its largest
 * platform. Each manifest is read once. An image whose size cannot be read is blocked too.
 */
export function maxImageSize(limit: number): PlanRule {
  return {
    name: 'max-image-size',
    level: 'error',
    readsManifests: true,
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
  const concerns = { at: edges[0]?.at[0], edges: edges.map(edgeId) };
  const size = await orUnreadable(sizeOf(image, source, signal), signal);
  if (typeof size !== 'number') {
    const message = `the size of ${name} could not be read: ${size.reason}`;
    return { ...concerns, message, advice: 'see the reason, and run again' };
  }
  if (size <= limit) return undefined;
  const message = `${name} has ${Math.ceil(size / MIB)} MiB, more than the limit of ${limit / MIB} MiB`;
  return { ...concerns, message, advice: 'reduce the size of the image, or raise -max-image-size' };
}

/** Concurrent reads of manifests of one image. */
const WORKERS = 8;

/** Bytes of the blobs of the largest manifest. */
async function sizeOf(image: ImageToCopy, source: ReadRegistry, signal: AbortSignal): Promise<number> {
  const repositories = [...image.sources, ...image.siblings];
  let largest = 0;
  const read = async ({ digest }: Descriptor) => {
    const manifest = await firstFound(repositories, (one) => source.fetchManifest(one, digest, signal));
    if (manifest === undefined || !isWellFormed(manifest)) return undefined; // the copy reports it
    const references = parseReferences(manifest);
    largest = Math.max(largest, sizeOfBlobs(references));
    return references;
  };
  const options = { workers: WORKERS, signal };
  await walkLevels(image.digest, (level, look) => forEachConcurrently(level, options, look), read);
  return largest;
}

/** Manifests of schema 1 have no sizes of layers. */
function sizeOfBlobs({ blobs }: References): number {
  return blobs.reduce((sum, { size }) => (size === UNKNOWN_SIZE ? sum : sum + size), 0);
}
