import type { Digest } from '../../image/digest.ts';

/** The digests that a side leaves out of its images, until each of these has been compared. */
export class ExcludedDigests {
  readonly #images = new Map<string, ReadonlySet<Digest>>();

  readonly add = (name: string, digests: ReadonlySet<Digest>): void => {
    this.#images.set(name, digests);
  };

  /** Those of an image; what is kept of it and of those before it is forgotten. */
  readonly take = (name: string): ReadonlySet<Digest> => {
    const digests = this.#images.get(name) ?? NONE;
    for (const other of this.#images.keys()) if (other <= name) this.#images.delete(other);
    return digests;
  };
}

const NONE: ReadonlySet<Digest> = new Set();
