import { type Failure, isRefusal } from '../base/backoff.ts';
import { messageOf } from '../base/errors.ts';
import { RegistryError } from '../ports/registry-error.ts';
import { DamagedResponse, type HttpRequest, type HttpResponse, isStreamBody } from './request.ts';
import { parseRetryAfter } from './retry-after.ts';
import { parseErrors } from './spec-errors.ts';

/** The result of one attempt: a response, or a thrown error. */
export type Attempt = HttpResponse | Thrown;

export class Thrown {
  readonly error: unknown;

  constructor(error: unknown) {
    this.error = error;
  }
}

/**
 * The action after an attempt.
 *
 * - `final`       none: the result stands; `isAnswer` is false if the host gave no usable answer
 * - `retry-now`   the body of the response was damaged
 * - `retry-later` a temporary failure, a refusal because of a quota, or an implausible response
 * - `host-down`   the connection was refused or reset: retried like the others, unless the host is known to be down
 */
export type Verdict =
  | { readonly kind: 'final'; readonly isAnswer: boolean }
  | { readonly kind: 'retry-now' }
  | (Retry & { readonly kind: 'retry-later' })
  | (Retry & { readonly kind: 'host-down' });

interface Retry {
  readonly reason: string;
  readonly failure: Failure;
  readonly isImplausible: boolean;
}

const FINAL: Verdict = { kind: 'final', isAnswer: true };
const NO_ANSWER: Verdict = { kind: 'final', isAnswer: false };
const RETRY_NOW: Verdict = { kind: 'retry-now' };

/** Statuses that a retry may not meet again. */
const TEMPORARY = new Set([408, 425, 429, 500, 502, 503, 504]);

export function isTemporaryStatus(status: number): boolean {
  return TEMPORARY.has(status);
}

/** The kind of fault that a status tells of the server; undefined for one that tells of the request. */
export function serverFaultOf(status: number): 'throttled' | 'unavailable' | undefined {
  if (status === 429) return 'throttled';
  return status >= 500 ? 'unavailable' : undefined;
}

/**
 * Decides whether a request is retried. A request with a stream body is never retried: the caller starts over.
 * `wallTime` is compared with dates in `Retry-After`.
 */
export function classifyAttempt(request: HttpRequest, attempt: Attempt, wallTime: number): Verdict {
  const verdict =
    attempt instanceof Thrown ? classifyError(attempt.error) : classifyResponse(request, attempt, wallTime);
  if (verdict.kind === 'final' || !isStreamBody(request.body)) return verdict;
  return NO_ANSWER;
}

function classifyResponse(request: HttpRequest, response: HttpResponse, wallTime: number): Verdict {
  const { status } = response;
  const isImplausible = isImplausibleResponse(request, response);
  if (!isImplausible && !isTemporaryStatus(status)) return FINAL;
  const failure = { status, retryAfter: parseRetryAfter(response.headers, wallTime) };
  return { kind: 'retry-later', reason: `status ${status}`, failure, isImplausible };
}

function classifyError(error: unknown): Verdict {
  if (error instanceof DamagedResponse) return RETRY_NOW;
  if (!(error instanceof RegistryError)) return NO_ANSWER;
  // a 416 of a token service, whose requests have no range
  const isImplausible = error.status === 416;
  if (!error.temporary && !isImplausible) return FINAL;
  const failure = { status: error.status, retryAfter: error.retryAfterMs };
  const retry = { reason: messageOf(error), failure, isImplausible };
  return isHostDown(error) ? { kind: 'host-down', ...retry } : { kind: 'retry-later', ...retry };
}

/** True if a write may have succeeded: there was no response, or a gateway did not wait for the registry's. */
export function mayHaveBeenDone(failure: Failure): boolean {
  const { status } = failure;
  return status === undefined || (status >= 500 && !isRefusal(failure));
}

/** True for a connection that failed, or was lost before the end of the response; timeouts included. */
export function isLostConnection(error: unknown): boolean {
  return error instanceof RegistryError && error.code === 'unreachable' && error.temporary;
}

/** True if nothing listens at the host, or it has no address. */
export function isConnectionRefused(error: unknown): boolean {
  return error instanceof RegistryError && REFUSED.has(causeCodeOf(error));
}

const REFUSED: ReadonlySet<string> = new Set(['ECONNREFUSED', 'ENOTFOUND']);

function isHostDown(error: RegistryError): boolean {
  return DOWN.has(causeCodeOf(error));
}

function causeCodeOf({ code, cause }: RegistryError): string {
  if (code !== 'unreachable' || !(cause instanceof Error) || !('code' in cause)) return '';
  return String(cause.code);
}

/** Codes of connections that are refused, reset or closed. A host that is silent may be busy. */
const DOWN: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EPIPE',
  'unanswered',
]);

/**
 * True for a response that cannot be one to the request: the request was damaged on the way, or a load balancer or a
 * login page answered it. The registry itself may answer the next time.
 */
function isImplausibleResponse(request: HttpRequest, response: HttpResponse): boolean {
  if (request.purpose === 'api') return false;
  switch (response.status) {
    case 200:
      return opensNoUpload(request, response);
    case 400:
      return deniesSoundManifest(request, response);
    case 401:
      return lacksChallenge(request, response);
    case 416:
      return request.headers['range'] === undefined;
    default:
      return false;
  }
}

/** An upload that is opened has a location. The result of a mount, and of a whole blob, is read by a HEAD. */
function opensNoUpload({ method, url }: HttpRequest, { headers }: HttpResponse): boolean {
  const { searchParams } = url;
  const isSettledByHead = searchParams.has('mount') || searchParams.has('digest');
  return method === 'POST' && headers['location'] === undefined && !isSettledByHead;
}

/** The digest of the manifest has been verified, and its source accepts it as a manifest. */
function deniesSoundManifest({ method }: HttpRequest, { body }: HttpResponse): boolean {
  return method === 'PUT' && parseErrors(body).some(({ code }) => INVALID.has(code));
}

const INVALID: ReadonlySet<string> = new Set(['MANIFEST_INVALID', 'DIGEST_INVALID']);

/** Storage sends no challenges. A refused HEAD of a blob is followed by a GET. */
function lacksChallenge({ method, url }: HttpRequest, { headers, isForeign }: HttpResponse): boolean {
  const isFollowedByGet = method === 'HEAD' && url.pathname.includes('/blobs/');
  return headers['www-authenticate'] === undefined && isForeign !== true && !isFollowedByGet;
}
