import { SingleFlight } from '../../base/single-flight.ts';
import { untilAborted } from '../../base/until-aborted.ts';
import { isGoogleHost } from '../../image/google-hosts.ts';
import type { Clock } from '../../ports/clock.ts';
import { ANONYMOUS, type Identity, type Keychain } from '../../ports/keychain.ts';
import { RegistryError } from '../../ports/registry-error.ts';
import { checkAccessToken } from './access-token-policy.ts';
import { type Challenge, describeChallenge, parseChallenge } from './challenge.ts';
import { type HttpRequest, type HttpResponse, isStreamBody, type Send } from './http.ts';
import { identityHint } from './identity-hint.ts';
import type { TrustedRealms } from './realm-policy.ts';
import { ScopeMemory } from './scopes.ts';
import { basicHeader, type TokenRequest, Tokens } from './tokens.ts';

/** What is known of how a host lets requests in: nothing asked yet, or its challenge. */
type Door = Challenge | { readonly scheme: 'open' };

const OPEN: Door = { scheme: 'open' };

/**
 * Adds what a registry's challenge asks for: Basic, or a Bearer token for the request's scopes.
 *
 * Each host is asked once how it lets requests in: the first request finds out, those at the same time wait for it.
 * A 401 in the middle drops the token and repeats the request once, unless its body was a stream; one without a
 * challenge drops the token only. Nothing is added to requests that go to another origin than the registry's own (an
 * upload may be sent elsewhere).
 */
export function withAuth(
  inner: Send,
  ports: AuthPorts & { readonly originOf: (host: string) => string },
): Send {
  const guard = new Guard(inner, ports);
  return (request) => {
    const origin = ports.originOf(request.host);
    return request.url.origin === origin ? guard.send(request, origin) : inner(request);
  };
}

export interface AuthPorts {
  readonly keychain: Keychain;
  readonly clock: Clock;
  /** Told of every identity that a host has been asked with. */
  readonly onIdentity: (host: string, name: string) => void;
  /** Token services that may have a registry's credentials though their names do not show it. */
  readonly trustedRealms: TrustedRealms;
}

class Guard {
  readonly #inner: Send;
  readonly #keychain: Keychain;
  readonly #tokens: Tokens;
  readonly #doors = new Map<string, Door>();
  readonly #finding = new SingleFlight<string, HttpResponse>();
  readonly #scopes = new ScopeMemory();
  readonly #onIdentity: AuthPorts['onIdentity'];
  readonly #trustedRealms: TrustedRealms;

  constructor(inner: Send, { keychain, clock, onIdentity, trustedRealms }: AuthPorts) {
    this.#onIdentity = onIdentity;
    this.#trustedRealms = trustedRealms;
    this.#inner = inner;
    this.#keychain = keychain;
    this.#tokens = new Tokens(inner, { clock, trustedRealms });
  }

  async send(request: HttpRequest, origin: string): Promise<HttpResponse> {
    const response = await this.#send(request, origin);
    const isRefused = response.status === 401 || response.status === 403;
    if (!isRefused || response.url.origin !== origin) return response;
    return { ...response, hint: await this.#hintFor(request, response) };
  }

  async #hintFor(request: HttpRequest, { status, headers }: HttpResponse): Promise<string> {
    const door = this.#doors.get(request.host) ?? OPEN;
    if (door.scheme === 'open') return `${describeChallenge(headers['www-authenticate'])}, so none were sent`;
    const identity = await this.#identityOf(request);
    const isAsItIs = door.scheme === 'basic' || identity.credential.kind === 'registry-token';
    const judged = isAsItIs ? 'credential' : 'token';
    return identityHint(request.host, identity, { status, judged, scopes: request.scopes });
  }

