import { getOrMake } from '../../base/maps.ts';
import type { Digest } from '../../image/digest.ts';

/** The signatures and attestations of images that policies and flags have accepted. */
export class AcceptedAttachments {
  readonly #accepted = new Map<Digest, Set<Digest>>();
  readonly #refused = new Set<Digest>();

  /** Adds manifests that one policy has accepted. */
  add(image: Digest, manifests: readonly Digest[]): void {
    const all = getOrMake(this.#accepted, image, () => new Set<Digest>());
    for (const manifest of manifests) all.add(manifest);
  }

  /** Nothing of an image that violates a policy is accepted. */
  refuse(image: Digest): void {
    this.#refused.add(image);
  }

  all(): ReadonlyMap<Digest, ReadonlySet<Digest>> {
    const whole = Array.from(this.#accepted).filter(([image]) => !this.#refused.has(image));
    return new Map(whole.filter(([, manifests]) => manifests.size > 0));
  }
}
