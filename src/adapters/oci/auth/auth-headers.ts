import { untilAborted } from '../../../base/concurrency.ts';
import { CodedError } from '../../../base/errors.ts';
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
  /** Called for every identity that is sent to a host. */
  readonly onIdentity: (host: string, name: string) => void;
  /** Token services that may get the credentials of a registry of another domain. */
  readonly trustedRealms: TrustedRealms;
}

/** The authentication of a host: none, or that of its challenge. */
export type AuthScheme = Challenge | { readonly scheme: 'open' };

/** The Authorization header of a request. */
export interface AuthHeader {
  readonly value: string | undefined;
  /** Equal for headers with the same rights. */
  readonly name: string;
  /** The scopes of a token; empty for a credential that is sent as it is. */
  readonly scopes: readonly string[];
  /** Drops the token, so that the next header has another one. */
  readonly forget: () => Promise<void>;
}

interface ChallengeOf {
  readonly challenge: Challenge;
  readonly origin: string;
}

/** Makes the Authorization header of a request from the identity of its repository and the scheme of its host. */
export class AuthHeaders {
  readonly #keychain: Keychain;
  readonly #tokens: Tokens;
  readonly #scopes = new ScopeCache();
  readonly #challengeScopes = new ChallengeScopes();
  readonly #onIdentity: AuthPorts['onIdentity'];
  readonly #trustedRealms: TrustedRealms;

  constructor(send: Send, { keychain, clock, onIdentity, trustedRealms }: AuthPorts) {
    this.#onIdentity = onIdentity;
    this.#trustedRealms = trustedRealms;
    this.#keychain = keychain;
    this.#tokens = new Tokens(send, { clock, trustedRealms });
  }

  /** Throws `RegistryError`: `misconfigured` for an error of the keychain. */
  async of(
    request: HttpRequest,
    { origin, scheme }: { readonly origin: string; readonly scheme: Challenge },
  ): Promise<AuthHeader> {
    try {
      return await this.#header(request, { origin, scheme });
    } catch (error) {
      throw error instanceof CodedError && !(error instanceof RegistryError)
        ? misconfigured(request, error)
        : error;
    }
  }

  async #header(
    request: HttpRequest,
    { origin, scheme }: { readonly origin: string; readonly scheme: Challenge },
  ): Promise<AuthHeader> {
    const identity = await this.identityOf(request);
    checkAccessToken(new URL(origin), identity, this.#trustedRealms);
    this.#onIdentity(request.host, identity.name);
    const ready = await plainTokenHeader(request, identity);
    if (ready !== undefined) return ready;
    const { host, method, repository, signal } = request;
    if (scheme.scheme === 'basic') {
      return { ...NO_HEADER, value: await basicHeader(identity.credential, signal) };
    }
    const scopes = this.#challengeScopes.translate(host, request.scopes);
    const asked = { challenge: scheme, origin, identity, scopes, method, host, repository, signal };
    return this.#tokenFor(asked, this.#widerOf(request));
  }

  identityOf({ repository, signal }: HttpRequest): Promise<Identity> {
    return untilAborted(this.#keychain.identityFor(repository, signal), signal);
  }

  /** True for an identity with credentials, also if they cannot be read. */
  async hasCredentials(request: HttpRequest): Promise<boolean> {
    const identity = await this.identityOf(request).catch(() => undefined);
    request.signal.throwIfAborted();
    return identity?.credential.kind !== 'anonymous';
  }

  /** Learns the scopes of a challenge. True if the request needs other ones than before. */
  async learnScopes(request: HttpRequest, { challenge, origin }: ChallengeOf): Promise<boolean> {
    if (challenge.scheme !== 'bearer' || challenge.scope === undefined) return false;
    const isTrusted =
      isOwnRealm(origin, challenge.realm, this.#trustedRealms) || !(await this.hasCredentials(request));
    return this.#challengeScopes.learn(request, { scope: challenge.scope, isTrusted });
  }

  /** Gives a refused read, and the other reads of its repository, wider scopes. False if there are none. */
  widen(request: HttpRequest, { scopes }: AuthHeader): boolean {
    const wider = this.#widerOf(request);
    if (scopes.length === 0 || includesAll(scopes, wider)) return false;
    return this.#scopes.grow(request.repository, wider);
  }

  /** The hint to a scope of a challenge that was not requested from its token service; else empty. */
  untrustedScopeHint(
    request: HttpRequest,
    { challenge, origin }: { readonly challenge: Challenge | undefined; readonly origin: string },
  ): string {
    if (challenge?.scheme !== 'bearer' || isOwnRealm(origin, challenge.realm, this.#trustedRealms)) return '';
    const { scope = '', realm } = challenge;
    if (!URL.canParse(realm) || !this.#challengeScopes.namesOther(request, scope)) return '';
    const pair = `${request.host}=${new URL(realm).host}`;
    return `; it asked for the scope ${quote(scope)} at a token service that may serve other registries: if that is right, allow it with -trust-realm=${pair}`;
  }

  #widerOf({ host, widerScopes = [] }: HttpRequest): readonly string[] {
    return this.#challengeScopes.translate(host, widerScopes);
  }

  /**
   * A token for all scopes of a repository; if the service refuses that, one for the scopes of the request; for a read of
   * a destination then one with the right to push.
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

function misconfigured({ host }: HttpRequest, cause: Error): RegistryError {
  const { message } = cause;
  return new RegistryError('misconfigured', message, {
    cause,
    fault: { kind: 'configuration', host, message },
  });
}

/** The header of a token that is sent as it is. Google's registries take access tokens: that saves a token request. */
async function plainTokenHeader(
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

export const NO_HEADER: AuthHeader = {
  value: undefined,
  name: '',
  scopes: [],
  forget: () => Promise.resolve(),
};
