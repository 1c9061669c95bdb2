import { RegistryError } from '../ports/registry-error.ts';
import { describeRequest, type HttpRequest, type HttpResponse } from './request.ts';

/**
 * Where an answer's `Location` leads, resolved against where it came from; `purpose` names it in errors.
 * It may lead to another host, but not from https to anything less.
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
