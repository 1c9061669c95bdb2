import {
  asRepository,
  parentOf,
  parseRepository,
  type RegistryName,
  type Repository,
} from '../image/repository.ts';
import type { Notify } from './notice.ts';

/**
 * What the images of a registry are called relative to: to the registry, so that two of them can be compared and an
 * image at the root itself is `.`; or `as-snapshot`, which is the same unless the registry holds images itself: then
 * to its parent.
 */
export type Naming = 'from-root' | 'as-snapshot';

/** No image can be called so. */
const ROOT = '.';

/** The name of the image that a registry is itself. */
export function nameOfRoot(registry: RegistryName, naming: Naming): string {
  return naming === 'from-root' ? ROOT : registry.slice(registry.lastIndexOf('/') + 1);
}

/** The repository that has a name from the root of a registry; undefined where it would be no repository. */
export function repositoryCalled(name: string, registry: RegistryName): Repository | undefined {
  return name === ROOT ? asRepository(registry) : parseRepository(`${registry}/${name}`);
}

/** Gives each repository of a registry its name; a root without images gets none, it stands for all that is below. */
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
