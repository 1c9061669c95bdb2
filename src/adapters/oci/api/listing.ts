import { quote } from '../../../base/text.ts';
import type { HttpRequest, HttpResponse } from '../../../http/request.ts';
import { parseErrors } from '../../../http/spec-errors.ts';
import type { Digest } from '../../../image/digest.ts';
import type { RegistryName, Repository } from '../../../image/repository.ts';
import { parseTag, type Tag } from '../../../image/tag.ts';
import type { Listing } from '../../../ports/registry.ts';
import { GoogleListing, isGooglePage } from './google-listing.ts';
import { fitTexts } from './invalid-names.ts';
import { listOf, MAX_PAGE_BYTES, readPages } from './pages.ts';
import { requestError, throwResponseError } from './response-error.ts';
import { hostRequest, readRequest, type Session } from './session.ts';

/**
 * GET `/v2/<name>/tags/list`, every page. A body with the maps `manifest` or `child` is Google's. Pages are as long as
 * the host likes, without `n`: the longest that one allows another refuses.
 *
 * @see https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#listing-tags
 */
export function listRepository(
  session: Session,
  { repository, signal }: { repository: Repository; signal: AbortSignal },
): Promise<Listing> {
  return readListing(session, readRequest(session, repository, partsOf(signal)), isUnknownRepository);
}

/** The upload times in the same listing, in milliseconds since the epoch; none where it is not Google's. */
export async function readUploadTimes(
  session: Session,
  { repository, signal }: { repository: Repository; signal: AbortSignal },
): Promise<ReadonlyMap<Digest, number>> {
  const listing = await listRepository(session, { repository, signal });
  return listing.kind === 'digests' ? (listing.uploaded ?? new Map()) : new Map();
}

/** GET `/v2/tags/list`: Google's hosts list the repositories below them. */
export function listHost(
  session: Session,
  { host, signal }: { host: RegistryName; signal: AbortSignal },
): Promise<Listing> {
  return readListing(session, hostRequest(session, host, partsOf(signal)), () => true);
}

function partsOf(signal: AbortSignal) {
  return { method: 'GET', path: 'tags/list', maxBodyBytes: MAX_PAGE_BYTES, signal } as const;
}

/** `isMissing` is true for a 404 that means no repository, not one that means no list. */
async function readListing(
  session: Session,
  request: HttpRequest,
  isMissing: (response: HttpResponse) => boolean,
): Promise<Listing> {
  const leaveOut = (name: unknown) => session.invalidNames.note(request.host, name);
  const tags = new Set<Tag>();
  const google = new GoogleListing(leaveOut);
  let requests = 0;
  let isGoogle = false;
  const taken = () => tags.size + google.size;
  for await (const page of readPages(session, request, { entries: 'tags', taken })) {
    if (page.kind === 'missing') {
      return isMissing(page.response)
        ? { kind: 'missing' }
        : throwResponseError(request, withHint(page.response));
    }
    requests += 1;
    if (requests === 1) isGoogle = isGooglePage(page.body);
    else if (isGoogle !== isGooglePage(page.body)) throw mixed(page.request);
    if (isGoogle) google.add(page.body);
    else for (const tag of fitTexts(listOf(page, 'tags'), { parse: parseTag, leaveOut })) tags.add(tag);
  }
  if (!isGoogle) return { kind: 'tags', tags, requests };
  const tag = google.tagWithoutDigest();
  if (tag !== undefined) {
    throw requestError(request, 'unexpected', `the list names the tag ${quote(tag)} without its digest`);
  }
  return google.listing();
}

/** Error codes of a repository that does not exist, or is empty. */
const NO_REPOSITORY: ReadonlySet<string> = new Set(['NAME_UNKNOWN', 'NOT_FOUND']);

/** The 404 of a proxy, or of a registry without lists, is no statement about the repository. */
function isUnknownRepository({ body }: HttpResponse): boolean {
  return parseErrors(body).some(({ code }) => NO_REPOSITORY.has(code));
}

function withHint(response: HttpResponse): HttpResponse {
  const hint =
    'without NAME_UNKNOWN this is no answer about the repository: it may be there, and not be listed';
  return { ...response, hint };
}

/** A mix of tags without digests and of digests with tags is complete for neither. */
function mixed(request: HttpRequest) {
  return requestError(
    request,
    'unexpected',
    "one page of the list is Google's, with digests, and another is not",
  );
}
