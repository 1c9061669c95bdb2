import { isObject, textOf } from '../../base/json.ts';
import { isEmailAddress, oneLine } from '../../base/text.ts';
import { type AccountSources, mintAccountToken } from './account-token.ts';
import { GoogleError } from './google-error.ts';
import { accountSourcesOf, type GoogleOptions } from './google-keychain.ts';
import { callLibrary } from './library.ts';

export interface IdentityTokenOptions extends GoogleOptions {
  /** The service account that the tokens are of. */
  readonly account: string;
  readonly audience: string;
}

/**
 * Makes identity tokens (OIDC) of a service account, with its email address: the caller is the account itself if there
 * is a key of it, else the default identity, else gcloud. Each call makes a new token, or throws a `GoogleError` that
 * names the account and a remedy.
 *
 * @see https://cloud.google.com/iam/docs/reference/credentials/rest/v1/projects.serviceAccounts/generateIdToken
 */
export function createIdentityTokens(
  options: IdentityTokenOptions,
): (signal: AbortSignal) => Promise<string> {
  const sources = accountSourcesOf(options);
  const { account, audience } = options;
  const subject = `service account ${oneLine(account)}: identity token`;
  return async (signal) => {
    if (!isEmailAddress(account))
      throw new GoogleError('account-name', `service account ${oneLine(account)}: expected an email address`);
    const { name, token } = await findCaller(account, sources, signal);
    const call = { subject: `${subject} by ${name}`, secrets: [token], signal };
    const url = `https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/${encodeURIComponent(account)}:generateIdToken`;
    const answer = callLibrary(sources.context, call, async ({ OAuth2Client }, inner) => {
      const transporterOptions = {
        signal: inner,
        fetchImplementation: sources.context.fetch,
        retryConfig: { retry: 0 },
      };
      // with its request parameters the library logs tokens when logging is on
      const client = new OAuth2Client({ transporterOptions, useAuthRequestParameters: false });
      client.setCredentials({ access_token: token });
      const data = { audience, includeEmail: true };
      return (await client.request<unknown>({ url, method: 'POST', data })).data;
    });
    const data = await answer.catch((error: unknown) => {
      throw withRemedy(error, account);
    });
    const made = isObject(data) ? textOf(data, 'token') : undefined;
    if (made !== undefined) return made;
    throw new GoogleError('unavailable', `${subject}: the answer has no token`);
  };
}

async function findCaller(account: string, sources: AccountSources, signal: AbortSignal) {
  const hasKey = sources.keys.has(account.toLowerCase());
  const identity = hasKey ? undefined : await sources.findDefaultIdentity(signal);
  if (identity !== undefined) return { name: identity.name, token: await identity.token.current(signal) };
  return { name: 'itself', token: (await mintAccountToken(account, sources, signal)).token };
}

function withRemedy(error: unknown, account: string): unknown {
  if (!(error instanceof GoogleError) || error.code !== 'denied') return error;
  const remedy = `it needs the permission iam.serviceAccounts.getOpenIdToken, which roles/iam.serviceAccountOpenIdTokenCreator on ${account} gives`;
  return new GoogleError(error.code, `${error.message}; ${remedy}`);
}
