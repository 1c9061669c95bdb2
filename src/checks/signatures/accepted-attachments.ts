import { addTo } from '../../base/maps.ts';
import type { Digest } from '../../image/digest.ts';

/** The signatures and attestations of images that policies and flags have accepted. */
export class AcceptedAttachments {
  /** Images by the manifest of an attachment. */
  readonly #images = new Map<Digest, Digest[]>();
  readonly #refused = new Set<Digest>();

  add(image: Digest, manifests: readonly Digest[]): void {
    for (const manifest of manifests) addTo(this.#images, manifest, image);
  }

  /** Nothing of an image that violates a policy is accepted. */
  refuse(image: Digest): void {
    this.#refused.add(image);
  }

  /** True for the manifest of an accepted signature or attestation. */
  has(manifest: Digest): boolean {
    return this.#images.get(manifest)?.some((image) => !this.#refused.has(image)) ?? false;
  }
}
