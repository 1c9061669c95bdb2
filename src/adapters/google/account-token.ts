import { isEmailAddress, oneLine } from '../../base/text.ts';
import { gcloudsFile } from './default-credentials.ts';
import { askGcloud } from './gcloud-token.ts';
import { GoogleError } from './google-error.ts';
import type { KeyFile } from './key-files.ts';
import { clientOptions, mintToken, UNKNOWN_LIFETIME } from './library.ts';
import { openImpersonation, openKey } from './open-client.ts';
import type { Minted } from './renewing-token.ts';
import type { RunningIdentities, RunningIdentity, Surroundings } from './running-identity.ts';

export interface Ways extends Surroundings {
  /** By account, in lower case. */
  readonly keys: ReadonlyMap<string, KeyFile>;
  readonly running: RunningIdentities;
}

/**
 * A token of a service account: by its own key; else as the identity that runs, by impersonation unless it is the same
 * account; else from gcloud. Throws a `GoogleError` that names the account and says what to do.
 */
export async function mintAccountToken(account: string, ways: Ways, signal: AbortSignal): Promise<Minted> {
  if (!isEmailAddress(account)) {
    const told = oneLine(account);
    throw new GoogleError('account-name', `service account ${told}: expected an email address`);
  }
  const key = ways.keys.get(account.toLowerCase());
  if (key !== undefined) return mintByKey(key, ways, signal);
  const running = await ways.running.find(signal).catch((error: unknown) => {
    throw prefixed(error, `service account ${account}`);
  });
  if (running === undefined) return mintByGcloud(account, ways, signal);
  if (running.account?.toLowerCase() === account.toLowerCase()) return running.mint(signal);
  return impersonate(account, { running, ways, signal });
}

function mintByKey(key: KeyFile, ways: Ways, signal: AbortSignal): Promise<Minted> {
  const { clock, requestLimit: limit, iamEndpoint, fetch } = ways;
  const subject = `service account ${key.account}: its key in ${key.file}`;
  return mintToken({ subject, secrets: [key.privateKey], clock, limit, signal }, (library, inner) =>
    openKey(key, { library, signal: inner, iamEndpoint, fetch }),
  );
}

async function impersonate(
  account: string,
  { running, ways, signal }: { running: RunningIdentity; ways: Ways; signal: AbortSignal },
): Promise<Minted> {
  const { clock, requestLimit: limit, iamEndpoint, fetch } = ways;
  const { quotaProject } = running;
  const subject = `service account ${account}: impersonation by ${running.name}`;
  const token = await running.token.current(signal).catch((error: unknown) => {
    throw withRemedy(prefixed(error, `service account ${account}: cannot be impersonated`), running.remedy);
  });
  const asking = { subject, secrets: [token], clock, limit, signal };
  try {
    return await mintToken(asking, (library, inner) => {
      const sourceClient = new library.OAuth2Client({
        ...clientOptions({ signal: inner, fetch }),
        credentials: { access_token: token },
        ...(quotaProject === undefined ? {} : { quotaProjectId: quotaProject }),
      });
      return openImpersonation(
        { account, delegates: [], sourceClient },
        { library, signal: inner, iamEndpoint, fetch },
      );
    });
  } catch (error) {
    const remedy = `it needs the permission iam.serviceAccounts.getAccessToken, which roles/iam.serviceAccountTokenCreator on ${account} gives`;
    throw withRemedy(error, remedy);
  }
}

function prefixed(error: unknown, prefix: string): unknown {
  return error instanceof GoogleError ? new GoogleError(error.code, `${prefix}: ${error.message}`) : error;
}

/** Where Google has said no: what does not answer needs no remedy. */
function withRemedy(error: unknown, remedy: string | undefined): unknown {
  if (!(error instanceof GoogleError) || error.code === 'unavailable' || remedy === undefined) return error;
  return new GoogleError(error.code, `${error.message}; ${remedy}`);
}

async function mintByGcloud(account: string, ways: Ways, signal: AbortSignal): Promise<Minted> {
  const { env, gcloudLimit: limit } = ways;
  const token = await askGcloud(account, { env, limit, signal }).catch((error: unknown) => {
    if (!(error instanceof GoogleError)) throw error;
    throw new GoogleError(error.code, `${nothingFound(account, ways)}; ${error.message}; ${toDo(account)}`);
  });
  if (token !== undefined) return { token, lifetime: UNKNOWN_LIFETIME };
  throw new GoogleError(
    'no-credentials',
    `${nothingFound(account, ways)}, gcloud is not in PATH; ${toDo(account)}`,
  );
}

function nothingFound(account: string, { env, keys }: Ways): string {
  const given = keys.size === 0 ? '-key-files is not given' : '-key-files has no key of it';
  const file = gcloudsFile(env) ?? 'the file of gcloud';
  return `service account ${account}: no credentials: ${given}, GOOGLE_APPLICATION_CREDENTIALS is not set, ${file} is not there, no metadata server answers`;
}

function toDo(account: string): string {
  return `run gcloud auth application-default login as somebody with roles/iam.serviceAccountTokenCreator on ${account}, or give its key with -key-files`;
}
