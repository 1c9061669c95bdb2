import { oneLine } from '../../base/text.ts';
import { ANONYMOUS, type Identity, type Keychain } from '../../ports/keychain.ts';
import { type AccountSources, mintAccountToken } from './account-token.ts';
import { type AccountBinding, accountOf } from './bind-accounts.ts';
import { createDefaultIdentity } from './default-identity.ts';
import type { KeyFile } from './key-files.ts';
import type { GoogleContext } from './library.ts';
import { RenewingToken } from './renewing-token.ts';

export interface GoogleKeychainOptions extends GoogleContext {
  /** The accounts of registries, from `bindAccounts`. */
  readonly accounts: readonly AccountBinding[];
  /** The keys from `readKeyFiles`; the last of several keys of one account counts. */
  readonly keyFiles: readonly KeyFile[];
}

/**
 * Identities of Google service accounts for the repositories that are bound to one; anonymous for all others. A token
 * is requested when it is first needed: that throws a `GoogleError`, `identityFor` does not.
 */
export function createGoogleKeychain(options: GoogleKeychainOptions): Keychain {
  const keys = new Map(options.keyFiles.map((key) => [key.account.toLowerCase(), key]));
  const sources = { context: options, keys, findDefaultIdentity: createDefaultIdentity(options) };
  const accounts = new Map(options.accounts.map(({ registry, account }) => [registry, account]));
  const identities = new Map<string, Identity>();
  return {
    identityFor: (repository) => {
      const account = accountOf(repository, accounts);
      if (account === undefined) return Promise.resolve(ANONYMOUS);
      const identity = identities.get(account) ?? makeIdentity(account, sources);
      identities.set(account, identity);
      return Promise.resolve(identity);
    },
  };
}

function makeIdentity(account: string, sources: AccountSources): Identity {
  const name = `service account ${oneLine(account)}`;
  const mint = (signal: AbortSignal) => mintAccountToken(account, sources, signal);
  const token = new RenewingToken(mint, { owner: name, ...sources.context });
  return {
    name,
    credential: {
      kind: 'access-token',
      current: (signal) => token.current(signal),
      refuse: (refused) => token.drop(refused),
    },
  };
}
