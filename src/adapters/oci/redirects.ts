import { RegistryError } from '../../ports/registry-error.ts';
import { readLocation } from './location.ts';
import { describeRequest, type HttpRequest, type HttpResponse, type Send } from './http.ts';

/** Registries redirect once, to their storage; more than a few hops is a loop. */
const MAX_REDIRECTS = 5;
const REDIRECTS = new Set([301, 302, 303, 307, 308]);

/**
 * Follows the redirects of GET and HEAD. Credentials stay with their origin (scheme, host and port), and https is
 * never left for http.
 */
export function withRedirects(inner: Send): Send {
  return async (request) => {
    let current = request;
    for (let hop = 0; hop <= MAX_REDIRECTS; hop++) {
      const response = await inner(current);
      if (!isRedirect(current, response)) return response;
      current = follow(current, response);
    }
    throw new RegistryError(
      'unexpected',
      `${describeRequest(request)}: more than ${MAX_REDIRECTS} redirects`,
    );
  };
}

function isRedirect(request: HttpRequest, response: HttpResponse): boolean {
  return REDIRECTS.has(response.status) && (request.method === 'GET' || request.method === 'HEAD');
}

function follow(request: HttpRequest, response: HttpResponse): HttpRequest {
  const url = readLocation(request, response, 'a redirect');
  if (url.origin === request.url.origin) return { ...request, url };
  const { authorization: _stays, ...headers } = request.headers;
  return { ...request, url, headers };
}
