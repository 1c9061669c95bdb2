import type { Digest } from '../image/digest.ts';
import type { RawManifest } from '../image/oci-manifest.ts';
import type { Repository } from '../image/repository.ts';

/** A manifest, and the repository that it was read from. */
export interface Reading {
  readonly repository: Repository;
  readonly manifest: RawManifest;
}

/** Bytes of what is kept of a manifest besides its own: texts, objects, the place in the map. */
const OVERHEAD = 500;

/** Manifests that have been read, by digest: as many as there is room for, those that were used last. */
export class LruManifests {
  readonly #maxBytes: number;
  /** The one that was used longest ago comes first. */
  readonly #readings = new Map<Digest, Reading>();
  #bytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get(digest: Digest): Reading | undefined {
    const reading = this.#readings.get(digest);
    if (reading === undefined) return undefined;
    this.#readings.delete(digest);
    this.#readings.set(digest, reading);
    return reading;
  }

  /** Keeps what is not kept yet, in place of what was used longest ago. */
  keep(reading: Reading): void {
    const { digest } = reading.manifest;
    if (this.#readings.has(digest)) return;
    this.#readings.set(digest, reading);
    this.#bytes += sizeOf(reading);
    for (const [oldest, old] of this.#readings) {
      if (this.#bytes <= this.#maxBytes) return;
      this.#readings.delete(oldest);
      this.#bytes -= sizeOf(old);
    }
  }
}

function sizeOf({ manifest }: Reading): number {
  return manifest.bytes.length + OVERHEAD;
}
