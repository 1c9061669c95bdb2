import { REPETITIONS } from '../../../base/limits-and-retries.ts';
import { SingleFlight } from '../../../base/single-flight.ts';
import { type HttpRequest, type HttpResponse, isStreamBody, type Send } from '../../../http/request.ts';
import { ANONYMOUS } from '../../../ports/keychain.ts';
import { ApiChallenges } from './api-challenges.ts';
import { type AuthHeader, AuthHeaders, type AuthPorts, type AuthScheme, NO_HEADER } from './auth-headers.ts';
import { type Challenge, describeChallenge, parseChallenge } from './challenge.ts';
import { explainMissing, identityFault, identityHint, isMissingRepository } from './identity-hint.ts';

const OPEN: AuthScheme = { scheme: 'open' };

/**
 * Authenticates requests as the registry's challenge demands: Basic, or a Bearer token for the scopes of the request.
 *
 * The first request to a host finds its scheme; concurrent ones wait for it. If content is refused or missing without a
 * challenge, `/v2/` is read for one, once. After a later refusal the request is repeated with a new token, unless its
 * body was a stream; a read of a destination may get the right to push. A request to another origin, such as an upload,
 * gets no credentials, and a response of another origin is marked as foreign.
 */
export function withAuth(
  inner: Send,
  ports: AuthPorts & { readonly originOf: (host: string) => string },
): Send {
  const authenticator = new Authenticator(inner, ports);
  return (request) => authenticator.send(request, ports.originOf(request.host));
}

class Authenticator {
  readonly #inner: Send;
  readonly #headers: AuthHeaders;
  readonly #apiChallenges: ApiChallenges;
  readonly #schemes = new Map<string, AuthScheme>();
  readonly #finding = new SingleFlight<string, HttpResponse | undefined>();
  /** Names of headers that were refused again after their renewal. */
  readonly #refusedTwice = new Set<string>();
  readonly #onIdentity: AuthPorts['onIdentity'];

  constructor(inner: Send, ports: AuthPorts) {
    this.#inner = inner;
    this.#headers = new AuthHeaders(inner, ports);
    this.#apiChallenges = new ApiChallenges(inner);
    this.#onIdentity = ports.onIdentity;
  }

