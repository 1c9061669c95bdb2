import { rootCertificates } from 'node:tls';
import type Undici from 'undici';
import type { EnvHttpProxyAgent } from 'undici';
import { MAX_HEADER_BYTES } from '../../base/invalid-http.ts';
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
  let made: Promise<{ readonly library: Library; readonly dispatcher: EnvHttpProxyAgent }> | undefined;
  const prepare = async () => {
    const library = await loadLibrary();
    return { library, dispatcher: makeDispatcher(library, { env, cas: await readCas() }) };
  };
  const dispatch = async (url: string | URL, init: object) => {
    made ??= prepare();
    const { library, dispatcher } = await made;
    return library.fetch(url, { ...init, dispatcher }).catch(throwCause);
  };
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- node's own fetch is undici's: the types differ by version only
  return dispatch as unknown as typeof fetch;
}

type Library = typeof Undici;

/** All of undici, when a token is first needed: registries are asked with parts of it. */
async function loadLibrary(): Promise<Library> {
  return (await import('undici')).default; // it is CommonJS: a bundle in chunks has the default only
}

function makeDispatcher(
  { EnvHttpProxyAgent: Agent }: Library,
  { env, cas }: { readonly env: Env; readonly cas: readonly string[] },
): EnvHttpProxyAgent {
  const tls = { ca: [...rootCertificates, ...cas] };
  const exceptions = [valueOf(env, 'NO_PROXY'), 'localhost', '127.0.0.1', '::1'];
  return new Agent({
    httpProxy: valueOf(env, 'HTTP_PROXY'),
    httpsProxy: valueOf(env, 'HTTPS_PROXY'),
    noProxy: exceptions.filter(Boolean).join(','),
    connect: tls,
    requestTls: tls,
    proxyTls: tls,
    maxHeaderSize: MAX_HEADER_BYTES,
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
