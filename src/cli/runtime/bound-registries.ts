import { type AccountBinding, bindAccounts } from '../../adapters/google/bind-accounts.ts';
import type { RateLimits } from '../../http/limits/rate-limits.ts';
import { hostOf } from '../../image/repository.ts';
import type { PromoterManifest, Registry } from '../../manifest/model.ts';
import type { Log } from '../../ports/log.ts';

/** A registry and its Google service account. */
export type BoundRegistry = Pick<Registry, 'name' | 'serviceAccount'>;

/** The registries of manifests. */
export function registriesOf(manifests: readonly PromoterManifest[]): readonly BoundRegistry[] {
  return manifests.flatMap(({ source, destinations }) => [source, ...destinations]);
}

/** The account of each registry that has one. Warns of a registry with several: the first one is used. */
export function bindRegistries(registries: readonly BoundRegistry[], log: Log): readonly AccountBinding[] {
  const { bindings, conflicts } = bindAccounts(registries);
  for (const { registry, used, ignored } of conflicts) {
    log.write('warning', 'one registry is bound to two service accounts', { registry, used, ignored });
  }
  return bindings;
}

/**
 * Warns of each rate limit for a host without a registry: the host is misspelt, or registries only redirect to it, and
 * its requests count against the rate limit of the registry. A run without registries has no warning.
 */
export function warnUnusedRateLimits(
  { hosts }: RateLimits,
  registries: readonly Pick<BoundRegistry, 'name'>[],
  log: Log,
): void {
  const used = new Set(registries.map(({ name }) => hostOf(name)));
  if (used.size === 0) return;
  for (const host of Array.from(hosts.keys()).toSorted()) {
    if (used.has(host)) continue;
    log.write('warning', '-budget names a host that no registry uses: check its spelling', {
      host,
      registries: Array.from(used).toSorted().join(', '),
    });
  }
}
