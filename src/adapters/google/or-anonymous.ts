import { messageOf } from '../../base/errors.ts';
import { ANONYMOUS, type Keychain } from '../../ports/keychain.ts';
import type { Log } from '../../ports/log.ts';
import { GoogleError } from './google-error.ts';

/**
 * For runs that only read: without any Google credentials the registry of an account is read anonymously, with a
 * warning. The check of a pull request has no credentials, and needs none for public registries. Credentials that exist
 * and fail are an error here too.
 */
export function orAnonymous(keychain: Keychain, log: Log): Keychain {
  const without = new Set<string>();
  return {
    identityFor: async (repository, signal) => {
      const identity = await keychain.identityFor(repository, signal);
      if (identity.credential.kind !== 'access-token') return identity;
      if (without.has(identity.name)) return ANONYMOUS;
      try {
        await identity.credential.current(signal);
        return identity;
      } catch (error) {
        if (!(error instanceof GoogleError) || error.code !== 'no-credentials') throw error;
        if (!without.has(identity.name)) {
          log.write('warning', 'reading anonymously', { instead: identity.name, because: messageOf(error) });
        }
        without.add(identity.name);
        return ANONYMOUS;
      }
    },
  };
}
