import { getOrMake } from '../../base/maps.ts';
import type { Digest } from '../../image/digest.ts';
import type { Repository } from '../../image/repository.ts';
import type { ReadRegistry } from '../../ports/registry.ts';
import { orUnreadable } from '../../ports/unreadable.ts';

/** Upload times of digests: one listing for each repository. */
export class UploadTimes {
  readonly #source: ReadRegistry;
  readonly #signal: AbortSignal;
  readonly #known = new Map<Repository, Promise<ReadonlyMap<Digest, number>>>();

  constructor(source: ReadRegistry, signal: AbortSignal) {
    this.#source = source;
    this.#signal = signal;
  }

  /** Milliseconds since the epoch; undefined if no repository has the time. */
  async of(digest: Digest, repositories: readonly Repository[]): Promise<number | undefined> {
    const listings = await Promise.all(repositories.map((repository) => this.#read(repository)));
    const times = listings.flatMap((listing) => listing.get(digest) ?? []);
    return times.length === 0 ? undefined : Math.min(...times);
  }

  #read(repository: Repository): Promise<ReadonlyMap<Digest, number>> {
    return getOrMake(this.#known, repository, async () => {
      const reading = this.#source.uploadTimes?.(repository, this.#signal);
      const times = reading === undefined ? undefined : await orUnreadable(reading, this.#signal);
      return times instanceof Map ? times : NO_TIMES;
    });
  }
}

const NO_TIMES: ReadonlyMap<Digest, number> = new Map();

const HOUR = 3_600_000;

/** `5 hours`, `3 days`. */
export function describeAge(milliseconds: number): string {
  const hours = Math.floor(milliseconds / HOUR);
  return hours < 48 ? `${hours} ${hours === 1 ? 'hour' : 'hours'}` : `${Math.floor(hours / 24)} days`;
}
