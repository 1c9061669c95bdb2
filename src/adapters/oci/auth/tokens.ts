import { parseJsonObject } from '../../../base/json.ts';
import { TIME_LIMITS } from '../../../base/limits-and-retries.ts';
import { SingleFlight } from '../../../base/single-flight.ts';
import { quote } from '../../../base/text.ts';
import { classifyHostname } from '../../../http/connect/address-policy.ts';
import { mayTrustRealm, type TrustedRealms } from '../../../http/connect/realm-policy.ts';
import type { HttpRequest, HttpResponse, Method, Send } from '../../../http/request.ts';
import type { Repository } from '../../../image/repository.ts';
import type { Clock } from '../../../ports/clock.ts';
import type { Credential, Identity } from '../../../ports/keychain.ts';
import { RegistryError } from '../../../ports/registry-error.ts';
import { throwResponseError } from '../api/response-error.ts';
import { credentialsNotSent, refusePlainHttp } from './access-token-policy.ts';
import type { Challenge } from './challenge.ts';
import { identityFault, identityHint } from './identity-hint.ts';

export type BearerChallenge = Extract<Challenge, { scheme: 'bearer' }>;

export interface TokenRequest {
  readonly challenge: BearerChallenge;
  /** `https://host` of the registry. */
  readonly origin: string;
  readonly identity: Identity;
  readonly scopes: readonly string[];
  /** Those of the request that needs the token. */
  readonly method: Method;
  readonly host: string;
  readonly repository: Repository;
  readonly signal: AbortSignal;
}

interface Token {
  readonly value: string;
  /** The end of its use, in milliseconds of the monotonic clock. */
  readonly staleAt: number;
}

/** Milliseconds before its end in which a token is not used; at most half of its life. */
const MARGIN = 10_000;
/** Seconds that a token lives by default. @see https://distribution.github.io/distribution/spec/auth/token/ */
const DEFAULT_LIFETIME = 60;
const MAX_TOKEN_BYTES = 256 * 1024;
/** Attempts for one token at a token service that does not answer. */
const MAX_UNANSWERED = 4;

/** Bearer tokens by host and set of scopes. Concurrent requests share one; it is renewed before it expires. */
export class Tokens {
  readonly #send: Send;
  readonly #clock: Clock;
  readonly #trustedRealms: TrustedRealms;
  readonly #tokens = new SingleFlight<string, Token>();
  /** Attempts in a row without an answer, by token. */
  readonly #unanswered = new Map<string, number>();

  constructor(send: Send, { clock, trustedRealms }: { clock: Clock; trustedRealms: TrustedRealms }) {
    this.#trustedRealms = trustedRealms;
    this.#send = send;
    this.#clock = clock;
  }

