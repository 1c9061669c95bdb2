import { CodedError } from '../../base/errors.ts';
import { isObject, type JsonObject, parseJsonObject, textOf } from '../../base/json.ts';
import { oneLine } from '../../base/text.ts';

/**
 * - `unauthorized`  no token, or one that is expired or revoked
 * - `forbidden`     the token lacks a right
 * - `rate-limited`  the requests of the token are used up
 * - `not-found`     nothing of that name, or the token may not see it
 * - `invalid`       GitHub refused the content of the request
 * - `unavailable`   no usable answer after retries
 */
export type GithubErrorCode =
  | 'unauthorized'
  | 'forbidden'
  | 'rate-limited'
  | 'not-found'
  | 'invalid'
  | 'unavailable';

/** A request to GitHub failed. The message names the request, the status, GitHub's words and the remedy. */
export class GithubError extends CodedError<GithubErrorCode> {}

export interface Refusal {
  /** `POST /repos/acme/images/pulls`. */
  readonly request: string;
  readonly status: number;
  readonly headers: Headers;
  readonly body: string;
  readonly hasToken: boolean;
}

const MAX_WORDS = 400;

/** The error for an answer that is no success. */
export function explainRefusal(refusal: Refusal): GithubError {
  const { request, status, body } = refusal;
  const words = oneLine(wordsIn(parseJsonObject(body)), MAX_WORDS);
  const { code, advice } = diagnose(refusal, words);
  const told = [`github: ${request}: status ${status}`, words, advice].filter((part) => part !== '');
  return new GithubError(code, told.join(': '));
}

/** The message of an answer, with its single errors. */
function wordsIn(json: JsonObject | undefined): string {
  if (json === undefined) return '';
  const errors = Array.isArray(json['errors']) ? json['errors'] : [];
  const single = errors.map((error: unknown) => {
    if (!isObject(error)) return String(error);
    const field = [textOf(error, 'field'), textOf(error, 'code')].filter((part) => part !== undefined);
    return textOf(error, 'message') ?? field.join(' ');
  });
  return [textOf(json, 'message') ?? '', ...single].filter((part) => part !== '').join(', ');
}

interface Diagnosis {
  readonly code: GithubErrorCode;
  readonly advice: string;
}

function diagnose(refusal: Refusal, words: string): Diagnosis {
  const { status, headers } = refusal;
  const limit = explainLimit(refusal, words);
  if (limit !== undefined) return { code: 'rate-limited', advice: limit };
  if (status === 401 && refusal.hasToken)
    return { code: 'unauthorized', advice: 'the token is expired or revoked: set GITHUB_TOKEN to a new one' };
  if (status === 401 || (!refusal.hasToken && (status === 403 || status === 404)))
    return { code: 'unauthorized', advice: 'no token was sent: set GITHUB_TOKEN' };
  if (status === 403) return { code: 'forbidden', advice: explainMissingRight(headers) };
  if (status === 404)
    return { code: 'not-found', advice: 'check the name, and that the token has access to the repository' };
  if (status >= 500) return { code: 'unavailable', advice: 'GitHub cannot answer: run it again later' };
  return { code: 'invalid', advice: '' };
}

/** @see https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api */
function explainLimit({ status, headers, hasToken }: Refusal, words: string): string | undefined {
  if (status !== 403 && status !== 429) return undefined;
  const who = hasToken ? 'run it again' : 'set GITHUB_TOKEN, whose limit is higher, or run it again';
  const reset = Number(headers.get('x-ratelimit-reset') ?? '0');
  if (headers.get('x-ratelimit-remaining') === '0' && reset > 0) {
    const limit = headers.get('x-ratelimit-limit') ?? 'all';
    const time = new Date(reset * 1000);
    const when = Number.isNaN(time.valueOf()) ? 'later' : `after ${time.toISOString()}`;
    return `${limit} requests an hour are used up: ${who} ${when}`;
  }
  const wait = headers.get('retry-after');
  if (wait !== null) return `too many requests: ${who} in ${oneLine(wait)} s`;
  return status === 429 || /rate limit/i.test(words) ? `too many requests: ${who} later` : undefined;
}

function explainMissingRight(headers: Headers): string {
  const sso = /url=(\S+)/.exec(headers.get('x-github-sso') ?? '')?.[1];
  if (sso !== undefined)
    return `authorize the token for the single sign-on of the organization: ${oneLine(sso)}`;
  const permissions = headers.get('x-accepted-github-permissions');
  if (permissions) return `the token needs one of these permissions: ${oneLine(permissions)}`;
  const [has, needs] = [headers.get('x-oauth-scopes'), headers.get('x-accepted-oauth-scopes')];
  if (needs) return `the token has the scopes "${oneLine(has ?? '')}" and needs one of "${oneLine(needs)}"`;
  return 'the token needs write access to contents of the fork, and to pull requests';
}
