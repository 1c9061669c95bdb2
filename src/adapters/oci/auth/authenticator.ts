import { REPETITIONS } from '../../../base/limits-and-retries.ts';
import { SingleFlight } from '../../../base/single-flight.ts';
import { type HttpRequest, type HttpResponse, isStreamBody, type Send } from '../../../http/request.ts';
import { ANONYMOUS } from '../../../ports/keychain.ts';
import { ApiChallenges } from './api-challenges.ts';
import { type AuthHeader, AuthHeaders, type AuthPorts, type AuthScheme } from './auth-headers.ts';
import { type Challenge, describeChallenge, parseChallenge } from './challenge.ts';
import { identityHint, isMissingRepository, missingHint } from './identity-hint.ts';

const OPEN: AuthScheme = { scheme: 'open' };

/**
 * Adds what a registry's challenge asks for: Basic, or a Bearer token for the request's scopes.
 *
 * Each host is asked once how it lets requests in: the first request finds out, those at the same time wait for it.
 * Where content is refused or not there without a challenge, `/v2/` is asked for one, once. A refusal in the middle
 * drops the token and repeats the request with another one, unless its body was a stream; a read of a repository that
 * will be written to may ask for the right to push. Nothing is added to requests that go to another origin than the
 * registry's own (an upload may be sent elsewhere), and a response of another origin is marked as foreign.
 */
export function withAuth(
  inner: Send,
  ports: AuthPorts & { readonly originOf: (host: string) => string },
): Send {
  const authenticator = new Authenticator(inner, ports);
  return async (request) => {
    const origin = ports.originOf(request.host);
    const isOwn = request.url.origin === origin;
    const response = await (isOwn ? authenticator.send(request, origin) : inner(request));
    return response.url.origin === origin ? response : { ...response, isForeign: true };
  };
}

class Authenticator {
  readonly #inner: Send;
  readonly #headers: AuthHeaders;
  readonly #apiChallenges: ApiChallenges;
  readonly #schemes = new Map<string, AuthScheme>();
  readonly #finding = new SingleFlight<string, HttpResponse | undefined>();
  /** Headers by name that were refused, and made anew and refused again. */
  readonly #inVain = new Set<string>();
  readonly #onIdentity: AuthPorts['onIdentity'];

  constructor(inner: Send, ports: AuthPorts) {
    this.#inner = inner;
    this.#headers = new AuthHeaders(inner, ports);
    this.#apiChallenges = new ApiChallenges(inner);
    this.#onIdentity = ports.onIdentity;
  }