  async get(request: TokenRequest): Promise<string> {
    const key = keyOf(request);
    const known = this.#tokens.get(key);
    if (known !== undefined && (await known).staleAt <= this.#clock.monotonic()) this.#drop(key, known);
    return (await this.#tokens.run(key, () => this.#fetch(request))).value;
  }

  /** Drops a token that a registry refused, unless it has been replaced. */
  async forget(request: TokenRequest, value: string): Promise<void> {
    const key = keyOf(request);
    const known = this.#tokens.get(key);
    const token = await known?.catch(() => undefined);
    if (known !== undefined && token?.value === value) this.#drop(key, known);
  }

  /** Does nothing if another token has replaced it. */
  #drop(key: string, token: Promise<Token>): void {
    if (this.#tokens.get(key) === token) this.#tokens.forget(key);
  }

  async #fetch(request: TokenRequest): Promise<Token> {
    const url = realmUrl(request, this.#trustedRealms);
    const asked = this.#clock.monotonic();
    const { http, response } = await this.#ask(request, url);
    if (response.status !== 200) {
      const { method, scopes } = request;
      const refusal = { status: response.status, judged: 'credential', method, scopes } as const;
      throwResponseError(http, {
        ...response,
        hint: identityHint(request.host, request.identity, refusal),
        identityFault: identityFault(request.host, request.identity, refusal),
      });
    }
    return parseToken(http, response, asked);
  }

  async #ask(request: TokenRequest, url: URL) {
    const { identity, signal } = request;
    if (identity.credential.kind === 'identity-token') {
      const http = refreshRequest(request, { url, token: identity.credential.token });
      const response = await this.#sendCounted(request, http);
      if (!WITHOUT_OAUTH.has(response.status)) return { http, response };
    }
    const authorization =
      identity.credential.kind === 'identity-token'
        ? encodeBasic(REFRESH_USER, identity.credential.token)
        : await basicHeader(identity.credential, signal);
    const http = readRequest(request, { url, authorization });
    return { http, response: await this.#sendCounted(request, http) };
  }

  /** The last attempt in a row without an answer is not temporary: there is no retry. */
  async #sendCounted(request: TokenRequest, http: HttpRequest): Promise<HttpResponse> {
    const key = keyOf(request);
    try {
      const response = await this.#send({ ...http, damageOf: (read) => damageOf(http, read) });
      this.#unanswered.delete(key);
      return response;
    } catch (error) {
      if (!(error instanceof RegistryError) || error.code !== 'unreachable') throw error;
      const count = (this.#unanswered.get(key) ?? 0) + 1;
      this.#unanswered.set(key, count);
      if (count < MAX_UNANSWERED) throw error;
      throw new RegistryError(error.code, error.message, { cause: error });
    }
  }
}

/** Statuses of token services without the OAuth2 part of the protocol for a POST: they get a GET. */
const WITHOUT_OAUTH = new Set([404, 405]);

function damageOf(request: HttpRequest, { body }: HttpResponse): RegistryError | undefined {
  return parseJsonObject(body) === undefined ? withoutToken(request) : undefined;
}

function withoutToken({ url }: HttpRequest): RegistryError {
  return new RegistryError('unexpected', `token service ${url.origin}: its answer has no token`);
}

function keyOf({ host, identity, scopes, challenge }: TokenRequest): string {
  return JSON.stringify([host, identity.name, challenge.realm, challenge.service, ...scopes]);
}

/** @see https://distribution.github.io/distribution/spec/auth/token/ */
function readRequest(
  request: TokenRequest,
  { url, authorization }: { readonly url: URL; readonly authorization: string | undefined },
): HttpRequest {
  const { service } = request.challenge;
  const asked = new URL(url);
  if (service !== undefined) asked.searchParams.set('service', service);
  for (const scope of request.scopes) asked.searchParams.append('scope', scope);
  const headers = authorization === undefined ? {} : { authorization };
  return { ...commonParts(request), method: 'GET', url: asked, headers };
}

function commonParts({ host, repository, signal }: TokenRequest) {
  return {
    host,
    repository,
    scopes: [],
    signal,
    maxBodyBytes: MAX_TOKEN_BYTES,
    totalLimit: TIME_LIMITS.token,
  };
}

function realmUrl({ challenge, identity, host, origin }: TokenRequest, trusted: TrustedRealms): URL {
  const url = URL.canParse(challenge.realm) ? new URL(challenge.realm) : undefined;
  if (url === undefined || (url.protocol !== 'https:' && url.protocol !== 'http:')) {
    const fault = `the token realm ${quote(challenge.realm)} is not an http(s) URL`;
    throw new RegistryError('unexpected', `${host}: ${fault}`);
  }
  refusePlainHttp(url, identity);
  if (identity.credential.kind === 'anonymous' || mayTrustRealm(origin, url, trusted)) return url;
  throw credentialsNotSent(host, `its token realm ${url.origin} ${whyNot(url, origin)}`);
}

/** The reason why credentials are not sent to a realm, with the option that allows it, if there is one. */
function whyNot(realm: URL, registry: string): string {
  const { host, protocol } = new URL(registry);
  const unsent = `so the credentials for ${host} are not sent there`;
  if (classifyHostname(realm.hostname) === 'forbidden') {
    return `is at a link-local, metadata or unusable address, where no token service is, ${unsent}`;
  }
  if (protocol === 'https:' && realm.protocol !== 'https:')
    return `is plain http and the registry is not, ${unsent}`;
  return `belongs to another domain, ${unsent}; if that is right, allow it with -trust-realm=${host}=${realm.host}`;
}

/** @see https://distribution.github.io/distribution/spec/auth/oauth/ */
function refreshRequest(
  request: TokenRequest,
  { url, token }: { readonly url: URL; readonly token: string },
): HttpRequest {
  const form = new URLSearchParams({
    grant_type: 'refresh_token',
    service: request.challenge.service ?? '',
    client_id: 'cip',
    scope: request.scopes.join(' '),
    refresh_token: token,
  });
  const headers = { 'content-type': 'application/x-www-form-urlencoded' };
  return { ...commonParts(request), method: 'POST', url, headers, body: Buffer.from(form.toString()) };
}

/** The user name of OAuth access tokens at Google's registries. */
const TOKEN_USER = 'oauth2accesstoken';
/** The user name of refresh tokens. */
const REFRESH_USER = '<token>';

/** The Authorization header of a credential with a user name and a password; undefined for any other. */
export async function basicHeader(credential: Credential, signal: AbortSignal): Promise<string | undefined> {
  switch (credential.kind) {
    case 'basic':
      return encodeBasic(credential.username, credential.password);
    case 'access-token':
      return encodeBasic(TOKEN_USER, await credential.current(signal));
    case 'anonymous':
    case 'identity-token':
    case 'registry-token':
      return undefined;
  }
}

function encodeBasic(username: string, password: string): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
}

function parseToken(request: HttpRequest, response: HttpResponse, asked: number): Token {
  const document = parseJsonObject(response.body) ?? {};
  const value = document['token'] || document['access_token'];
  if (typeof value !== 'string' || !FIT_FOR_HEADER.test(value)) throw withoutToken(request);
  const lifetime = document['expires_in'];
  const seconds = typeof lifetime === 'number' && lifetime > 0 ? lifetime : DEFAULT_LIFETIME;
  const life = seconds * 1000;
  return { value, staleAt: asked + life - Math.min(MARGIN, life / 2) };
}

/** Visible ASCII. */
const FIT_FOR_HEADER = /^[!-~]+$/;
