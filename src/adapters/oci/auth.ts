import { SingleFlight } from '../../base/single-flight.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Credential, Keychain } from '../../ports/keychain.ts';
import { type Challenge, parseChallenge } from './challenge.ts';
import { type HttpRequest, type HttpResponse, isStreamBody, type Send } from './http.ts';
import { identityHint } from './identity-hint.ts';
import { basicHeader, type TokenRequest, Tokens } from './tokens.ts';

/** What is known of how a host lets requests in: nothing asked yet, or its challenge. */
type Door = Challenge | { readonly scheme: 'open' };

/**
 * Adds what a registry's challenge asks for: Basic, or a Bearer token for the request's scopes.
 *
 * Each host is asked once how it lets requests in: the first request finds out, those at the same time wait for it.
 * A 401 in the middle drops the token and repeats the request once, unless its body was a stream. Nothing is added to
 * requests that go to another origin than the registry's own (an upload may be sent elsewhere).
 */
export function withAuth(
  inner: Send,
  ports: { readonly keychain: Keychain; readonly clock: Clock; readonly originOf: (host: string) => string },
): Send {
  const guard = new Guard(inner, ports);
  return (request) => {
    const origin = ports.originOf(request.host);
    return request.url.origin === origin ? guard.send(request, origin) : inner(request);
  };
}

class Guard {
  readonly #inner: Send;
  readonly #keychain: Keychain;
  readonly #tokens: Tokens;
  readonly #doors = new Map<string, Door>();
  readonly #finding = new SingleFlight<string, HttpResponse>();
  readonly #credentials = new SingleFlight<string, Credential>();

  constructor(inner: Send, { keychain, clock }: { readonly keychain: Keychain; readonly clock: Clock }) {
    this.#inner = inner;
    this.#keychain = keychain;
    this.#tokens = new Tokens(inner, clock);
  }

  async send(request: HttpRequest, origin: string): Promise<HttpResponse> {
    const response = await this.#send(request, origin);
    const isRefused = response.status === 401 || response.status === 403;
    if (!isRefused || response.url.origin !== origin) return response;
    return { ...response, hint: identityHint(request.host, await this.#credentialOf(request)) };
  }

  async #send(request: HttpRequest, origin: string): Promise<HttpResponse> {
    const door = this.#doors.get(request.host);
    if (door === undefined) return this.#sendFirst(request, origin);
    const key = await this.#keyFor(request, { origin, door });
    const response = await this.#inner(withHeader(request, key.header));
    if (response.status !== 401 || response.url.origin !== origin) return response;
    return this.#sendAgain(request, { origin, response, key, door });
  }

  /** The first request to a host goes without credentials, and finds out whether it needs any. */
  async #sendFirst(request: HttpRequest, origin: string): Promise<HttpResponse> {
    const under = this.#finding.get(request.host);
    if (under !== undefined || isStreamBody(request.body)) {
      await under?.catch(() => {}); // whoever asked first reports it; this request finds out for itself
      this.#doors.set(request.host, this.#doors.get(request.host) ?? { scheme: 'open' });
      return this.#send(request, origin);
    }
    const response = await this.#finding.run(request.host, () => this.#inner(request));
    const challenge =
      response.status === 401 ? parseChallenge(response.headers['www-authenticate']) : undefined;
    this.#doors.set(request.host, challenge ?? { scheme: 'open' });
    return challenge === undefined ? response : this.#send(request, origin);
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
    if (challenge === undefined || isOldNews) return refused.response;
    await refused.key.forget();
    this.#doors.set(request.host, challenge);
    if (isStreamBody(request.body)) return refused.response;
    const key = await this.#keyFor(request, { origin: refused.origin, door: challenge });
    return this.#inner(withHeader(request, key.header));
  }

  async #keyFor(request: HttpRequest, { origin, door }: { origin: string; door: Door }): Promise<Key> {
    if (door.scheme === 'open') return NO_KEY;
    const credential = await this.#credentialOf(request);
    if (credential.kind === 'registry-token') return { ...NO_KEY, header: `Bearer ${credential.token}` };
    if (door.scheme === 'basic') {
      return credential.kind === 'basic' ? { ...NO_KEY, header: basicHeader(credential) } : NO_KEY;
    }
    const scopes = request.scopes.length > 0 ? request.scopes : scopesOf(door.scope);
    const asked: TokenRequest = {
      challenge: door,
      origin,
      credential,
      scopes,
      host: request.host,
      signal: request.signal,
    };
    const token = await this.#tokens.get(asked);
    return { header: `Bearer ${token}`, forget: () => this.#tokens.forget(asked, token) };
  }

  #credentialOf({ host, signal }: HttpRequest): Promise<Credential> {
    return this.#credentials.run(host, () => this.#keychain.credentialFor(host, signal));
  }
}

interface Key {
  readonly header: string | undefined;
  readonly forget: () => Promise<void>;
}

const NO_KEY: Key = { header: undefined, forget: () => Promise.resolve() };

function scopesOf(scope: string | undefined): readonly string[] {
  return scope === undefined || scope === '' ? [] : scope.split(' ');
}

function withHeader(request: HttpRequest, header: string | undefined): HttpRequest {
  return header === undefined
    ? request
    : { ...request, headers: { ...request.headers, authorization: header } };
}
