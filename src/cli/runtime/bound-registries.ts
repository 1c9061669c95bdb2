import { type AccountBinding, bindAccounts } from '../../adapters/google/bind-accounts.ts';
import type { PromoterManifest, Registry } from '../../manifest/model.ts';
import type { Log } from '../../ports/log.ts';

/** A registry, and the Google service account that it is used as. */
export type BoundRegistry = Pick<Registry, 'name' | 'serviceAccount'>;

/** The registries that manifests name. */
export function registriesOf(manifests: readonly PromoterManifest[]): readonly BoundRegistry[] {
  return manifests.flatMap(({ source, destinations }) => [source, ...destinations]);
}

/** The account of each registry that has one. Warns of a registry with several: the first counts. */
export function bindRegistries(registries: readonly BoundRegistry[], log: Log): readonly AccountBinding[] {
  const { bindings, conflicts } = bindAccounts(registries);
  for (const { registry, used, ignored } of conflicts) {
    log.write('warning', 'one registry is bound to two service accounts', { registry, used, ignored });
  }
  return bindings;
}
