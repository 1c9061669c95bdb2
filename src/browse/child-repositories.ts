import { parseRepository, type RegistryName, type Repository } from '../image/repository.ts';
import type { Listing } from '../ports/registry.ts';

/** The repositories that a listing leads to; a path may become too long for one. */
export function childRepositories(of: Repository | RegistryName, listing: Listing): Repository[] {
  const children = listing.kind === 'digests' ? listing.children : [];
  return children.map((child) => parseRepository(`${of}/${child}`)).filter((child) => child !== undefined);
}
