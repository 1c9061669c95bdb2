import { rootCertificates } from 'node:tls';
import { EnvHttpProxyAgent, fetch as undiciFetch } from 'undici';
import type { Env } from './default-credentials.ts';

export interface Network {
  /** Where `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY` are looked up. */
  readonly env: Env;
  /** The authorities to trust besides node's own, in PEM; asked once, when the first token is made. */
  readonly readCas: () => Promise<readonly string[]>;
}

/**
 * A `fetch` for the library, which can be told of no authorities itself: it trusts those of the user, and goes through
 * the same proxies as the questions to registries. What this machine answers itself is asked without a proxy.
 */
export function createFetch({ env, readCas }: Network): typeof fetch {
  let made: Promise<EnvHttpProxyAgent> | undefined;
  const dispatch = async (url: string | URL, init: object) => {
    made ??= readCas().then((cas) => makeDispatcher(env, cas));
    return undiciFetch(url, { ...init, dispatcher: await made }).catch(throwCause);
  };
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- node's own fetch is undici's: the types differ by version only
  return dispatch as unknown as typeof fetch;
}

function makeDispatcher(env: Env, cas: readonly string[]): EnvHttpProxyAgent {
  const tls = { ca: [...rootCertificates, ...cas] };
  const exceptions = [valueOf(env, 'NO_PROXY'), 'localhost', '127.0.0.1', '::1'];
  return new EnvHttpProxyAgent({
    httpProxy: valueOf(env, 'HTTP_PROXY'),
    httpsProxy: valueOf(env, 'HTTPS_PROXY'),
    noProxy: exceptions.filter(Boolean).join(','),
    connect: tls,
    requestTls: tls,
    proxyTls: tls,
  });
}

/** A fetch that fails says no more than that itself. */
function throwCause(error: unknown): never {
  const cause = error instanceof TypeError && error.cause instanceof Error ? error.cause : error;
  if (!(cause instanceof Error) || !('code' in cause) || !UNTRUSTED.test(String(cause.code))) throw cause;
  throw new Error(`${cause.message}; if its certificate is right, trust its authority with -ca-file FILE`, {
    cause,
  });
}

/** What OpenSSL calls certificates of authorities that it does not know. */
const UNTRUSTED = /SELF_SIGNED|^UNABLE_TO_|^CERT_UNTRUSTED/;

function valueOf(env: Env, name: string): string {
  return env[name] || env[name.toLowerCase()] || '';
}
