import { untilAborted } from '../../../base/concurrency.ts';
import { quote } from '../../../base/text.ts';
import { isOwnRealm, type TrustedRealms } from '../../../http/connect/realm-policy.ts';
import type { HttpRequest, Send } from '../../../http/request.ts';
import { isGoogleHost } from '../../../image/google-hosts.ts';
import type { Clock } from '../../../ports/clock.ts';
import type { Identity, Keychain } from '../../../ports/keychain.ts';
import { RegistryError } from '../../../ports/registry-error.ts';
import { checkAccessToken } from './access-token-policy.ts';
import type { Challenge } from './challenge.ts';
import { ChallengeScopes } from './challenge-scopes.ts';
import { includesAll, ScopeCache } from './scopes.ts';
import { basicHeader, type TokenRequest, Tokens } from './tokens.ts';

export interface AuthPorts {
  readonly keychain: Keychain;
  readonly clock: Clock;
  /** Told of every identity that a host has been asked with. */
  readonly onIdentity: (host: string, name: string) => void;
  /** Token services that may have a registry's credentials though their names do not show it. */
  readonly trustedRealms: TrustedRealms;
}

/** How a host lets requests in: as anybody, or as its challenge says. */
export type AuthScheme = Challenge | { readonly scheme: 'open' };

/** What a request is sent with. */
export interface AuthHeader {
  readonly value: string | undefined;
  /** The same for headers that open the same. */
  readonly name: string;
  /** What a token was asked for with; none of what is sent as it is. */
  readonly scopes: readonly string[];
  /** Makes sure that it is not sent again where there may be another one. */
  readonly forget: () => Promise<void>;
}

interface Asked {
  readonly challenge: Challenge;
  readonly origin: string;
}

/** Makes the header of each request from the identity of its repository, as the scheme of its host wants it. */
export class AuthHeaders {
  readonly #keychain: Keychain;
  readonly #tokens: Tokens;
  readonly #scopes = new ScopeCache();
  readonly #challenged = new ChallengeScopes();
  readonly #onIdentity: AuthPorts['onIdentity'];
  readonly #trustedRealms: TrustedRealms;

  constructor(send: Send, { keychain, clock, onIdentity, trustedRealms }: AuthPorts) {
    this.#onIdentity = onIdentity;
    this.#trustedRealms = trustedRealms;
    this.#keychain = keychain;
    this.#tokens = new Tokens(send, { clock, trustedRealms });
  }

  /** Throws what the keychain throws, and a `RegistryError` where there is no token to be had. */
  async of(
    request: HttpRequest,
    { origin, scheme }: { readonly origin: string; readonly scheme: AuthScheme },
  ): Promise<AuthHeader> {
    if (scheme.scheme === 'open') return NO_HEADER;
    const identity = await this.identityOf(request);
    checkAccessToken(new URL(origin), identity, this.#trustedRealms);
    this.#onIdentity(request.host, identity.name);
    const ready = await readyHeader(request, identity);
    if (ready !== undefined) return ready;
    const { host, method, repository, signal } = request;
    if (scheme.scheme === 'basic') {
      return { ...NO_HEADER, value: await basicHeader(identity.credential, signal) };
    }
    const scopes = this.#challenged.translate(host, request.scopes);
    const asked = { challenge: scheme, origin, identity, scopes, method, host, repository, signal };
    return this.#tokenFor(asked, this.#widerOf(request));
  }

  identityOf({ repository, signal }: HttpRequest): Promise<Identity> {
    return untilAborted(this.#keychain.identityFor(repository, signal), signal);
  }

  /** Whether there is anything to ask with; a keychain that cannot be opened has something in it. */
  async hasCredentials(request: HttpRequest): Promise<boolean> {
    const identity = await this.identityOf(request).catch(() => undefined);
    request.signal.throwIfAborted();
    return identity?.credential.kind !== 'anonymous';
  }

  /** Takes over the scopes of a challenge. True where the request is to ask with others than it has. */
  async takeScopes(request: HttpRequest, { challenge, origin }: Asked): Promise<boolean> {
    if (challenge.scheme !== 'bearer' || challenge.scope === undefined) return false;
    const isTrusted =
      isOwnRealm(origin, challenge.realm, this.#trustedRealms) || !(await this.hasCredentials(request));
    return this.#challenged.learn(request, { scope: challenge.scope, isTrusted });
  }

  /** Lets a read that was refused, and others of its repository, ask for more where that may help. */
  widen(request: HttpRequest, { scopes }: AuthHeader): boolean {
    const wider = this.#widerOf(request);
    if (scopes.length === 0 || includesAll(scopes, wider)) return false;
    return this.#scopes.grow(request.repository, wider);
  }

  /** Why a token was not asked for as a challenge wants it, where that is so; else nothing. */
  describeUnasked(
    request: HttpRequest,
    { challenge, origin }: Omit<Asked, 'challenge'> & { readonly challenge: Challenge | undefined },
  ): string {
    if (challenge?.scheme !== 'bearer' || isOwnRealm(origin, challenge.realm, this.#trustedRealms)) return '';
    const { scope = '', realm } = challenge;
    if (!URL.canParse(realm) || !this.#challenged.asksForOther(request, scope)) return '';
    const pair = `${request.host}=${new URL(realm).host}`;
    return `; it asked for the scope ${quote(scope)} at a token service that may serve other registries: if that is right, allow it with -trust-realm=${pair}`;
  }

  #widerOf({ host, widerScopes = [] }: HttpRequest): readonly string[] {
    return this.#challenged.translate(host, widerScopes);
  }

  /**
   * One token for all that a repository needs, or where its service refuses that, one for what is needed now. A service
   * that refuses to read may let in who is about to write.
   */
  async #tokenFor(needed: TokenRequest, wider: readonly string[]): Promise<AuthHeader> {
    const scopes = this.#scopes.widen(needed.repository, needed.scopes);
    try {
      return await this.#tokenHeader({ ...needed, scopes });
    } catch (error) {
      if (!(error instanceof RegistryError) || error.code !== 'unauthorized') throw error;
      this.#scopes.forget(needed.repository, scopes);
      const isAllNeeded = scopes.every((scope) => needed.scopes.includes(scope));
      if (!isAllNeeded) return this.#tokenHeader(needed);
      if (!this.#scopes.grow(needed.repository, wider)) throw error;
      return this.#tokenFor({ ...needed, scopes: wider }, []);
    }
  }

  async #tokenHeader(asked: TokenRequest): Promise<AuthHeader> {
    const token = await this.#tokens.get(asked);
    const { host, repository, scopes } = asked;
    const forget = () => this.#tokens.forget(asked, token);
    return { value: `Bearer ${token}`, name: [host, repository, ...scopes].join(' '), scopes, forget };
  }
}

/** Google's registries take an access token as it is: a token of their own for each repository would be one request more. */
async function readyHeader(
  { host, repository, signal }: HttpRequest,
  { credential }: Identity,
): Promise<AuthHeader | undefined> {
  const name = `${host} ${repository}`;
  if (credential.kind === 'registry-token')
    return { ...NO_HEADER, name, value: `Bearer ${credential.token}` };
  if (credential.kind !== 'access-token' || !isGoogleHost(host)) return undefined;
  const token = await credential.current(signal);
  const forget = () => {
    credential.refuse(token);
    return Promise.resolve();
  };
  return { ...NO_HEADER, name, value: `Bearer ${token}`, forget };
}

const NO_HEADER: AuthHeader = { value: undefined, name: '', scopes: [], forget: () => Promise.resolve() };
