import { parseJsonObject } from '../../base/json.ts';
import { SingleFlight } from '../../base/single-flight.ts';
import { quote } from '../../base/text.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Credential } from '../../ports/keychain.ts';
import { RegistryError } from '../../ports/registry-error.ts';
import { refuseAnswer } from './answers.ts';
import type { Challenge } from './challenge.ts';
import { type HttpRequest, type HttpResponse, type Send } from './http.ts';
import { identityHint } from './identity-hint.ts';
import { mayTrustRealm } from './realm-policy.ts';

export type BearerChallenge = Extract<Challenge, { scheme: 'bearer' }>;

export interface TokenRequest {
  readonly challenge: BearerChallenge;
  /** `https://host` of the registry that asks. */
  readonly origin: string;
  readonly credential: Credential;
  readonly scopes: readonly string[];
  readonly host: string;
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
  readonly #tokens = new SingleFlight<string, Token>();

  constructor(send: Send, clock: Clock) {
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
    const http = tokenHttpRequest(request);
    const asked = this.#clock.now();
    const response = await this.#send(http);
    if (response.status !== 200) {
      refuseAnswer(http, { ...response, hint: identityHint(request.host, request.credential) });
    }
    return parseToken(http, response, asked);
  }
}

function keyOf({ host, scopes, challenge }: TokenRequest): string {
  return [host, challenge.realm, challenge.service ?? '', ...scopes].join(' ');
}

function tokenHttpRequest(request: TokenRequest): HttpRequest {
  const { challenge, credential, scopes, host, signal } = request;
  if (!URL.canParse(challenge.realm)) {
    throw new RegistryError('unexpected', `${host}: the token realm ${quote(challenge.realm)} is not a URL`);
  }
  const url = new URL(challenge.realm);
  const trusted = mayTrustRealm(request.origin, url);
  if (!trusted && credential.kind !== 'anonymous') {
    throw new RegistryError(
      'unauthorized',
      `${host}: its token realm ${url.origin} belongs to another domain, so the credentials for ${host} are not sent there`,
    );
  }
  const common = { host, scopes: [], signal, maxBodyBytes: MAX_TOKEN_BYTES };
  if (credential.kind === 'identity-token')
    return { ...common, ...refreshRequest(url, request, credential.token) };
  if (challenge.service !== undefined) url.searchParams.set('service', challenge.service);
  for (const scope of scopes) url.searchParams.append('scope', scope);
  const headers = credential.kind === 'basic' ? { authorization: basicHeader(credential) } : {};
  return { ...common, method: 'GET', url, headers };
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

export function basicHeader(credential: { readonly username: string; readonly password: string }): string {
  return `Basic ${Buffer.from(`${credential.username}:${credential.password}`).toString('base64')}`;
}

function parseToken(request: HttpRequest, response: HttpResponse, asked: number): Token {
  const document = parseJsonObject(response.body) ?? {};
  const value = document['token'] || document['access_token'];
  if (typeof value !== 'string' || !FIT_FOR_HEADER.test(value)) {
    throw new RegistryError('unexpected', `token service ${request.url.origin}: its answer has no token`);
  }
  const lifetime = document['expires_in'];
  const seconds = typeof lifetime === 'number' && lifetime > 0 ? lifetime : DEFAULT_LIFETIME;
  const life = seconds * 1000;
  return { value, staleAt: asked + life - Math.min(MARGIN, life / 2) };
}

/** Visible ASCII. */
const FIT_FOR_HEADER = /^[!-~]+$/;
