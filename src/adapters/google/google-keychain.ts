import { oneLine } from '../../base/text.ts';
import type { Clock } from '../../ports/clock.ts';
import { ANONYMOUS, type Identity, type Keychain } from '../../ports/keychain.ts';
import type { Log } from '../../ports/log.ts';
import { mintAccountToken, type Ways } from './account-token.ts';
import { type AccountBinding, accountOf } from './bind-accounts.ts';
import type { Env } from './default-credentials.ts';
import type { KeyFile } from './key-files.ts';
import { RenewingToken } from './renewing-token.ts';
import { RunningIdentities } from './running-identity.ts';

export interface GoogleKeychainOptions {
  /** What `bindAccounts` makes of the manifests. */
  readonly accounts: readonly AccountBinding[];
  /** What `readKeyFiles` has read; the last of several keys of one account counts. */
  readonly keyFiles: readonly KeyFile[];
  readonly env: Env;
  readonly clock: Clock;
  readonly log: Log;
  /** Milliseconds for one question to Google. Default: 60,000. */
  readonly requestLimit?: number;
  /** Milliseconds for one run of gcloud. Default: 30,000. */
  readonly gcloudLimit?: number;
  /** The origin of the IAM Credentials API. Default: Google's. */
  readonly iamEndpoint?: string;
  /** How to reach Google, retries included. Default: the library's own. */
  readonly fetch?: typeof fetch;
}

const REQUEST_LIMIT = 60_000;
const GCLOUD_LIMIT = 30_000;

/**
 * Identities of Google service accounts for the repositories that are bound to one; anonymous for all others. A token
 * is asked for when it is first needed: that throws a `GoogleError`, `identityFor` does not.
 */
export function createGoogleKeychain(options: GoogleKeychainOptions): Keychain {
  const ways = makeWays(options);
  const accounts = new Map(options.accounts.map(({ registry, account }) => [registry, account]));
  const identities = new Map<string, Identity>();
  return {
    identityFor: (repository) => {
      const account = accountOf(repository, accounts);
      if (account === undefined) return Promise.resolve(ANONYMOUS);
      const identity = identities.get(account) ?? makeIdentity(account, ways);
      identities.set(account, identity);
      return Promise.resolve(identity);
    },
  };
}

function makeWays(options: GoogleKeychainOptions): Ways {
  const { env, clock, log, iamEndpoint, fetch } = options;
  const { requestLimit = REQUEST_LIMIT, gcloudLimit = GCLOUD_LIMIT } = options;
  const surroundings = { env, clock, log, iamEndpoint, fetch, requestLimit, gcloudLimit };
  const keys = new Map(options.keyFiles.map((key) => [key.account.toLowerCase(), key]));
  return { ...surroundings, keys, running: new RunningIdentities(surroundings) };
}

function makeIdentity(account: string, ways: Ways): Identity {
  const name = `service account ${oneLine(account)}`;
  const token = new RenewingToken((signal) => mintAccountToken(account, ways, signal), {
    owner: name,
    clock: ways.clock,
    log: ways.log,
  });
  return {
    name,
    credential: {
      kind: 'access-token',
      current: (signal) => token.current(signal),
      refuse: (refused) => token.drop(refused),
    },
  };
}
