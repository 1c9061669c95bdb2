import { forEachInLanes } from '../../base/concurrency.ts';
import { formatPosition } from '../../base/position.ts';
import { hostOf } from '../../image/repository.ts';
import type { Progress } from '../../ports/progress.ts';
import type { BrowseRegistry } from '../../ports/registry.ts';
import { orUnreadable, type Unreadable } from '../../ports/unreadable.ts';
import type {
  Differences,
  ImageReview,
  PreviousImage,
  PromotedImage,
  Review,
  ReviewResult,
} from '../../report/review/review.ts';
import { SbomFinder } from './find-sbom.ts';
import { ImageComparison } from './image-comparison.ts';
import { findNewImages, type NewImage, type ReviewScope, type WantedImage } from './new-images.ts';
import { shorten } from './printable.ts';
import { ImageReader } from './read-image.ts';

export interface ReviewPorts {
  readonly registry: BrowseRegistry;
  readonly progress: Progress;
}

/** Concurrent images of one host: each may have two SBOMs in memory. */
const WORKERS = 4;

/**
 * Compares each new digest with the image promoted before it. Reads manifests, configs and SBOMs, never layers. An image
 * that cannot be read has a failed result. Throws only if the signal is aborted.
 */
export async function reviewImages(
  scope: ReviewScope,
  { registry, progress }: ReviewPorts,
  signal: AbortSignal,
): Promise<Review> {
  const { images, promoted } = findNewImages(scope);
  const reader = new ImageReader(registry, signal);
  const sboms = new SbomFinder(registry, signal);
  const comparison = new ImageComparison(reader, sboms, signal);
  const results = new Map<NewImage, ReviewResult>();
  progress.begin('review', images.length);
  const laneOf = ({ sources: [first] }: NewImage) => (first === undefined ? '' : hostOf(first));
  await forEachInLanes(images, { laneOf, workers: WORKERS, signal }, async (image) => {
    results.set(image, resultOf(await orUnreadable(comparison.compare(image), signal)));
    progress.advance();
  });
  progress.end();
  return {
    version: 1,
    images: images.flatMap((image) => {
      const result = results.get(image);
      return result === undefined ? [] : [describeNew(image, result)];
    }),
    promoted: promoted.map(describeImage),
  };
}

function resultOf(compared: Differences | Unreadable): ReviewResult {
  return 'platforms' in compared
    ? { kind: 'compared', ...compared }
    : { kind: 'failed', reason: shorten(compared.reason) };
}

function describeImage({ sources: [source], digest, tags }: WantedImage): PromotedImage {
  return { image: source ?? '', digest, tags };
}

function describeNew(image: NewImage, result: ReviewResult): ImageReview {
  const { destinations, at, previous } = image;
  return {
    ...describeImage(image),
    destinations,
    at: at === undefined ? '' : formatPosition(at),
    previous: previous === undefined ? null : describePrevious(previous),
    result,
  };
}

function describePrevious({ digest, tag, chosenBy }: NonNullable<NewImage['previous']>): PreviousImage {
  return { digest, tag: tag ?? null, chosenBy };
}
