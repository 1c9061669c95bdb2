import type { AuthClient } from 'google-auth-library';
import { oneLine } from '../../base/text.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Log } from '../../ports/log.ts';
import { type CredentialsFile, type Env, readDefaultCredentials } from './default-credentials.ts';
import { clientOptions, type Library, mintToken, SCOPE } from './library.ts';
import { readMetadataIdentity } from './metadata-server.ts';
import { openClient } from './open-client.ts';
import { type Mint, RenewingToken } from './renewing-token.ts';
import { SharedWork } from './shared-work.ts';

/** What the parts of this adapter share. */
export interface Surroundings {
  readonly env: Env;
  readonly clock: Clock;
  readonly log: Log;
  /** Milliseconds for one question to Google. */
  readonly requestLimit: number;
  /** Milliseconds for one run of gcloud. */
  readonly gcloudLimit: number;
  readonly iamEndpoint: string | undefined;
  /** Undefined: the library's own. */
  readonly fetch: typeof fetch | undefined;
}

/** Whom the surroundings make this process. */
export interface RunningIdentity {
  /** For messages. */
  readonly name: string;
  /** The service account that it is, where that is known. */
  readonly account: string | undefined;
  /** The project that pays for its questions, where it has to be named. */
  readonly quotaProject: string | undefined;
  /** What to do when it is not accepted, where that is known. */
  readonly remedy: string | undefined;
  readonly mint: Mint;
  /** For whoever impersonates with it. */
  readonly token: RenewingToken;
}

/** Application default credentials, looked for when they are first asked for; undefined where there are none. */
export class RunningIdentities {
  readonly #search: SharedWork<RunningIdentity | undefined>;
  #found: { readonly identity: RunningIdentity | undefined } | undefined;

  constructor(surroundings: Surroundings) {
    this.#search = new SharedWork(async (signal) => {
      const identity = await findRunningIdentity(surroundings, signal);
      this.#found = { identity };
      return identity;
    });
  }

  async find(signal: AbortSignal): Promise<RunningIdentity | undefined> {
    return this.#found === undefined ? this.#search.join(signal) : this.#found.identity;
  }
}

async function findRunningIdentity(
  surroundings: Surroundings,
  signal: AbortSignal,
): Promise<RunningIdentity | undefined> {
  const { env, clock, requestLimit: limit } = surroundings;
  const file = await readDefaultCredentials(env);
  if (file !== undefined) return identityOfFile(file, surroundings);
  const asking = { subject: 'metadata server', secrets: [], clock, limit, signal };
  const email = await readMetadataIdentity(env, asking);
  return email === undefined ? undefined : identityOfMachine(email, surroundings);
}

function identityOfFile(file: CredentialsFile, surroundings: Surroundings): RunningIdentity {
  const { iamEndpoint, fetch } = surroundings;
  return makeIdentity(surroundings, {
    name: nameOfFile(file),
    account: file.account,
    quotaProject: file.quotaProject,
    remedy:
      file.credentials.kind === 'user' ? 'log in again: gcloud auth application-default login' : undefined,
    secrets: file.secrets,
    open: (library, signal) => openClient(file.credentials, { library, signal, iamEndpoint, fetch }),
  });
}

function nameOfFile({ file, account, credentials }: CredentialsFile): string {
  if (account !== undefined) return `service account ${account} of ${file}`;
  return `${credentials.kind === 'user' ? 'the user' : 'the federated identity'} of ${file}`;
}

function identityOfMachine(email: string, surroundings: Surroundings): RunningIdentity {
  const account = email.includes('@') ? email : undefined;
  return makeIdentity(surroundings, {
    name: `${account === undefined ? 'identity' : 'service account'} ${oneLine(email)} of the metadata server`,
    account,
    quotaProject: surroundings.env['GOOGLE_CLOUD_QUOTA_PROJECT'] || undefined,
    remedy: undefined,
    secrets: [],
    open: ({ Compute }, signal) =>
      new Compute({ ...clientOptions({ signal, fetch: undefined }), scopes: [SCOPE] }),
  });
}

function makeIdentity(
  { clock, log, requestLimit: limit }: Surroundings,
  identity: Pick<RunningIdentity, 'name' | 'account' | 'quotaProject' | 'remedy'> & {
    readonly secrets: readonly string[];
    readonly open: (library: Library, signal: AbortSignal) => AuthClient;
  },
): RunningIdentity {
  const { name, account, quotaProject, remedy, secrets, open } = identity;
  const mint: Mint = (signal) => mintToken({ subject: name, secrets, clock, limit, signal }, open);
  const token = new RenewingToken(mint, { owner: name, clock, log });
  return { name, account, quotaProject, remedy, mint, token };
}
