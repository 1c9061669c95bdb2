import type { Digest } from '../../image/digest.ts';
import { hostOf, type Repository } from '../../image/repository.ts';

/** What a run has learned about the blobs of its destination hosts. */
export class KnownBlobs {
  readonly #places = new Map<string, Repository>();

  /** Some repository of the host that is known to have the blob. */
  placeOf(host: string, digest: Digest): Repository | undefined {
    return this.#places.get(`${host} ${digest}`);
  }

  remember(repository: Repository, digest: Digest): void {
    const key = `${hostOf(repository)} ${digest}`;
    if (!this.#places.has(key)) this.#places.set(key, repository);
  }
}
