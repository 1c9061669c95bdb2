import { expandEdges } from '../../edges/expand-edges.ts';
import { type Shard, shardIndexOf } from '../../edges/shard.ts';
import { fingerprintOf } from '../../edges/take-shard.ts';
import type { Wanted, WantList } from '../../edges/wanted.ts';
import {
  asRegistry,
  asRepository,
  parentOf,
  type RegistryName,
  type Repository,
  repositoryOf,
} from '../../image/repository.ts';
import type { PromoterManifest } from '../../manifest/model.ts';

/** The part of production that an audit covers. */
export interface AuditScope {
  /** The desired state of this part. */
  readonly wanted: Wanted;
  readonly lists: ReadonlyMap<Repository, WantList>;
  /** Destination repositories that manifests name, those without a digest included. */
  readonly named: ReadonlySet<Repository>;
  /** Whether a repository is a source, or in a source registry. Both may be below a destination; neither is audited. */
  readonly isSource: (repository: Repository) => boolean;
  /** The outermost destination registries: everything below them is audited. */
  readonly roots: ReadonlySet<RegistryName>;
}

/**
 * The scope of an audit, or of one shard of it. A destination registry is in one shard with everything below it, so that
 * no two shards list the same repository.
 */
export function makeScope(manifests: readonly PromoterManifest[], shard: Shard | undefined): AuditScope {
  const all = expandEdges(manifests);
  const roots = findRoots(manifests);
  const isOwn = (root: RegistryName | undefined) =>
    shard === undefined ||
    (root !== undefined && shardIndexOf(asRepository(root), shard.count) === shard.index);
  const repositories = all.repositories.filter(({ repository }) => isOwn(rootOf(repository, roots)));
  return {
    wanted: {
      repositories,
      edges: repositories.reduce((sum, { list }) => sum + list.edges, 0),
      ...(shard !== undefined && { shard: { ...shard, input: fingerprintOf(all) } }),
    },
    lists: new Map(repositories.map(({ repository, list }) => [repository, list])),
    named: namesOf(manifests, ({ destinations }) => destinations),
    isSource: sourceTest(manifests),
    roots: new Set(Array.from(roots).filter(isOwn)),
  };
}

/** The registry of a set that a repository is at or below. */
export function rootOf(repository: Repository, roots: ReadonlySet<RegistryName>): RegistryName | undefined {
  let at: RegistryName | undefined = asRegistry(repository);
  while (at !== undefined && !roots.has(at)) at = parentOf(at);
  return at;
}

/** The outermost destination registries of manifests. */
export function findRoots(manifests: readonly PromoterManifest[]): ReadonlySet<RegistryName> {
  const all = new Set(manifests.flatMap(({ destinations }) => destinations.map(({ name }) => name)));
  const isBelowAnother = (name: RegistryName) => {
    const parent = parentOf(name);
    return parent !== undefined && rootOf(asRepository(parent), all) !== undefined;
  };
  return new Set(Array.from(all).filter((name) => !isBelowAnother(name)));
}

/** A repository belongs to the innermost registry that it is in. One that is a destination too is audited. */
function sourceTest(manifests: readonly PromoterManifest[]): AuditScope['isSource'] {
  const named = namesOf(manifests, ({ source }) => [source]);
  const sources = new Set(manifests.map(({ source }) => source.name));
  const destinations = new Set(
    manifests.flatMap((manifest) => manifest.destinations.map(({ name }) => name)),
  );
  const registries = new Set([...sources, ...destinations]);
  return (repository) => {
    const registry = rootOf(repository, registries);
    return named.has(repository) || (registry !== undefined && !destinations.has(registry));
  };
}

function namesOf(
  manifests: readonly PromoterManifest[],
  registriesOf: (manifest: PromoterManifest) => readonly { readonly name: RegistryName }[],
): ReadonlySet<Repository> {
  const names = new Set<Repository>();
  for (const manifest of manifests) {
    for (const { name } of registriesOf(manifest)) {
      for (const image of manifest.images) names.add(repositoryOf(name, image.name));
    }
  }
  return names;
}