  async #send(request: HttpRequest, origin: string): Promise<HttpResponse> {
    const door = this.#doors.get(request.host);
    if (door === undefined) return this.#sendFirst(request, origin);
    const key = await this.#keyFor(request, { origin, door });
    const response = await this.#inner(withHeader(request, key.header));
    if (response.status !== 401 || response.url.origin !== origin) return response;
    if (request.method === 'DELETE') return response; // an upload given up is not worth a new token
    return this.#sendAgain(request, { origin, response, key, door });
  }

  /** The first request to a host goes without credentials, and finds out whether it needs any. */
  async #sendFirst(request: HttpRequest, origin: string): Promise<HttpResponse> {
    const under = this.#finding.get(request.host);
    if (under !== undefined || isStreamBody(request.body)) {
      await under?.catch(() => {}); // whoever asked first reports it; this request finds out for itself
      this.#doors.set(request.host, this.#doors.get(request.host) ?? OPEN);
      return this.#send(request, origin);
    }
    const response = await this.#finding.run(request.host, () => this.#inner(request));
    // a challenge of where it was redirected to says nothing about this host
    const isAsked = response.status === 401 && response.url.origin === origin;
    const challenge = isAsked ? parseChallenge(response.headers['www-authenticate']) : undefined;
    this.#doors.set(request.host, challenge ?? OPEN);
    if (challenge !== undefined) return this.#send(request, origin);
    if (response.status < 400 || response.status === 404) this.#onIdentity(request.host, ANONYMOUS.name);
    return response;
  }

  async #sendAgain(
    request: HttpRequest,
    refused: {
      readonly origin: string;
      readonly response: HttpResponse;
      readonly key: Key;
      readonly door: Door;
    },
  ): Promise<HttpResponse> {
    const challenge = parseChallenge(refused.response.headers['www-authenticate']);
    const isOldNews = challenge?.scheme === 'basic' && refused.door.scheme === 'basic';
    if (isOldNews) return refused.response;
    await refused.key.forget();
    if (challenge === undefined) return refused.response;
    this.#doors.set(request.host, challenge);
    if (isStreamBody(request.body)) return refused.response;
    const key = await this.#keyFor(request, { origin: refused.origin, door: challenge });
    return this.#inner(withHeader(request, key.header));
  }

  async #keyFor(request: HttpRequest, { origin, door }: { origin: string; door: Door }): Promise<Key> {
    if (door.scheme === 'open') return NO_KEY;
    const identity = await this.#identityOf(request);
    checkAccessToken(new URL(origin), identity, this.#trustedRealms);
    this.#onIdentity(request.host, identity.name);
    const ready = await readyKey(request, identity);
    if (ready !== undefined) return ready;
    if (door.scheme === 'basic') {
      return { ...NO_KEY, header: await basicHeader(identity.credential, request.signal) };
    }
    const { host, repository, scopes, signal } = request;
    return this.#tokenFor({ challenge: door, origin, identity, scopes, host, repository, signal });
  }

  /** One token for all that a repository needs, or where its service refuses that, one for what is needed now. */
  async #tokenFor(needed: TokenRequest): Promise<Key> {
    const scopes = this.#scopes.widen(needed.repository, needed.scopes);
    try {
      return await this.#keyOf({ ...needed, scopes });
    } catch (error) {
      if (!(error instanceof RegistryError) || error.code !== 'unauthorized') throw error;
      this.#scopes.forget(needed.repository, scopes);
      const isAllNeeded = scopes.every((scope) => needed.scopes.includes(scope));
      if (isAllNeeded) throw error;
      return this.#keyOf(needed);
    }
  }

  async #keyOf(asked: TokenRequest): Promise<Key> {
    const token = await this.#tokens.get(asked);
    return { header: `Bearer ${token}`, forget: () => this.#tokens.forget(asked, token) };
  }

  #identityOf({ repository, signal }: HttpRequest): Promise<Identity> {
    return untilAborted(this.#keychain.identityFor(repository, signal), signal);
  }
}

/** Google's registries take an access token as it is: a token of their own for each repository would be one request more. */
async function readyKey({ host, signal }: HttpRequest, { credential }: Identity): Promise<Key | undefined> {
  if (credential.kind === 'registry-token') return { ...NO_KEY, header: `Bearer ${credential.token}` };
  if (credential.kind !== 'access-token' || !isGoogleHost(host)) return undefined;
  const token = await credential.current(signal);
  return {
    header: `Bearer ${token}`,
    forget: () => {
      credential.refuse(token);
      return Promise.resolve();
    },
  };
}

interface Key {
  readonly header: string | undefined;
  readonly forget: () => Promise<void>;
}

const NO_KEY: Key = { header: undefined, forget: () => Promise.resolve() };

function withHeader(request: HttpRequest, header: string | undefined): HttpRequest {
  return header === undefined
    ? request
    : { ...request, headers: { ...request.headers, authorization: header } };
}
