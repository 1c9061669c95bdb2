import { type Digest, parseDigest } from '../../src/image/digest.ts';
import { parseRegistryName, type RegistryName } from '../../src/image/repository.ts';
import type { PromoterManifest, Registry } from '../../src/manifest/model.ts';

/** So many universes beside each other: other projects, other digests, other repositories, on the same hosts. */
export function multiply(manifests: readonly PromoterManifest[], times: number): PromoterManifest[] {
  return Array.from({ length: times }, (_, copy) => manifests.map((one) => copyOf(one, copy))).flat();
}

function copyOf(manifest: PromoterManifest, copy: number): PromoterManifest {
  const moved = (registry: Registry) => ({ ...registry, name: nameOf(registry.name, copy) });
  return {
    file: manifest.file.replace(/[^/]+(?=\/[^/]+$)/, (project) => `${project}-${copy}`),
    source: moved(manifest.source),
    destinations: manifest.destinations.map(moved),
    images: manifest.images.map((image) => ({
      ...image,
      digests: image.digests.map((entry) => ({ ...entry, digest: digestOf(entry.digest, copy) })),
    })),
  };
}

function nameOf(name: RegistryName, copy: number): RegistryName {
  const parsed = parseRegistryName(name.replace('/', `/copy-${copy}/`));
  if (parsed === undefined) throw new Error(`${name} has no path`);
  return parsed;
}

function digestOf(digest: Digest, copy: number): Digest {
  const hex = digest.slice('sha256:'.length);
  const parsed = parseDigest(`sha256:${hex.slice(copy)}${hex.slice(0, copy)}`);
  if (parsed === undefined) throw new Error(`${digest} cannot be turned`);
  return parsed;
}

/** What one release is: every digest of a project that is wanted under this tag, and no other tag of it. */
export function onlyRelease(
  manifests: readonly PromoterManifest[],
  { project, tag }: { readonly project: string; readonly tag: string },
): PromoterManifest[] {
  const images = ({ images }: PromoterManifest) =>
    images
      .map((image) => ({
        ...image,
        digests: image.digests.flatMap((entry) => {
          const tags = entry.tags.filter((one) => one.tag === tag);
          return tags.length === 0 ? [] : [{ ...entry, tags }];
        }),
      }))
      .filter(({ digests }) => digests.length > 0);
  return manifests
    .filter(({ file }) => file.includes(`/${project}/`))
    .map((one) => ({ ...one, images: images(one) }));
}

/** The first digest of each project. */
export function lackingOf(manifests: readonly PromoterManifest[]): Set<Digest> {
  const first = manifests.map(
    ({ images }) => images.find(({ digests }) => digests.length > 0)?.digests[0]?.digest,
  );
  return new Set(first.filter((digest) => digest !== undefined));
}
