import {
  asRepository,
  parentOf,
  parseRepository,
  type RegistryName,
  type Repository,
} from '../image/repository.ts';
import type { Notify } from './notice.ts';

/**
 * The path that image names are relative to. `from-root`: the registry, so that two registries can be compared; an
 * image at the root is `.`. `as-snapshot`: the same, but the parent of a registry that holds images itself.
 */
export type Naming = 'from-root' | 'as-snapshot';

/** Not a valid image name, so it cannot clash with one. */
const ROOT = '.';

/** The name of the image at the root of a registry. */
export function nameOfRoot(registry: RegistryName, naming: Naming): string {
  return naming === 'from-root' ? ROOT : registry.slice(registry.lastIndexOf('/') + 1);
}

/** The repository with a name below a registry; undefined for an invalid path. */
export function repositoryCalled(name: string, registry: RegistryName): Repository | undefined {
  return name === ROOT ? asRepository(registry) : parseRepository(`${registry}/${name}`);
}

/** Names the repositories of a registry. A root without images has no name: it stands for everything below. */
export function namerOf(
  registry: RegistryName,
  { naming, holdsImages }: { readonly naming: Naming; readonly holdsImages: boolean },
  notice: Notify,
): (repository: Repository) => string {
  const parent = parentOf(registry);
  const nameBelow = (base: RegistryName) => (repository: Repository) => repository.slice(base.length + 1);
  if (!holdsImages || parent === undefined) return nameBelow(registry);
  if (naming === 'from-root') return (repository) => nameBelow(registry)(repository) || ROOT;
  notice({ kind: 'holds-images', registry, parent });
  return nameBelow(parent);
}
