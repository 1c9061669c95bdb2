import { SingleFlight } from '../base/single-flight.ts';
import { type Digest, isDigest } from '../image/digest.ts';
import type { RawManifest } from '../image/oci-manifest.ts';
import type { Repository } from '../image/repository.ts';
import type { ReadRegistry } from '../ports/registry.ts';

/**
 * A registry whose manifests are read once in a run, however many destinations want them: content is addressed by
 * its digest, so it does not matter which repository it came from. Looking a digest up reads it as well, because
 * whoever asks for one is about to copy it.
 */
export function readOnce(registry: ReadRegistry): ReadRegistry {
  const manifests = new SingleFlight<Digest, RawManifest | undefined>();

  async function fetchManifest(repository: Repository, digest: Digest, signal: AbortSignal) {
    const known = await manifests.get(digest)?.catch(() => undefined);
    if (known !== undefined) return known;
    const manifest = await manifests.run(digest, () => registry.fetchManifest(repository, digest, signal));
    if (manifest === undefined) manifests.forget(digest); // another repository may have it
    return manifest;
  }

  return {
    fetchManifest,
    resolve: async (repository, reference, signal) => {
      if (!isDigest(reference)) return registry.resolve(repository, reference, signal);
      return (await fetchManifest(repository, reference, signal))?.digest;
    },
    list: (repository, signal) => registry.list(repository, signal),
    hasBlob: (repository, digest, signal) => registry.hasBlob(repository, digest, signal),
    openBlob: (repository, blob, signal) => registry.openBlob(repository, blob, signal),
  };
}
