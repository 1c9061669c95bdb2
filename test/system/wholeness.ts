import { expect } from 'vitest';
import type { EmbeddedRegistry } from '../../src/embedded-registry/embedded-registry.ts';
import { parseReferences } from '../../src/image/oci-manifest.ts';

/** Every manifest that is there has all that it names. */
export function expectNothingHalfVisible({ store }: EmbeddedRegistry): void {
  for (const repository of store.repositories()) {
    for (const manifest of store.manifests(repository)) {
      const { blobs, manifests } = parseReferences(manifest);
      const missing = [
        ...blobs.filter(({ digest }) => !store.hasBlob(repository, digest)),
        ...manifests.filter(({ digest }) => store.manifest(repository, digest) === undefined),
      ];
      expect(missing, `${manifest.digest} in ${repository}`).toEqual([]);
    }
  }
}

/** Every tag of a registry, as `repository:tag` with its digest. */
export function tagsIn({ store }: EmbeddedRegistry): Readonly<Record<string, string | undefined>> {
  return Object.fromEntries(
    store
      .repositories()
      .flatMap((repository) =>
        store.tags(repository).map((tag) => [`${repository}:${tag}`, store.resolveTag(repository, tag)]),
      ),
  );
}
