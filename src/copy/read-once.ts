import { SingleFlight } from '../base/single-flight.ts';
import { type Digest, isDigest } from '../image/digest.ts';
import type { RawManifest } from '../image/oci-manifest.ts';
import type { Repository } from '../image/repository.ts';
import type { ReadRegistry } from '../ports/registry.ts';

interface Reading {
  readonly repository: Repository;
  readonly manifest: RawManifest;
}

/**
 * A registry whose manifests are read once in a run, however many destinations want them: content is addressed by
 * its digest, so it does not matter which repository it came from. Looking a digest up reads it as well, because
 * whoever asks for one is about to copy it; what was read elsewhere does not tell, so then it is only looked up.
 */
export function readOnce(registry: ReadRegistry): ReadRegistry {
  const readings = new SingleFlight<Digest, Reading | undefined>();

  async function read(
    repository: Repository,
    digest: Digest,
    signal: AbortSignal,
  ): Promise<Reading | undefined> {
    // another one's failure, or finding nothing elsewhere, is no answer for this repository
    for (let other = readings.get(digest); other !== undefined; other = readings.get(digest)) {
      const reading = await other.catch(() => undefined);
      if (reading !== undefined) return reading;
    }
    return readings.run(digest, async () => {
      const manifest = await registry.fetchManifest(repository, digest, signal);
      if (manifest !== undefined) return { repository, manifest };
      readings.forget(digest);
      return undefined;
    });
  }

  return {
    fetchManifest: async (repository, digest, signal) => (await read(repository, digest, signal))?.manifest,
    resolve: async (repository, reference, signal) => {
      if (!isDigest(reference)) return registry.resolve(repository, reference, signal);
      const reading = await read(repository, reference, signal);
      if (reading === undefined || reading.repository === repository) return reading?.manifest.digest;
      return registry.resolve(repository, reference, signal);
    },
    list: (repository, signal) => registry.list(repository, signal),
    hasBlob: (repository, digest, signal) => registry.hasBlob(repository, digest, signal),
    openBlob: (repository, blob, signal) => registry.openBlob(repository, blob, signal),
  };
}
