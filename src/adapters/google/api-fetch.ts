import { isObject, parseJsonObject } from '../../base/json.ts';
import { oneLine } from '../../base/text.ts';
import { classifyHostname } from '../../http/connect/address-policy.ts';
import type { Repository } from '../../image/repository.ts';
import type { AccessToken, Keychain } from '../../ports/keychain.ts';
import { RegistryError } from '../../ports/registry-error.ts';

export interface ApiPorts {
  readonly keychain: Keychain;
  /** Sends requests to Google, retries included. */
  readonly fetch: typeof fetch;
}

/** Sends a request to an API of Google. Throws `RegistryError` for every status but 200. */
export type ApiFetch = (url: string | URL, init?: RequestInit) => Promise<Response>;

/** Sends requests with the identity of a repository, anonymously without an access token. A refused token is renewed once. */
export function createApiFetch(
  repository: Repository,
  { keychain, fetch, signal }: ApiPorts & { readonly signal: AbortSignal },
): ApiFetch {
  return async (target, init = {}) => {
    const url = new URL(target);
    const send = (bearer: string | undefined) => {
      const headers = new Headers(init.headers);
      if (bearer !== undefined) headers.set('authorization', `Bearer ${bearer}`);
      return fetch(url, { ...init, headers, signal });
    };
    const token = await accessTokenOf(repository, keychain, signal);
    if (token === undefined) return okOf(url, await send(undefined));
    refuseOtherHosts(url);
    const used = await token.current(signal);
    const response = await send(used);
    if (response.status !== 401) return okOf(url, response);
    token.refuse(used);
    return okOf(url, await send(await token.current(signal)));
  };
}

/** The access token of the account that a repository is bound to, or undefined. */
export async function accessTokenOf(
  repository: Repository,
  keychain: Keychain,
  signal: AbortSignal,
): Promise<AccessToken | undefined> {
  const { credential } = await keychain.identityFor(repository, signal);
  return credential.kind === 'access-token' ? credential : undefined;
}

/** An access token grants all rights of its account: it is sent to Google's own APIs and to loopback only. */
function refuseOtherHosts(url: URL): void {
  const { protocol, hostname } = url;
  const isLoopback = classifyHostname(hostname) === 'loopback';
  if (isLoopback || (protocol === 'https:' && hostname.endsWith('.googleapis.com'))) return;
  const message = `${describe(url)}: the token of a Google account is not sent there, expected https and a host of googleapis.com`;
  throw new RegistryError('unauthorized', message);
}

const MAX_REASON = 300;

async function okOf(url: URL, response: Response): Promise<Response> {
  const { status } = response;
  if (status === 200) return response;
  const error = parseJsonObject(new Uint8Array(await response.arrayBuffer()))?.['error'];
  const words = isObject(error) && typeof error['message'] === 'string' ? `: ${error['message']}` : '';
  const temporary = status === 429 || status >= 500;
  const code =
    status === 401 || status === 403 ? 'unauthorized' : temporary ? 'unavailable' : ('refused' as const);
  const message = `${describe(url)}: ${oneLine(`${status}${words}`, MAX_REASON)}`;
  throw new RegistryError(code, message, { status, temporary });
}

function describe({ origin, pathname }: URL): string {
  return `GET ${origin}${pathname}`;
}
