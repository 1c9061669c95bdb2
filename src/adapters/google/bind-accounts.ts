import type { RegistryName, Repository } from '../../image/repository.ts';

/** A registry as a manifest names it. */
export interface RegistryEntry {
  readonly name: RegistryName;
  /** `service-account` of the manifest. */
  readonly serviceAccount: string | undefined;
}

export interface AccountBinding {
  readonly registry: RegistryName;
  readonly account: string;
}

/** A registry with two accounts: the first one is used. */
export interface AccountConflict {
  readonly registry: RegistryName;
  readonly used: string;
  readonly ignored: string;
}

/** The account of each registry. The first of several accounts is used; the others are conflicts. */
export function bindAccounts(registries: Iterable<RegistryEntry>): {
  readonly bindings: readonly AccountBinding[];
  readonly conflicts: readonly AccountConflict[];
} {
  const accounts = new Map<RegistryName, string>();
  const conflicts = new Map<string, AccountConflict>();
  for (const { name: registry, serviceAccount: account } of registries) {
    if (account === undefined || account === '') continue;
    const used = accounts.get(registry);
    if (used === undefined) accounts.set(registry, account);
    else if (used !== account)
      conflicts.set(JSON.stringify([registry, account]), { registry, used, ignored: account });
  }
  const bindings = [...accounts].map(([registry, account]) => ({ registry, account }));
  return { bindings, conflicts: [...conflicts.values()] };
}

/** The account of the longest registry that a repository is in, or undefined. */
export function accountOf(repository: Repository, accounts: ReadonlyMap<string, string>): string | undefined {
  for (let path: string = repository; path !== ''; path = path.slice(0, Math.max(0, path.lastIndexOf('/')))) {
    const account = accounts.get(path);
    if (account !== undefined) return account;
  }
  return undefined;
}
