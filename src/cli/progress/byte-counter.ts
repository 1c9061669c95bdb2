import type { BlobProgress, ImageInFlight, ImageProgress } from '../../ports/progress.ts';
import { StageRate } from './stage-rate.ts';

/** The bytes of the blobs that a stage sends, as far as their manifests have been read. */
export interface ByteSnapshot {
  readonly done: number;
  /** Sizes of the blobs that were sent, or may have to be. */
  readonly total: number;
  /** Undefined in the first second. */
  readonly perSecond: number | undefined;
  /** Milliseconds until `total` is reached; undefined without enough evidence. */
  readonly remaining: number | undefined;
  /** The largest blobs in flight. */
  readonly blobs: readonly BlobRate[];
}

/** A blob whose bytes are on their way. */
export interface BlobRate extends ImageInFlight {
  readonly size: number;
  readonly sent: number;
  /** Since the attempt began; undefined in its first second. */
  readonly perSecond: number | undefined;
}

/** Blobs that are shown. */
const MAX_BLOBS = 3;
/** Milliseconds after which a rate is shown. */
const MIN_TIME = 1000;

/** Counts the bytes of one stage. An event costs an addition; the rest is computed when it is read. */
export class ByteCounter {
  /** Images whose copy has begun. */
  images = 0;
  readonly #now: () => number;
  readonly #rate: StageRate;
  readonly #flights = new Set<Flight>();
  #finished = 0;
  #total = 0;
  /** A repeated attempt takes bytes back: what is shown never falls. */
  #shown = 0;

  constructor(now: () => number) {
    this.#now = now;
    this.#rate = new StageRate(now());
  }

  beginImage(image: ImageInFlight): ImageProgress {
    this.images += 1;
    return { beginBlob: (size) => this.#beginBlob({ ...image, size }) };
  }

  /** Undefined before the first blob. */
  read(): ByteSnapshot | undefined {
    if (this.#total === 0) return undefined;
    const now = this.#now();
    let moved = this.#finished;
    for (const { sent, size } of this.#flights) moved += Math.min(sent, size);
    this.#shown = Math.min(this.#total, Math.max(this.#shown, moved));
    this.#rate.update(now, this.#shown);
    return {
      done: this.#shown,
      total: this.#total,
      perSecond: this.#rate.stepsPerSecond(),
      remaining: this.#rate.remaining(this.#total),
      blobs: this.#largest(now),
    };
  }

  #beginBlob(blob: ImageInFlight & { readonly size: number }): BlobProgress {
    const flight: Flight = { ...blob, sent: 0, since: 0 };
    this.#total += blob.size;
    return {
      restart: () => {
        flight.sent = 0;
        flight.since = this.#now();
        this.#flights.add(flight);
      },
      advance: (bytes) => {
        flight.sent += bytes;
      },
      end: (sent) => {
        this.#flights.delete(flight);
        if (sent) this.#finished += blob.size;
        else this.#total -= blob.size;
      },
    };
  }

  #largest(now: number): BlobRate[] {
    return Array.from(this.#flights)
      .toSorted((a, b) => b.size - a.size || b.sent - a.sent)
      .slice(0, MAX_BLOBS)
      .map(({ name, host, size, sent, since }) => {
        const time = now - since;
        const perSecond = time < MIN_TIME ? undefined : (sent / time) * 1000;
        return { name, host, size, sent: Math.min(sent, size), perSecond };
      });
  }
}

interface Flight extends ImageInFlight {
  readonly size: number;
  sent: number;
  since: number;
}
