import { REPETITIONS } from '../base/limits-and-retries.ts';
import { RegistryError } from '../ports/registry-error.ts';
import {
  DamagedResponse,
  describeRequest,
  type HttpRequest,
  type HttpResponse,
  isRead,
  type Send,
} from './request.ts';
import { isForm } from './request-secrets.ts';

const REDIRECTS = new Set([301, 302, 303, 307, 308]);
/** Those that keep method and body. @see https://www.rfc-editor.org/rfc/rfc9110#section-15.4 */
const KEEPING = new Set([307, 308]);

/**
 * Follows redirects: any redirect of GET and HEAD; 307 and 308 of writes, with method and body. A stream body is opened
 * again for each hop. Credentials stay with their origin (scheme, host and port), and https never becomes http.
 * Throws `DamagedResponse` if the last response has a damaged body.
 */
export function withRedirects(inner: Send): Send {
  return async (request) => {
    let current = request;
    for (let hop = 0; hop <= REPETITIONS.redirects; hop++) {
      const response = await inner(current);
      if (!REDIRECTS.has(response.status)) return soundResponse(request, response);
      current = follow(current, response);
    }
    throw new RegistryError(
      'unexpected',
      `${describeRequest(request)}: more than ${REPETITIONS.redirects} redirects`,
    );
  };
}

function soundResponse({ damageOf }: HttpRequest, response: HttpResponse): HttpResponse {
  const damage = response.status === 200 ? damageOf?.(response) : undefined;
  if (damage !== undefined) throw new DamagedResponse(damage);
  return response;
}

function follow(request: HttpRequest, response: HttpResponse): HttpRequest {
  const { method, headers, body } = request;
  const url = readLocation(request, response, 'a redirect');
  if (!isRead(request) && !KEEPING.has(response.status)) {
    throw notFollowed(request, {
      response,
      url,
      why: `it would turn a ${method} into a GET: expected 307 or 308`,
    });
  }
  if (url.origin === request.url.origin) return { ...request, url };
  if (body !== undefined && isForm(headers)) {
    throw notFollowed(request, { response, url, why: 'credentials are not sent to another origin' });
  }
  const { authorization: _stays, ...others } = headers;
  return { ...request, url, headers: others };
}

function notFollowed(
  request: HttpRequest,
  { response, url, why }: { readonly response: HttpResponse; readonly url: URL; readonly why: string },
): RegistryError {
  const { status } = response;
  const message = `${describeRequest(request)}: ${status}: redirect to ${url.origin} not followed: ${why}`;
  return new RegistryError('unexpected', message, { status });
}

/**
 * The URL of a response's `Location`, resolved against the URL of the response; `purpose` names it in errors.
 * It may be on another host, but not lead from https to http.
 */
export function readLocation(request: HttpRequest, response: HttpResponse, purpose: string): URL {
  const location = response.headers['location'];
  if (location === undefined || !URL.canParse(location, response.url.href)) {
    const message = `${describeRequest(request)}: ${purpose} without a valid Location`;
    throw new RegistryError('unexpected', message, { status: response.status });
  }
  const url = new URL(location, response.url);
  if (url.protocol !== 'https:' && url.protocol !== request.url.protocol) {
    const message = `${describeRequest(request)}: refused ${purpose} to ${url.protocol}//${url.host}`;
    throw new RegistryError('unexpected', message, { status: response.status });
  }
  return url;
}
