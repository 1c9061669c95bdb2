import { oneLine } from '../../base/text.ts';
import { ANONYMOUS, type Identity, type Keychain } from '../../ports/keychain.ts';
import { type AccountSources, mintAccountToken } from './account-token.ts';
import { type AccountBinding, accountOf } from './bind-accounts.ts';
import { createDefaultIdentity } from './default-identity.ts';
import type { KeyFile } from './key-files.ts';
import type { GoogleContext } from './library.ts';
import { RenewingToken } from './renewing-token.ts';

export interface GoogleOptions extends Omit<GoogleContext, 'requestLimit' | 'gcloudLimit'> {
  /** The keys from `readKeyFiles`; the last of several keys of one account counts. */
  readonly keyFiles: readonly KeyFile[];
  /** Milliseconds for one token. Default: 60,000. */
  readonly requestLimit?: number;
  /** Milliseconds for one run of gcloud. Default: 30,000. */
  readonly gcloudLimit?: number;
}

export interface GoogleKeychainOptions extends GoogleOptions {
  /** The accounts of registries, from `bindAccounts`. */
  readonly accounts: readonly AccountBinding[];
}

const REQUEST_LIMIT = 60_000;
const GCLOUD_LIMIT = 30_000;

/**
 * Identities of Google service accounts for the repositories that are bound to one; anonymous for all others. A token
 * is requested when it is first needed: that throws a `GoogleError`, `identityFor` does not.
 */
export function createGoogleKeychain(options: GoogleKeychainOptions): Keychain {
  const sources = accountSourcesOf(options);
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

/** The credentials that tokens are made with. Nothing is read or requested yet. */
export function accountSourcesOf(options: GoogleOptions): AccountSources {
  const { env, clock, log, fetch, requestLimit = REQUEST_LIMIT, gcloudLimit = GCLOUD_LIMIT } = options;
  const context = { env, clock, log, fetch, requestLimit, gcloudLimit };
  const keys = new Map(options.keyFiles.map((key) => [key.account.toLowerCase(), key]));
  return { context, keys, findDefaultIdentity: createDefaultIdentity(context) };
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
