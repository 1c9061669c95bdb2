import type { Digest } from './digest.ts';
import { ManifestError, type References } from './oci-manifest.ts';

/** Manifests and blobs of one image: a thousand times those of any real one, and few enough to be asked for. */
const MAX_PARTS = 100_000;

/** Counts what an image leads to: indexes of indexes of indexes lead to more than anybody can ask for. */
export class ImageSize {
  readonly #root: Digest;
  #parts = 0;

  constructor(root: Digest) {
    this.#root = root;
  }

  /** Throws `manifest-endless` where it is too much. */
  add({ manifests, blobs }: References): void {
    this.#parts += manifests.length + blobs.length;
    if (this.#parts <= MAX_PARTS) return;
    const message = `image ${this.#root} leads to more than ${MAX_PARTS} manifests and blobs`;
    throw new ManifestError('manifest-endless', message);
  }
}
