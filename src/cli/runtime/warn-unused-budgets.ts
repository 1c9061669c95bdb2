import type { Budgets } from '../../http/limits/budgets.ts';
import { hostOf, type RegistryName } from '../../image/repository.ts';
import type { Log } from '../../ports/log.ts';

/**
 * Tells of each host that has a budget and no registry: it is misspelt, or a host that registries only redirect to,
 * which is asked within the budget of the registry. Nothing is told of a run without registries.
 */
export function warnUnusedBudgets(
  { hosts }: Budgets,
  registries: readonly { readonly name: RegistryName }[],
  log: Log,
): void {
  const there = new Set(registries.map(({ name }) => hostOf(name)));
  if (there.size === 0) return;
  for (const host of Array.from(hosts.keys()).toSorted()) {
    if (there.has(host)) continue;
    log.write('warning', '-budget is of a host that no registry has, so it limits nothing: is it misspelt?', {
      host,
      registries: Array.from(there).toSorted().join(', '),
    });
  }
}
