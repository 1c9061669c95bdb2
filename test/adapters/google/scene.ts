import { join } from 'node:path';
import { gcpMetadata } from 'google-auth-library';
import { expect, onTestFinished, vi } from 'vitest';
import { bindAccounts } from '../../../src/adapters/google/bind-accounts.ts';
import { GoogleError } from '../../../src/adapters/google/google-error.ts';
import {
  createGoogleKeychain,
  type GoogleKeychainOptions,
} from '../../../src/adapters/google/google-keychain.ts';
import { readKeyFiles } from '../../../src/adapters/google/key-files.ts';
import { parseRegistryName, parseRepository, type Repository } from '../../../src/image/repository.ts';
import { createFetch } from '../../../src/http/fetch.ts';
import type { Identity, Keychain } from '../../../src/ports/keychain.ts';
import { programs } from '../../builders/programs.ts';
import { testdir } from '../../builders/testdir.ts';
import { FakeClock } from '../../doubles/fake-clock.ts';
import { CANARY, type FakeGoogle, fakeGoogle, PRIVATE_KEY } from './fake-google.ts';

export const A = 'promoter@prod.iam.gserviceaccount.com';
export const B = 'runner@ci.iam.gserviceaccount.com';
export const REGISTRY = 'eu.gcr.io/prod';
export const REPOSITORY = repository('eu.gcr.io/prod/app');

const never = new AbortController().signal;

/** A keychain in surroundings that hold what the test puts there, and nothing of this machine. */
export interface Scene {
  readonly google: FakeGoogle;
  readonly clock: FakeClock;
  /** Lines of the log. */
  readonly logged: readonly string[];
  /** Where the files are, and the PATH. */
  readonly folder: string;
  readonly identity: (repository?: Repository) => Promise<Identity>;
  /** A token of the account that a repository is bound to. */
  readonly token: (repository?: Repository, signal?: AbortSignal) => Promise<string>;
  /** What asking for it throws. */
  readonly refusal: (repository?: Repository) => Promise<GoogleError>;
}

export interface Staging {
  /** `registry: account`. Default: `A` for `REGISTRY`. */
  readonly accounts?: Readonly<Record<string, string>>;
  /** What the metadata server says that this machine is; `nobody`: nothing. Default: there is no such server. */
  readonly machine?: string;
  /** Done before the files are made. */
  readonly before?: (google: FakeGoogle) => Promise<void>;
  /** Written to the folder; made from the fake's address. */
  readonly files?: (google: FakeGoogle) => Readonly<Record<string, unknown>>;
  /** Names of files for `-key-files`. */
  readonly keyFiles?: readonly string[];
  /** The name of the file for GOOGLE_APPLICATION_CREDENTIALS. */
  readonly credentials?: string;
  /** A shell script by the name of gcloud in PATH. */
  readonly gcloud?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly options?: Partial<GoogleKeychainOptions>;
  /** Makes the keychain. Default: that of accounts. */
  readonly create?: (options: GoogleKeychainOptions) => Keychain;
}

