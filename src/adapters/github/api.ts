import { isAbort, messageOf } from '../../base/errors.ts';
import { isObject, type JsonObject } from '../../base/json.ts';
import { oneLine, quote, trimEndOf } from '../../base/text.ts';
import { classifyHostname } from '../../http/connect/address-policy.ts';
import { explainRefusal, GithubError } from './github-error.ts';

export interface GithubOptions {
  /** Default: `https://api.github.com`. GitHub Enterprise: `https://HOST/api/v3`. */
  readonly apiUrl: string | undefined;
  readonly token: string | undefined;
  /** Sends requests, retries included. */
  readonly fetch: typeof fetch;
}

export interface ApiRequest {
  readonly method: 'GET' | 'POST' | 'PATCH';
  /** Below the URL of the API, with the query. */
  readonly path: string;
  readonly body?: JsonObject;
  readonly signal: AbortSignal;
}

/** Sends one request, and resolves to the JSON of a 2xx answer. Throws a `GithubError`. */
export type GithubApi = (request: ApiRequest) => Promise<unknown>;

const DEFAULT_API = 'https://api.github.com';
const CHECK = 'check GITHUB_API_URL and the proxy';

/**
 * The API of GitHub. Throws a `GithubError` for a URL that the token must not be sent to.
 *
 * @see https://docs.github.com/en/rest
 */
export function createGithubApi({ apiUrl, token, fetch }: GithubOptions): GithubApi {
  const root = checkUrl(apiUrl || DEFAULT_API);
  return async ({ method, path, body, signal }) => {
    const request = `${method} ${path.replace(/\?.*/, '')}`;
    const init = { method, headers: headersOf(token, body), signal, ...bodyOf(body) };
    const response = await fetch(`${root}${path}`, init).catch((error: unknown) => {
      if (isAbort(error, signal)) throw error;
      const message = `github: ${messageOf(error)}: ${CHECK}`;
      throw new GithubError('unavailable', message, { cause: error });
    });
    const text = await response.text();
    if (response.ok) return parse(request, text);
    const { status, headers } = response;
    throw explainRefusal({ request, status, headers, body: text, hasToken: token !== undefined });
  };
}

/** A token sent by http can be read on the way. */
function checkUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isSafe =
    url?.protocol === 'https:' ||
    (url?.protocol === 'http:' && classifyHostname(url.hostname) === 'loopback');
  if (url === undefined || !isSafe || url.username !== '' || url.password !== '') {
    const message = `the URL of the API of GitHub is https://HOST/PATH without a user, not ${quote(text)}`;
    throw new GithubError('invalid', message);
  }
  return `${url.origin}${trimEndOf(url.pathname, '/')}`;
}

function headersOf(token: string | undefined, body: JsonObject | undefined): Record<string, string> {
  return {
    accept: 'application/vnd.github+json',
    'x-github-api-version': '2022-11-28',
    ...(token !== undefined && { authorization: `Bearer ${token}` }),
    ...(body !== undefined && { 'content-type': 'application/json' }),
  };
}

function bodyOf(body: JsonObject | undefined): { readonly body?: string } {
  return body === undefined ? {} : { body: JSON.stringify(body) };
}

function parse(request: string, text: string): unknown {
  if (text === '') return undefined;
  try {
    const json: unknown = JSON.parse(text);
    return json;
  } catch {
    throw unexpected(request, text);
  }
}

/** The error for an answer that the API does not allow for: a proxy or a login page may have sent it. */
export function unexpected(request: string, answer: unknown): GithubError {
  const shown = typeof answer === 'string' ? answer : JSON.stringify(answer);
  return new GithubError(
    'unavailable',
    `github: ${request}: unexpected answer ${oneLine(shown ?? 'nothing')}: ${CHECK}`,
  );
}

/** The JSON object of an answer. */
export function objectIn(request: string, answer: unknown): JsonObject {
  if (isObject(answer)) return answer;
  throw unexpected(request, answer);
}
