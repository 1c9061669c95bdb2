import type { Digest } from '../../image/digest.ts';
import type { Clock } from '../../ports/clock.ts';
import { RegistryError } from '../../ports/registry-error.ts';
import { describeRequest, type HttpRequest, type Sight, type Slot } from './http.ts';

/** Milliseconds after which what was seen is old. */
const STALE = 5000;

export interface TagSightParts {
  readonly clock: Pick<Clock, 'monotonic'>;
  /** When the tag was last known to be free, in milliseconds of the monotonic clock. */
  readonly seenAt: number;
  /** What it is to become. */
  readonly digest: Digest;
  readonly resolve: (slot: Slot) => Promise<Digest | undefined>;
}

/** What is known of a tag that is about to be written: a registry has no PUT that spares what somebody else wrote. */
export class TagSight implements Sight {
  readonly #request: HttpRequest;
  readonly #parts: TagSightParts;
  #seenAt: number;

  constructor(request: HttpRequest, parts: TagSightParts) {
    this.#request = request;
    this.#parts = parts;
    this.#seenAt = parts.seenAt;
  }

  isOld(): boolean {
    return this.#parts.clock.monotonic() - this.#seenAt > STALE;
  }

  async look(slot: Slot): Promise<'done' | 'not done'> {
    const { clock, digest, resolve } = this.#parts;
    const askedAt = clock.monotonic();
    const there = await resolve(slot);
    this.#seenAt = askedAt;
    if (there === undefined) return 'not done';
    if (there === digest) return 'done';
    const what = `it has become ${there} since the plan was made: tag moves are not supported`;
    throw new RegistryError('moved', `${describeRequest(this.#request)}: ${what}`);
  }
}
