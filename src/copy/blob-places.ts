import type { Digest } from '../image/digest.ts';
import { hostOf, type Repository } from '../image/repository.ts';

/** What a run has learned about the blobs of its destination hosts. */
export class BlobPlaces {
  readonly #places = new Map<string, Repository>();
  readonly #mounts = new Map<string, { honoured: number; refused: number }>();

  /** Some repository of the host that is known to have the blob. */
  placeOf(host: string, digest: Digest): Repository | undefined {
    return this.#places.get(`${host} ${digest}`);
  }

  remember(repository: Repository, digest: Digest): void {
    const key = `${hostOf(repository)} ${digest}`;
    if (!this.#places.has(key)) this.#places.set(key, repository);
  }

  countMount(host: string, answer: 'honoured' | 'refused'): void {
    const counts = this.#mounts.get(host) ?? { honoured: 0, refused: 0 };
    counts[answer] += 1;
    this.#mounts.set(host, counts);
  }

  /** False for a host that has refused a few mounts and honoured none: there looking first is cheaper. */
  honoursMounts(host: string): boolean {
    const counts = this.#mounts.get(host);
    return counts === undefined || counts.honoured > 0 || counts.refused < REFUSALS_TO_BELIEVE;
  }
}

const REFUSALS_TO_BELIEVE = 3;
