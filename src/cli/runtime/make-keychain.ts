import { createDockerConfigKeychain } from '../../adapters/docker-config/docker-config-keychain.ts';
import { createGoogleKeychain } from '../../adapters/google/google-keychain.ts';
import { readKeyFiles } from '../../adapters/google/key-files.ts';
import { orAnonymous } from '../../adapters/google/or-anonymous.ts';
import { messageOf } from '../../base/errors.ts';
import type { Clock } from '../../ports/clock.ts';
import { chainKeychains, type Keychain } from '../../ports/keychain.ts';
import type { Log } from '../../ports/log.ts';
import type { RunOptions } from '../flags/options/run-options.ts';
import { InputError } from '../flags/usage-error.ts';
import { type BoundRegistry, bindRegistries } from './bound-registries.ts';

export interface KeychainParts {
  readonly options: Pick<RunOptions, 'keyFiles' | 'serviceAccounts'>;
  /** Where only reading is asked for, a run without any Google credentials reads anonymously. */
  readonly readOnly: boolean;
  readonly env: NodeJS.ProcessEnv;
  readonly clock: Clock;
  readonly log: Log;
  /** For the requests to Google. */
  readonly fetch: typeof fetch;
}

/**
 * Where a run finds its identities: the accounts that registries are bound to, then docker's and podman's files.
 * Throws a `UsageError` for key files that cannot be used.
 */
export async function makeKeychain(
  registries: readonly BoundRegistry[],
  { options, readOnly, env, clock, log, fetch }: KeychainParts,
): Promise<Keychain> {
  const files = createDockerConfigKeychain(env, clock, process.getuid?.());
  const keyFiles = await readKeyFiles(options.keyFiles).catch((error: unknown) => {
    throw new InputError(messageOf(error));
  });
  if (!options.serviceAccounts) return files;
  // asked to, Google's libraries log the tokens that they get
  delete env['GOOGLE_SDK_NODE_LOGGING'];
  const accounts = bindRegistries(registries, log);
  const google = createGoogleKeychain({ accounts, keyFiles, env, clock, log, fetch });
  return chainKeychains(readOnly ? orAnonymous(google, log) : google, files);
}
