import type GoogleAuthLibrary from 'google-auth-library';
import type { AuthClient, OAuth2ClientOptions } from 'google-auth-library';
import type { Clock } from '../../ports/clock.ts';
import type { Log } from '../../ports/log.ts';
import { explainFailure, GoogleError } from './google-error.ts';
import type { Minted } from './renewing-token.ts';
import { withinLimit } from '../../base/shared-work.ts';

/** The context that the identities of this adapter share. */
export interface GoogleContext {
  readonly env: Env;
  readonly clock: Clock;
  readonly log: Log;
  /** Sends requests to Google, retries included. */
  readonly fetch: typeof fetch;
  /** Milliseconds for one token. Default: 60,000. */
  readonly requestLimit?: number;
  /** Milliseconds for one run of gcloud. Default: 30,000. */
  readonly gcloudLimit?: number;
}

export type Env = Readonly<Record<string, string | undefined>>;
export type Library = typeof GoogleAuthLibrary;
export type ClientOptions = Pick<OAuth2ClientOptions, 'transporterOptions' | 'useAuthRequestParameters'>;

/** Opens a client of the library for one token: its clock is not ours, so it decides on no renewal. */
export type OpenClient = (library: Library, options: ClientOptions) => AuthClient;

export interface LibraryCall {
  /** The beginning of each message. */
  readonly subject: string;
  /** Kept out of each message. */
  readonly secrets: readonly string[];
  readonly signal: AbortSignal;
}

const REQUEST_LIMIT = 60_000;

/** The scope of every token: the registries have no narrower one for reading and writing. */
export const SCOPE = 'https://www.googleapis.com/auth/cloud-platform';
/** Milliseconds: a token is never taken to live longer, even if a wrong clock says so. */
const LONGEST = 3_600_000;
/** Milliseconds that a token without a stated lifetime is taken to live. */
export const UNKNOWN_LIFETIME = 10 * 60_000;
/** Seconds: the longest that Google allows without a policy for it. */
const IMPERSONATION_LIFETIME = 3600;
/** Visible ASCII. */
const FIT_FOR_HEADER = /^[!-~]+$/;

/** Calls google-auth-library within the time limit. Throws a `GoogleError`, or the reason of an aborted signal. */
export async function callLibrary<T>(
  { requestLimit: limit = REQUEST_LIMIT }: GoogleContext,
  { subject, secrets, signal }: LibraryCall,
  work: (library: Library, signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const late = () => new GoogleError('unavailable', `${subject}: no answer within ${limit} ms`);
  try {
    return await withinLimit(async (inner) => work(await loadLibrary(), inner), { signal, limit, late });
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    throw explainFailure(error, subject, secrets);
  }
}

/** Loaded when a token is needed: most runs need none, and the library is large. */
export async function loadLibrary(): Promise<Library> {
  const loaded = await import('google-auth-library');
  return loaded.default; // a CommonJS module: its exports are the default export
}

/** A token from a new client. */
export async function mintToken(
  context: GoogleContext,
  call: LibraryCall,
  open: OpenClient,
): Promise<Minted> {
  return callLibrary(context, call, async (library, signal) => {
    const transporterOptions = { signal, fetchImplementation: context.fetch, retryConfig: { retry: 0 } };
    // with its request parameters the library logs tokens when logging is on
    const options = { transporterOptions, useAuthRequestParameters: false };
    const client = openOrExplain(call, () => open(library, options));
    const { token } = await client.getAccessToken();
    if (typeof token !== 'string' || !FIT_FOR_HEADER.test(token))
      throw new GoogleError('unavailable', `${call.subject}: the answer has no token`);
    const end = client.credentials.expiry_date;
    const lifetime = end == null ? UNKNOWN_LIFETIME : end - context.clock.wallTime();
    return { token, lifetime: Math.min(lifetime, LONGEST) };
  });
}

/** An error before any request is about the credentials file, not about the network. */
function openOrExplain({ subject, secrets }: LibraryCall, open: () => AuthClient): AuthClient {
  try {
    return open();
  } catch (error) {
    throw new GoogleError('credentials-file', explainFailure(error, subject, secrets).message);
  }
}

/** A client that gets tokens of a service account with those of another client. */
export function openImpersonation(
  { Impersonated }: Library,
  options: ClientOptions,
  target: {
    readonly account: string;
    readonly delegates?: readonly string[];
    readonly sourceClient: AuthClient;
  },
): AuthClient {
  return new Impersonated({
    ...options,
    sourceClient: target.sourceClient,
    targetPrincipal: target.account,
    delegates: [...(target.delegates ?? [])],
    targetScopes: [SCOPE],
    lifetime: IMPERSONATION_LIFETIME,
  });
}