  async send(request: HttpRequest, origin: string): Promise<HttpResponse> {
    if (request.purpose === 'ping') return this.#answerPing(request, origin);
    const response = await this.#send(request, origin);
    const isRefused =
      response.status === 401 || response.status === 403 || isMissingRepository(request, response);
    if (!isRefused || response.url.origin !== origin) return response;
    return { ...response, hint: await this.#hintFor(request, { response, origin }) };
  }

  /** Nothing is sent where it is known: whether the host may hide content from who asks, in a hint. */
  async #answerPing(request: HttpRequest, origin: string): Promise<HttpResponse> {
    const answer = { status: 200, headers: {}, url: request.url, body: new Uint8Array() };
    if (await this.#headers.hasCredentials(request)) return answer;
    const known = this.#schemes.get(request.host) ?? OPEN;
    const challenge = known.scheme === 'open' ? await this.#apiChallenges.of(request, origin) : known;
    if (challenge === undefined) return answer;
    const refusal = { status: 401, judged: 'credential', ...request } as const;
    return { ...answer, hint: identityHint(request.host, ANONYMOUS, refusal) };
  }

  async #hintFor(
    request: HttpRequest,
    { response: { status, headers }, origin }: { readonly response: HttpResponse; readonly origin: string },
  ): Promise<string> {
    const { host, method } = request;
    const scheme = this.#schemes.get(host) ?? OPEN;
    if (scheme.scheme === 'open' && status !== 404)
      return `${describeChallenge(headers['www-authenticate'])}, so none were sent`;
    const identity = scheme.scheme === 'open' ? undefined : await this.#headers.identityOf(request);
    if (identity === undefined || status === 404) return missingHint(request.repository, identity);
    const isAsItIs = scheme.scheme === 'basic' || identity.credential.kind === 'registry-token';
    const judged = isAsItIs ? 'credential' : 'token';
    const scopes = request.widerScopes ?? request.scopes;
    const hint = identityHint(host, identity, { status, judged, method, scopes });
    const challenge = parseChallenge(headers['www-authenticate']);
    return `${hint}${this.#headers.describeUnasked(request, { challenge, origin })}`;
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
      const header = await this.#headers.of(request, { origin, scheme });
      const response = await this.#inner(withHeader(request, header.value));
      // what it was redirected to says nothing about this host, and an upload given up is not worth a new token
      if (response.url.origin !== origin || request.method === 'DELETE' || sent >= REPETITIONS.credentials)
        return response;
      const mayBetter = await this.#learn(request, { origin, scheme, header, response, tried });
      if (!mayBetter || isStreamBody(request.body)) return response;
    }
  }

  /**
   * The first request to a host goes without credentials, and finds out whether it needs any. Undefined where that is
   * known now, and the request is still to be sent.
   */
  async #sendFirst(request: HttpRequest, origin: string): Promise<HttpResponse | undefined> {
    const under = this.#finding.get(request.host);
    if (under !== undefined || isStreamBody(request.body)) {
      await under?.catch(() => {}); // whoever asked first reports it; this request finds out for itself
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

  /** The challenge of an answer that came without credentials; where it says nothing, that of `/v2/`. */
  async #challengeOf(
    request: HttpRequest,
    { response, origin }: { readonly response: HttpResponse; readonly origin: string },
  ): Promise<Challenge | undefined> {
    if (response.url.origin !== origin) return undefined;
    const header = response.headers['www-authenticate'];
    const challenge = response.status === 401 ? parseChallenge(header) : undefined;
    if (challenge !== undefined) await this.#headers.takeScopes(request, { challenge, origin });
    const isSilent = header === undefined && SILENT.has(response.status);
    if (challenge !== undefined || !isSilent) return challenge;
    // without credentials nothing is written, most of what is not there is not there, and a refused HEAD says nothing
    const isRefusedGet = response.status !== 404 && request.method === 'GET';
    if (!isRefusedGet && !(await this.#headers.hasCredentials(request))) return undefined;
    return this.#apiChallenges.of(request, origin);
  }

  /** Takes over what an answer says of its host. True where the request may be answered otherwise if sent once more. */
  async #learn(request: HttpRequest, sent: Sent): Promise<boolean> {
    const { origin, scheme, header, response } = sent;
    if (scheme.scheme === 'open') {
      const challenge = await this.#challengeOf(request, { response, origin });
      if (challenge !== undefined) this.#schemes.set(request.host, challenge);
      return challenge !== undefined;
    }
    if (response.status === 403) return this.#headers.widen(request, header);
    if (response.status !== 401) {
      this.#inVain.delete(header.name);
      return false;
    }
    const challenge = parseChallenge(response.headers['www-authenticate']);
    if (challenge?.scheme === 'basic' && scheme.scheme === 'basic') return false;
    const mayBetter = challenge === undefined || (await this.#takeChallenge(request, { ...sent, challenge }));
    if (mayBetter) await header.forget();
    return mayBetter && challenge !== undefined;
  }

  /** True where it leads to something else to ask with. */
  async #takeChallenge(
    request: HttpRequest,
    { origin, scheme, header, tried, challenge }: Omit<Sent, 'response'> & { readonly challenge: Challenge },
  ): Promise<boolean> {
    this.#schemes.set(request.host, challenge);
    const hasOtherScopes = await this.#headers.takeScopes(request, { challenge, origin });
    if (hasOtherScopes || isAnother(scheme, challenge)) return true;
    return this.#headers.widen(request, header) || this.#isWorthAnother(header, tried);
  }

  /** A token may have ended before its time: another one is asked for, but not for each request in vain. */
  #isWorthAnother({ name }: AuthHeader, tried: Set<string>): boolean {
    if (tried.has(name)) this.#inVain.add(name);
    tried.add(name);
    return !this.#inVain.has(name);
  }
}

/** Statuses by which content is hidden: `/v2/` may say what opens it. */
const SILENT = new Set([401, 403, 404]);

function isAnother(before: AuthScheme, now: Challenge): boolean {
  if (before.scheme !== 'bearer' || now.scheme !== 'bearer') return before.scheme !== now.scheme;
  return before.realm !== now.realm || before.service !== now.service;
}

interface Sent {
  readonly origin: string;
  readonly scheme: AuthScheme;
  readonly header: AuthHeader;
  readonly response: HttpResponse;
  /** Names of headers that have been refused to this request. */
  readonly tried: Set<string>;
}

function withHeader(request: HttpRequest, header: string | undefined): HttpRequest {
  return header === undefined
    ? request
    : { ...request, headers: { ...request.headers, authorization: header } };
}
