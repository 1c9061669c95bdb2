import { getOrMake } from '../../base/maps.ts';
import { countOf } from '../../base/text.ts';
import type { Digest } from '../../image/digest.ts';
import type { Repository } from '../../image/repository.ts';
import type { ReadRegistry } from '../../ports/registry.ts';
import { orUnreadable, type Unreadable } from '../../ports/unreadable.ts';

/** Upload times of digests: one listing for each repository. */
export class UploadTimes {
  readonly #source: ReadRegistry;
  readonly #now: number;
  readonly #signal: AbortSignal;
  readonly #known = new Map<Repository, Promise<ReadonlyMap<Digest, number> | Unreadable>>();

  constructor(source: ReadRegistry, { now, signal }: { readonly now: number; readonly signal: AbortSignal }) {
    this.#source = source;
    this.#now = now;
    this.#signal = signal;
  }

  /** Milliseconds since the epoch, never in the future; the reason if no repository has the time. */
  async of(digest: Digest, repositories: readonly Repository[]): Promise<number | UnknownTime> {
    const listings = await Promise.all(repositories.map((repository) => this.#read(repository)));
    const times = listings.flatMap((listing) => ('kind' in listing ? [] : (listing.get(digest) ?? [])));
    if (times.length > 0) return Math.min(...times, this.#now);
    const failed = listings.find((listing) => 'kind' in listing);
    return { unknown: failed?.reason ?? 'the registry lists no upload time' };
  }

  #read(repository: Repository): Promise<ReadonlyMap<Digest, number> | Unreadable> {
    return getOrMake(this.#known, repository, async () => {
      const reading = this.#source.uploadTimes?.(repository, this.#signal);
      return reading === undefined ? NO_TIMES : await orUnreadable(reading, this.#signal);
    });
  }
}

export interface UnknownTime {
  /** The reason. */
  readonly unknown: string;
}

const NO_TIMES: ReadonlyMap<Digest, number> = new Map();

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/** `5 minutes`, `5 hours`, `3 days`. */
export function describeAge(milliseconds: number): string {
  if (milliseconds < HOUR) return countOf(Math.floor(milliseconds / MINUTE), 'minute');
  const hours = Math.floor(milliseconds / HOUR);
  return hours < 48 ? countOf(hours, 'hour') : countOf(Math.floor(hours / 24), 'day');
}
