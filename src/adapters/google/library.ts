import type GoogleAuthLibrary from 'google-auth-library';
import type { AuthClient, OAuth2ClientOptions } from 'google-auth-library';
import type { Clock } from '../../ports/clock.ts';
import { explainFailure, GoogleError } from './google-error.ts';
import type { Minted } from './renewing-token.ts';
import { withinLimit } from './shared-work.ts';

export type Library = typeof GoogleAuthLibrary;

/** google-auth-library, when it is first needed: most runs of the program never do, and it is large. */
export async function loadLibrary(): Promise<Library> {
  const loaded = await import('google-auth-library');
  return loaded.default; // it is CommonJS: a bundle in chunks has the default only
}

/** What a token must be good for: the registries take no narrower scope for both reading and writing. */
export const SCOPE = 'https://www.googleapis.com/auth/cloud-platform';

/** For every client of the library. */
export function clientOptions({
  signal,
  fetch,
}: Reach): Pick<OAuth2ClientOptions, 'transporterOptions' | 'useAuthRequestParameters'> {
  const transporterOptions =
    fetch === undefined ? { signal } : { signal, fetchImplementation: fetch, retryConfig: { retry: 0 } }; // it retries by itself
  // without its request parameters it does not log requests and answers, tokens included, when told to log
  return { transporterOptions, useAuthRequestParameters: false };
}

/** How a client of the library reaches Google. */
export interface Reach {
  readonly signal: AbortSignal;
  /** Undefined: the library's own, which knows node's authorities only. */
  readonly fetch: typeof fetch | undefined;
}

/** How the library is asked. */
export interface Asking {
  /** What a message begins with. */
  readonly subject: string;
  /** What no message repeats. */
  readonly secrets: readonly string[];
  readonly clock: Clock;
  /** Milliseconds. */
  readonly limit: number;
  readonly signal: AbortSignal;
}

/** Milliseconds that a token lives at most, whatever a clock that is wrong makes of the time it ends at. */
const LONGEST = 3_600_000;
/** Milliseconds that a token lives of which nobody says it. */
export const UNKNOWN_LIFETIME = 10 * 60_000;
/** Visible ASCII. */
const FIT_FOR_HEADER = /^[!-~]+$/;

/** Does something with the library: within the limit, and what it throws is a `GoogleError`. */
export async function askLibrary<T>(
  { subject, secrets, limit, signal }: Asking,
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

/** A token from a client that has just been opened. */
export async function mintToken(
  asking: Asking,
  open: (library: Library, signal: AbortSignal) => AuthClient,
): Promise<Minted> {
  return askLibrary(asking, async (library, signal) => {
    const client = openOrExplain(asking, () => open(library, signal));
    const { token } = await client.getAccessToken();
    if (typeof token !== 'string' || !FIT_FOR_HEADER.test(token))
      throw new GoogleError('unavailable', `${asking.subject}: the answer has no token`);
    const end = client.credentials.expiry_date;
    const lifetime = end == null ? UNKNOWN_LIFETIME : end - asking.clock.wallTime();
    return { token, lifetime: Math.min(lifetime, LONGEST) };
  });
}

/** What the library says of a file that it cannot use is not a matter of the network. */
function openOrExplain({ subject, secrets }: Asking, open: () => AuthClient): AuthClient {
  try {
    return open();
  } catch (error) {
    throw new GoogleError('credentials-file', explainFailure(error, subject, secrets).message);
  }
}