export async function scene(staging: Staging = {}): Promise<Scene> {
  const clock = new FakeClock();
  const google = await fakeGoogle(clock);
  await staging.before?.(google);
  stageMachine(google, staging.machine);
  const folder = await stageFiles(google, staging);
  const logged: string[] = [];
  const paths = (staging.keyFiles ?? []).map((file) => join(folder, file));
  const keychain = (staging.create ?? createGoogleKeychain)({
    accounts: bindAccounts(registries(staging.accounts ?? { [REGISTRY]: A })).bindings,
    keyFiles: await readKeyFiles(paths),
    env: {
      HOME: join(folder, 'home'),
      PATH: folder,
      ...(staging.machine === undefined ? { METADATA_SERVER_DETECTION: 'none' } : {}),
      ...(staging.credentials === undefined
        ? {}
        : { GOOGLE_APPLICATION_CREDENTIALS: join(folder, staging.credentials) }),
      ...staging.env,
    },
    clock,
    log: { write: (...line) => logged.push(JSON.stringify(line)) },
    ...staging.options,
    fetch: fetchFrom(
      google,
      staging.options?.fetch ?? createFetch({ network: {}, clock, log, userAgent }).fetch,
    ),
  });
  const token = async (whose = REPOSITORY, signal = never) => {
    const { credential } = await keychain.identityFor(whose, signal);
    if (credential.kind !== 'access-token') throw new Error(`expected a token, got ${credential.kind}`);
    return credential.current(signal);
  };
  onTestFinished(() => expect(logged.join('\n')).not.toContain(CANARY));
  return {
    google,
    clock,
    logged,
    folder,
    identity: (whose = REPOSITORY) => keychain.identityFor(whose, never),
    token,
    refusal: (whose) => refusalOf(token(whose)),
  };
}

const log = { write: () => {} };
const userAgent = 'cip/test';

/** A `fetch` whose IAM Credentials API is the fake. */
function fetchFrom(google: FakeGoogle, inner: typeof fetch): typeof fetch {
  return (input, init) => {
    const url = input instanceof Request ? input.url : String(input);
    return inner(url.replace('https://iamcredentials.googleapis.com', google.url), init);
  };
}

/** The GoogleError of a promise, which holds no secret wherever one looks. */
export async function refusalOf(promise: Promise<unknown>): Promise<GoogleError> {
  const thrown = await promise.catch((error: unknown) => error);
  if (!(thrown instanceof GoogleError)) throw new Error(`expected a GoogleError, got ${String(thrown)}`);
  expect(thrown.cause).toBeUndefined();
  expect(`${thrown.stack} ${JSON.stringify(thrown)}`).not.toContain(CANARY);
  expect(thrown.message).not.toMatch(/PRIVATE KEY|\n/);
  return thrown;
}

/** The JSON key of an account, for the token endpoint of the fake. */
export function keyOf(account: string, google: FakeGoogle): Record<string, unknown> {
  return {
    type: 'service_account',
    project_id: 'p',
    private_key_id: 'k',
    private_key: PRIVATE_KEY,
    client_email: account,
    token_uri: `${google.url}/token`,
  };
}

export function repository(text: string): Repository {
  const parsed = parseRepository(text);
  if (parsed === undefined) throw new Error(`no repository: ${text}`);
  return parsed;
}

export function registries(accounts: Readonly<Record<string, string | undefined>>) {
  return Object.entries(accounts).map(([text, serviceAccount]) => {
    const name = parseRegistryName(text);
    if (name === undefined) throw new Error(`no registry: ${text}`);
    return { name, serviceAccount };
  });
}

/** The library reads these from the process. */
function stageMachine(google: FakeGoogle, machine: string | undefined): void {
  onTestFinished(() => {
    vi.unstubAllEnvs();
    gcpMetadata.resetIsAvailableCache();
  });
  gcpMetadata.resetIsAvailableCache();
  for (const name of ['HTTPS_PROXY', 'https_proxy', 'HTTP_PROXY', 'http_proxy', 'GCE_METADATA_IP'])
    vi.stubEnv(name, undefined);
  vi.stubEnv('GCE_METADATA_HOST', google.host);
  vi.stubEnv('METADATA_SERVER_DETECTION', machine === undefined ? 'none' : 'ping-only');
  google.behaviour.email = machine === 'nobody' ? undefined : machine;
}

async function stageFiles(google: FakeGoogle, { files, gcloud }: Staging): Promise<string> {
  const texts = Object.entries(files?.(google) ?? {}).map(([name, content]) => [
    name,
    typeof content === 'string' ? content : JSON.stringify(content),
  ]);
  const folder = await testdir({ 'home/': '', ...Object.fromEntries(texts) });
  if (gcloud !== undefined) await programs(folder, { gcloud });
  return folder;
}
