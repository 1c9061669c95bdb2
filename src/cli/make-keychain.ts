import { createDockerConfigKeychain } from '../adapters/docker-config/docker-config-keychain.ts';
import { bindAccounts } from '../adapters/google/bind-accounts.ts';
import { createGoogleKeychain } from '../adapters/google/google-keychain.ts';
import { createFetch } from '../adapters/google/library-fetch.ts';
import { readKeyFiles } from '../adapters/google/key-files.ts';
import { orAnonymous } from '../adapters/google/or-anonymous.ts';
import { messageOf } from '../base/errors.ts';
import type { PromoterManifest, Registry } from '../manifest/model.ts';
import type { Clock } from '../ports/clock.ts';
import { chainKeychains, type Keychain } from '../ports/keychain.ts';
import type { Log } from '../ports/log.ts';
import type { RunOptions } from './run-options.ts';
import { InputError } from './usage-error.ts';

/** A registry, and the Google service account that it is used as. */
export type BoundRegistry = Pick<Registry, 'name' | 'serviceAccount'>;

export interface KeychainParts {
  readonly options: Pick<RunOptions, 'keyFiles' | 'serviceAccounts'>;
  /** Where only reading is asked for, a run without any Google credentials reads anonymously. */
  readonly readOnly: boolean;
  readonly env: NodeJS.ProcessEnv;
  readonly clock: Clock;
  readonly log: Log;
  /** The authorities that the user trusts, in PEM. */
  readonly readCas: () => Promise<readonly string[]>;
}

/**
 * Where a run finds its identities: the accounts that registries are bound to, then docker's and podman's files.
 * Throws a `UsageError` for key files that cannot be used.
 */
export async function makeKeychain(
  registries: readonly BoundRegistry[],
  { options, readOnly, env, clock, log, readCas }: KeychainParts,
): Promise<Keychain> {
  const files = createDockerConfigKeychain(env, clock, process.getuid?.());
  const keyFiles = await readKeyFiles(options.keyFiles).catch((error: unknown) => {
    throw new InputError(messageOf(error));
  });
  if (!options.serviceAccounts) return files;
  // asked to, Google's libraries log the tokens that they get
  delete env['GOOGLE_SDK_NODE_LOGGING'];
  const { bindings, conflicts } = bindAccounts(registries);
  for (const { registry, used, ignored } of conflicts) {
    log.write('warning', 'one registry is bound to two service accounts', { registry, used, ignored });
  }
  const fetch = createFetch({ env, readCas });
  const google = createGoogleKeychain({ accounts: bindings, keyFiles, env, clock, log, fetch });
  return chainKeychains(readOnly ? orAnonymous(google, log) : google, files);
}

/** The registries that manifests name. */
export function registriesOf(manifests: readonly PromoterManifest[]): readonly BoundRegistry[] {
  return manifests.flatMap(({ source, destinations }) => [source, ...destinations]);
}
