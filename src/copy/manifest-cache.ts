import { SingleFlight } from '../base/single-flight.ts';
import { type Digest, isDigest } from '../image/digest.ts';
import type { Repository } from '../image/repository.ts';
import type { ReadRegistry } from '../ports/registry.ts';
import { LruManifests, type Reading } from './lru-manifests.ts';

/** Of all manifests that are kept: those of 8,000 images of five platforms. Roots that are read for a plan come first. */
const MAX_BYTES = 128 * 1024 * 1024;

/**
 * A registry whose manifests are read once, however many destinations want them: content is addressed by its digest,
 * so it does not matter which repository it came from. Looking a digest up reads it as well, because whoever asks for
 * one is about to copy it; what was read elsewhere does not tell, so then it is only looked up.
 *
 * What is kept is bounded: of a run that reads more than `maxBytes` the manifests that were used longest ago are read
 * again where they are wanted again.
 */
export function cacheManifests(registry: ReadRegistry, { maxBytes = MAX_BYTES } = {}): ReadRegistry {
  const kept = new LruManifests(maxBytes);
  const underWay = new SingleFlight<Digest, Reading | undefined>();

  async function read(
    repository: Repository,
    digest: Digest,
    signal: AbortSignal,
  ): Promise<Reading | undefined> {
    const known = kept.get(digest);
    if (known !== undefined) return known;
    // another one's failure, or finding nothing elsewhere, is no answer for this repository
    for (let other = underWay.get(digest); other !== undefined; other = underWay.get(digest)) {
      const reading = await other.catch(() => undefined);
      if (reading !== undefined) return reading;
    }
    return underWay.run(digest, async () => {
      const manifest = await registry.fetchManifest(repository, digest, signal);
      const reading = manifest && { repository, manifest };
      if (reading !== undefined) kept.keep(reading);
      underWay.forget(digest);
      return reading;
    });
  }

  return {
    explainAbsence: async (repository, signal) => registry.explainAbsence?.(repository, signal),
    fetchManifest: async (repository, digest, signal) => (await read(repository, digest, signal))?.manifest,
    resolve: async (repository, reference, signal) => {
      if (!isDigest(reference)) return registry.resolve(repository, reference, signal);
      const reading = await read(repository, reference, signal);
      if (reading === undefined || reading.repository === repository) return reading?.manifest.digest;
      return registry.resolve(repository, reference, signal);
    },
    list: (repository, signal) => registry.list(repository, signal),
    hasBlob: (repository, blob, signal) => registry.hasBlob(repository, blob, signal),
    openBlob: (repository, blob, signal) => registry.openBlob(repository, blob, signal),
    checkBlob: (repository, check, signal) => registry.checkBlob(repository, check, signal),
  };
}
