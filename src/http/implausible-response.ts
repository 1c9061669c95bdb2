import type { HttpRequest, HttpResponse } from './request.ts';
import { parseErrors } from './spec-errors.ts';

/**
 * True for an answer that cannot be one to what was asked: the request was damaged on the way, or somebody in between
 * has answered, a load balancer or a login page. Asked once more, the registry may answer itself.
 */
export function isImplausible(request: HttpRequest, response: HttpResponse): boolean {
  if (request.purpose === 'api') return false;
  switch (response.status) {
    case 200:
      return isNothingOfWrite(request, response);
    case 400:
      return isUntrueOfManifest(request, response);
    case 401:
      return isUnchallenged(request, response);
    case 416:
      return request.headers['range'] === undefined;
    default:
      return false;
  }
}

/**
 * Without a challenge nobody can know what to do better. Storage has none to give, and where a HEAD of a blob is
 * refused a GET is asked next.
 */
function isUnchallenged({ method, url }: HttpRequest, { headers, isForeign }: HttpResponse): boolean {
  const isAskedByGetNext = method === 'HEAD' && url.pathname.includes('/blobs/');
  return headers['www-authenticate'] === undefined && isForeign !== true && !isAskedByGetNext;
}

/** An upload that is opened has a place; whether a mount was done, and a PUT, is asked by a HEAD. */
function isNothingOfWrite({ method, url }: HttpRequest, { headers }: HttpResponse): boolean {
  return method === 'POST' && headers['location'] === undefined && !url.searchParams.has('mount');
}

/** The digest of what is sent has been checked, and its source has taken it for a manifest. */
function isUntrueOfManifest({ method }: HttpRequest, { body }: HttpResponse): boolean {
  return method === 'PUT' && parseErrors(body).some(({ code }) => INVALID.has(code));
}

const INVALID: ReadonlySet<string> = new Set(['MANIFEST_INVALID', 'DIGEST_INVALID']);
