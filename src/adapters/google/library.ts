import type GoogleAuthLibrary from 'google-auth-library';
import type { OAuth2ClientOptions } from 'google-auth-library';

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