  async send(request: HttpRequest, origin: string): Promise<HttpResponse> {
    const isOwn = request.url.origin === origin;
    if (isOwn && request.purpose === 'ping') return this.#answerPing(request, origin);
    const response = await (isOwn ? this.#send(request, origin) : this.#inner(request));
    const isForeign = response.url === request.url ? !isOwn : response.url.origin !== origin;
    if (isForeign) return { ...response, isForeign };
    if (!isOwn) return response;
    const isRefused =
      response.status === 401 || response.status === 403 || isMissingRepository(request, response);
    if (!isRefused) return response;
    return { ...response, ...(await this.#explain(request, { response, origin })) };
  }

  /** Adds a hint whether the host may hide content from anonymous requests; sends nothing if that is known. */
  async #answerPing(request: HttpRequest, origin: string): Promise<HttpResponse> {
    const answer = { status: 200, headers: {}, url: request.url, body: new Uint8Array() };
    if (await this.#headers.hasCredentials(request)) return answer;
    const known = this.#schemes.get(request.host) ?? OPEN;
    const challenge = known.scheme === 'open' ? await this.#apiChallenges.of(request, origin) : known;
    if (challenge === undefined) return answer;
    const refusal = { status: 401, judged: 'credential', ...request } as const;
    return { ...answer, hint: identityHint(request.host, ANONYMOUS, refusal) };
  }

  async #explain(
    request: HttpRequest,
    { response: { status, headers }, origin }: { readonly response: HttpResponse; readonly origin: string },
  ): Promise<Pick<HttpResponse, 'hint' | 'identityFault'>> {
    const { host, method } = request;
    const scheme = this.#schemes.get(host) ?? OPEN;
    if (scheme.scheme === 'open' && status !== 404)
      return { hint: `${describeChallenge(headers['www-authenticate'])}, so none were sent` };
    const identity = scheme.scheme === 'open' ? undefined : await this.#headers.identityOf(request);
    if (identity === undefined || status === 404) return explainMissing(request.repository, identity);
    const isSentAsIs = scheme.scheme === 'basic' || identity.credential.kind === 'registry-token';
    const judged = isSentAsIs ? 'credential' : 'token';
    const scopes = request.widerScopes ?? request.scopes;
    const refusal = { status, judged, method, scopes } as const;
    const hint = identityHint(host, identity, refusal);
    const challenge = parseChallenge(headers['www-authenticate']);
    const scopeHint = this.#headers.untrustedScopeHint(request, { challenge, origin });
    return { hint: `${hint}${scopeHint}`, identityFault: identityFault(host, identity, refusal) };
  }

  async #send(request: HttpRequest, origin: string): Promise<HttpResponse> {
    const tried = new Set<string>();
    for (let sent = 1; ; sent++) {
      const scheme = this.#schemes.get(request.host);
      if (scheme === undefined) {
        const response = await this.#sendFirst(request, origin);
        if (response !== undefined) return response;
        continue;
      }
      const header =
        scheme.scheme === 'open' ? NO_HEADER : await this.#headers.of(request, { origin, scheme });
      const response = await this.#inner(withHeader(request, header.value));
      // the target of a redirect is no statement about this host; a cancelled upload is not worth a new token
      const isForeign = response.url !== request.url && response.url.origin !== origin;
      if (isForeign || request.method === 'DELETE' || sent >= REPETITIONS.credentials) return response;
      if (!HIDING.has(response.status)) {
        this.#refusedTwice.delete(header.name);
        return response;
      }
      const isWorthRetry = await this.#learn(request, { origin, scheme, header, response, tried });
      if (!isWorthRetry || isStreamBody(request.body)) return response;
    }
  }

  /**
   * Sends the first request to a host, without credentials, to find the scheme of the host. Undefined if the request is
   * still to be sent, with the scheme that is known now.
   */
  async #sendFirst(request: HttpRequest, origin: string): Promise<HttpResponse | undefined> {
    const running = this.#finding.get(request.host);
    if (running !== undefined || isStreamBody(request.body)) {
      await running?.catch(() => {}); // its own caller reports the error
      this.#schemes.set(request.host, this.#schemes.get(request.host) ?? OPEN);
      return undefined;
    }
    return this.#finding.run(request.host, async () => {
      const response = await this.#inner(request);
      const challenge = await this.#challengeOf(request, { response, origin });
      this.#schemes.set(request.host, challenge ?? OPEN);
      if (challenge !== undefined) return undefined;
      if (response.status < 400 || response.status === 404) this.#onIdentity(request.host, ANONYMOUS.name);
      return response;
    });
  }

  /** The challenge in a response to an anonymous request; if it has none, that of `/v2/`. */
  async #challengeOf(
    request: HttpRequest,
    { response, origin }: { readonly response: HttpResponse; readonly origin: string },
  ): Promise<Challenge | undefined> {
    if (response.url.origin !== origin) return undefined;
    const header = response.headers['www-authenticate'];
    const challenge = response.status === 401 ? parseChallenge(header) : undefined;
    if (challenge !== undefined) await this.#headers.learnScopes(request, { challenge, origin });
    const isSilent = header === undefined && HIDING.has(response.status);
    if (challenge !== undefined || !isSilent) return challenge;
    // an anonymous request needs `/v2/` after a refused GET only: most missing content is not hidden
    const isRefusedGet = response.status !== 404 && request.method === 'GET';
    if (!isRefusedGet && !(await this.#headers.hasCredentials(request))) return undefined;
    return this.#apiChallenges.of(request, origin);
  }

  /** Learns the scheme and scopes from a response. True if another attempt of the request may succeed. */
  async #learn(request: HttpRequest, sent: Sent): Promise<boolean> {
    const { origin, scheme, header, response } = sent;
    if (scheme.scheme === 'open') {
      const challenge = await this.#challengeOf(request, { response, origin });
      if (challenge !== undefined) this.#schemes.set(request.host, challenge);
      return challenge !== undefined;
    }
    if (response.status === 403) return this.#headers.widen(request, header);
    if (response.status === 404) {
      this.#refusedTwice.delete(header.name);
      return false;
    }
    const challenge = parseChallenge(response.headers['www-authenticate']);
    if (challenge?.scheme === 'basic' && scheme.scheme === 'basic') return false;
    const isWorthRetry =
      challenge === undefined || (await this.#learnChallenge(request, { ...sent, challenge }));
    if (isWorthRetry) await header.forget();
    return isWorthRetry && challenge !== undefined;
  }

  /** True if the challenge leads to another header. */
  async #learnChallenge(
    request: HttpRequest,
    { origin, scheme, header, tried, challenge }: Omit<Sent, 'response'> & { readonly challenge: Challenge },
  ): Promise<boolean> {
    this.#schemes.set(request.host, challenge);
    const hasOtherScopes = await this.#headers.learnScopes(request, { challenge, origin });
    if (hasOtherScopes || isOtherScheme(scheme, challenge)) return true;
    return this.#headers.widen(request, header) || this.#isWorthRenewal(header, tried);
  }

  /** A token may end before its time; but if its renewal is refused as well, later requests do not renew it again. */
  #isWorthRenewal({ name }: AuthHeader, tried: Set<string>): boolean {
    if (tried.has(name)) this.#refusedTwice.add(name);
    tried.add(name);
    return !this.#refusedTwice.has(name);
  }
}

/** Statuses that may hide content: `/v2/` may have the challenge. */
const HIDING = new Set([401, 403, 404]);

function isOtherScheme(before: AuthScheme, now: Challenge): boolean {
  if (before.scheme !== 'bearer' || now.scheme !== 'bearer') return before.scheme !== now.scheme;
  return before.realm !== now.realm || before.service !== now.service;
}

interface Sent {
  readonly origin: string;
  readonly scheme: AuthScheme;
  readonly header: AuthHeader;
  readonly response: HttpResponse;
  /** Names of the headers that this request was refused with. */
  readonly tried: Set<string>;
}

function withHeader(request: HttpRequest, header: string | undefined): HttpRequest {
  return header === undefined
    ? request
    : { ...request, headers: { ...request.headers, authorization: header } };
}
