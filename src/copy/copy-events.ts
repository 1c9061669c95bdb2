import type { Digest } from '../image/digest.ts';
import type { Repository } from '../image/repository.ts';
import type { WritableItem } from '../plan/plan.ts';
import type { Outcome } from './outcome.ts';

/** Receives the results of a copy while it runs. Calls are synchronous, and the copy never waits for a receiver. */
export interface CopyEvents {
  /** An edge has been written, or has failed. */
  edgeEnded(item: WritableItem, outcome: Outcome): void;
  /** Every edge of an image at one destination repository has ended. */
  imageEnded(image: EndedImage): void;
}

/** One digest at one destination repository, with all of its tags. */
export interface EndedImage {
  readonly destination: Repository;
  readonly digest: Digest;
  readonly edges: readonly EndedEdge[];
  /** Milliseconds since the copy of the image began. */
  readonly durationMs: number;
  /** Bytes of the blobs that were sent; mounted and existing blobs do not count. */
  readonly bytes: number;
}

export interface EndedEdge {
  readonly item: WritableItem;
  readonly outcome: Outcome;
}
