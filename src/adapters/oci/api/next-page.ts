import { describeRequest, type HttpRequest, type HttpResponse } from '../../../http/request.ts';
import { RegistryError } from '../../../ports/registry-error.ts';
import { parseNextLink } from './next-link.ts';

/**
 * Where the next page is, by the `Link` of a page; undefined after the last one. Throws `RegistryError` for a link that
 * cannot be read, that leads to another host, which credentials are not for, or to the list of another repository.
 */
export function nextPageUrl(request: HttpRequest, response: HttpResponse): URL | undefined {
  const link = parseNextLink(response.headers['link'], response.url);
  if (link === undefined) return undefined;
  if (link === 'malformed') throw refused(request, 'its Link header is malformed');
  if (link.origin !== request.url.origin) {
    throw refused(request, `refused the next page at ${link.origin}: it belongs to another host`);
  }
  const isOwn = [request.url, response.url].some(({ pathname }) => pathname === link.pathname);
  if (!isOwn && link.pathname.startsWith('/v2/')) {
    throw refused(request, 'refused the next page: its path is that of another list');
  }
  return link;
}

function refused(request: HttpRequest, message: string): RegistryError {
  return new RegistryError('unexpected', `${describeRequest(request)}: ${message}`);
}
