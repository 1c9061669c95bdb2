import { isEmailAddress, oneLine } from '../../base/text.ts';
import { gcloudsFile } from './default-credentials.ts';
import type { DefaultIdentity, FindDefaultIdentity } from './default-identity.ts';
import { askGcloud } from './gcloud-token.ts';
import { GoogleError } from './google-error.ts';
import { type KeyFile, openKey } from './key-files.ts';
import { type GoogleContext, mintToken, openImpersonation, UNKNOWN_LIFETIME } from './library.ts';
import type { Minted } from './renewing-token.ts';

const GCLOUD_LIMIT = 30_000;

/** The credentials that tokens of service accounts are made with. */
export interface AccountSources {
  readonly context: GoogleContext;
  /** By account, in lower case. */
  readonly keys: ReadonlyMap<string, KeyFile>;
  readonly findDefaultIdentity: FindDefaultIdentity;
}

/**
 * A token of a service account: by its own key; else by the default identity, with impersonation unless that is the
 * same account; else by gcloud. Throws a `GoogleError` that names the account and a remedy.
 */
export async function mintAccountToken(
  account: string,
  sources: AccountSources,
  signal: AbortSignal,
): Promise<Minted> {
  if (!isEmailAddress(account)) {
    const message = `service account ${oneLine(account)}: expected an email address`;
    throw new GoogleError('account-name', message);
  }
  const key = sources.keys.get(account.toLowerCase());
  if (key !== undefined) {
    const subject = `service account ${key.account}: its key in ${key.file}`;
    return mintToken(sources.context, { subject, secrets: [key.privateKey], signal }, openKey(key));
  }
  const identity = await sources.findDefaultIdentity(signal).catch((error: unknown) => {
    throw prefixed(error, `service account ${account}`);
  });
  if (identity === undefined) return mintByGcloud(account, sources, signal);
  if (identity.account?.toLowerCase() === account.toLowerCase()) return identity.mint(signal);
  return impersonate(account, { identity, context: sources.context, signal });
}

async function impersonate(
  account: string,
  { identity, context, signal }: { identity: DefaultIdentity; context: GoogleContext; signal: AbortSignal },
): Promise<Minted> {
  const { quotaProject } = identity;
  const token = await identity.token.current(signal).catch((error: unknown) => {
    throw withRemedy(prefixed(error, `service account ${account}: cannot be impersonated`), identity.remedy);
  });
  const subject = `service account ${account}: impersonation by ${identity.name}`;
  try {
    return await mintToken(context, { subject, secrets: [token], signal }, (library, options) => {
      const sourceClient = new library.OAuth2Client({
        ...options,
        credentials: { access_token: token },
        ...(quotaProject === undefined ? {} : { quotaProjectId: quotaProject }),
      });
      return openImpersonation(library, options, { account, sourceClient });
    });
  } catch (error) {
    const remedy = `it needs the permission iam.serviceAccounts.getAccessToken, which roles/iam.serviceAccountTokenCreator on ${account} gives`;
    throw withRemedy(error, remedy);
  }
}

function prefixed(error: unknown, prefix: string): unknown {
  return error instanceof GoogleError ? new GoogleError(error.code, `${prefix}: ${error.message}`) : error;
}

/** For refusals: a service that does not answer needs no remedy. */
function withRemedy(error: unknown, remedy: string | undefined): unknown {
  if (!(error instanceof GoogleError) || error.code === 'unavailable' || remedy === undefined) return error;
  return new GoogleError(error.code, `${error.message}; ${remedy}`);
}

async function mintByGcloud(
  account: string,
  { context, keys }: AccountSources,
  signal: AbortSignal,
): Promise<Minted> {
  const { env, gcloudLimit: limit = GCLOUD_LIMIT } = context;
  const given = keys.size === 0 ? '-key-files is not given' : '-key-files has no key of it';
  const file = gcloudsFile(env) ?? 'the file of gcloud';
  const tried = `service account ${account}: no credentials: ${given}, GOOGLE_APPLICATION_CREDENTIALS is not set, ${file} is not there, no metadata server answers`;
  const remedy = `run gcloud auth application-default login as somebody with roles/iam.serviceAccountTokenCreator on ${account}, or give its key with -key-files`;
  const token = await askGcloud(account, { env, limit, signal }).catch((error: unknown) => {
    if (!(error instanceof GoogleError)) throw error;
    throw new GoogleError(error.code, `${tried}; ${error.message}; ${remedy}`);
  });
  if (token !== undefined) return { token, lifetime: UNKNOWN_LIFETIME };
  throw new GoogleError('no-credentials', `${tried}, gcloud is not in PATH; ${remedy}`);
}
