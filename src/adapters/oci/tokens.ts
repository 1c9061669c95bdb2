import { parseJsonObject } from '../../base/json.ts';
import { SingleFlight } from '../../base/single-flight.ts';
import { quote } from '../../base/text.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Repository } from '../../image/repository.ts';
import type { Credential, Identity } from '../../ports/keychain.ts';
import { RegistryError } from '../../ports/registry-error.ts';
import { refuseAnswer } from './answers.ts';
import type { Challenge } from './challenge.ts';
import { type HttpRequest, type HttpResponse, type Send } from './http.ts';
import { identityHint } from './identity-hint.ts';
import { mayTrustRealm, type TrustedRealms } from './realm-policy.ts';
import { sendUntilSound } from './sound-answer.ts';

export type BearerChallenge = Extract<Challenge, { scheme: 'bearer' }>;

export interface TokenRequest {
  readonly challenge: BearerChallenge;
  /** `https://host` of the registry that asks. */
  readonly origin: string;
  readonly identity: Identity;
  readonly scopes: readonly string[];
  readonly host: string;
  readonly repository: Repository;
  readonly signal: AbortSignal;
}

interface Token {
  readonly value: string;
  /** From when on it is not used any more, in milliseconds since the epoch. */
  readonly staleAt: number;
}

/** Milliseconds before its end at which a token is not used any more, where it lives long enough for that. */
const MARGIN = 10_000;
/** Seconds that a token lives when its server does not say. @see https://distribution.github.io/distribution/spec/auth/token/ */
const DEFAULT_LIFETIME = 60;
const MAX_TOKEN_BYTES = 256 * 1024;

/** Bearer tokens by host and set of scopes; asked for once, whoever waits, and again before they expire. */
export class Tokens {
  readonly #send: Send;
  readonly #clock: Clock;
  readonly #trustedRealms: TrustedRealms;
  readonly #tokens = new SingleFlight<string, Token>();

  constructor(send: Send, { clock, trustedRealms }: { clock: Clock; trustedRealms: TrustedRealms }) {
    this.#trustedRealms = trustedRealms;
    this.#send = send;
    this.#clock = clock;
  }

  async get(request: TokenRequest): Promise<string> {
    const key = keyOf(request);
    const known = this.#tokens.get(key);
    if (known !== undefined && (await known).staleAt <= this.#clock.now()) this.#drop(key, known);
    return (await this.#tokens.run(key, () => this.#fetch(request))).value;
  }

  /** Drops a token that a registry did not take, unless it has been replaced already. */
  async forget(request: TokenRequest, value: string): Promise<void> {
    const key = keyOf(request);
    const known = this.#tokens.get(key);
    const token = await known?.catch(() => undefined); // a token that could not be had was never remembered
    if (known !== undefined && token?.value === value) this.#drop(key, known);
  }

  /** Unless another one took its place meanwhile. */
  #drop(key: string, token: Promise<Token>): void {
    if (this.#tokens.get(key) === token) this.#tokens.forget(key);
  }

  async #fetch(request: TokenRequest): Promise<Token> {
    const http = await tokenHttpRequest(request, realmUrl(request, this.#trustedRealms));
    const asked = this.#clock.now();
    const response = await sendUntilSound(this.#send, http, (read) => damageOf(http, read));
    if (response.status !== 200) {
      refuseAnswer(http, { ...response, hint: identityHint(request.host, request.identity, request.scopes) });
    }
    return parseToken(http, response, asked);
  }
}

function damageOf(request: HttpRequest, { body }: HttpResponse): RegistryError | undefined {
  return parseJsonObject(body) === undefined ? withoutToken(request) : undefined;
}

function withoutToken({ url }: HttpRequest): RegistryError {
  return new RegistryError('unexpected', `token service ${url.origin}: its answer has no token`);
}

function keyOf({ host, identity, scopes, challenge }: TokenRequest): string {
  return JSON.stringify([host, identity.name, challenge.realm, challenge.service, ...scopes]);
}

async function tokenHttpRequest(request: TokenRequest, url: URL): Promise<HttpRequest> {
  const { challenge, identity, scopes, host, repository, signal } = request;
  const { credential } = identity;
  const common = { host, repository, scopes: [], signal, maxBodyBytes: MAX_TOKEN_BYTES };
  if (credential.kind === 'identity-token') {
    return { ...common, ...refreshRequest(url, request, credential.token) };
  }
  if (challenge.service !== undefined) url.searchParams.set('service', challenge.service);
  for (const scope of scopes) url.searchParams.append('scope', scope);
  const authorization = await basicHeader(credential, signal);
  return { ...common, method: 'GET', url, headers: authorization === undefined ? {} : { authorization } };
}

function realmUrl({ challenge, identity, host, origin }: TokenRequest, trusted: TrustedRealms): URL {
  if (!URL.canParse(challenge.realm)) {
    throw new RegistryError('unexpected', `${host}: the token realm ${quote(challenge.realm)} is not a URL`);
  }
  const url = new URL(challenge.realm);
  if (identity.credential.kind === 'anonymous' || mayTrustRealm(origin, url, trusted)) return url;
  throw new RegistryError(
    'unauthorized',
    `${host}: its token realm ${url.origin} belongs to another domain, so the credentials for ${host} are not sent there; ` +
      `if that is right, allow it with -trust-realm=${new URL(origin).host}=${url.host}`,
  );
}

/** @see https://distribution.github.io/distribution/spec/auth/oauth/ */
function refreshRequest(url: URL, { challenge, scopes }: TokenRequest, refreshToken: string) {
  const form = new URLSearchParams({
    grant_type: 'refresh_token',
    service: challenge.service ?? '',
    client_id: 'cip',
    scope: scopes.join(' '),
    refresh_token: refreshToken,
  });
  return {
    method: 'POST' as const,
    url,
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: Buffer.from(form.toString()),
  };
}

/** The user that Google's registries know OAuth access tokens by. */
const TOKEN_USER = 'oauth2accesstoken';

/** The Authorization header of a credential that has a name and a password; undefined for any other. */
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
  if (typeof value !== 'string' || !FIT_FOR_HEADER.test(value)) {
    throw withoutToken(request);
  }
  const lifetime = document['expires_in'];
  const seconds = typeof lifetime === 'number' && lifetime > 0 ? lifetime : DEFAULT_LIFETIME;
  const life = seconds * 1000;
  return { value, staleAt: asked + life - Math.min(MARGIN, life / 2) };
}

/** Visible ASCII. */
const FIT_FOR_HEADER = /^[!-~]+$/;
