import type { Digest } from './digest.ts';
import { ManifestError, type References } from './oci-manifest.ts';

/** The limit of manifests and blobs of one image: a thousand times those of any real one. */
const MAX_PARTS = 100_000;

/** Counts the manifests and blobs of an image: nested indexes may have more than a run can request. */
export class ImageSize {
  readonly #root: Digest;
  #parts = 0;

  constructor(root: Digest) {
    this.#root = root;
  }

  /** Throws `manifest-endless` above the limit. */
  add({ manifests, blobs }: References): void {
    this.#parts += manifests.length + blobs.length;
    if (this.#parts <= MAX_PARTS) return;
    const message = `image ${this.#root} leads to more than ${MAX_PARTS} manifests and blobs`;
    throw new ManifestError('manifest-endless', message);
  }
}
