import type { RegistryName, Repository } from '../../image/repository.ts';
import { parseTag, type Tag } from '../../image/tag.ts';
import type { Listing } from '../../ports/registry.ts';
import { RegistryError } from '../../ports/registry-error.ts';
import { GoogleListing, isGooglePage } from './google-listing.ts';
import { describeRequest, type HttpRequest } from './http.ts';
import { fitTexts } from './odd-names.ts';
import { listOf, MAX_PAGE_BYTES, type Page, readPages } from './pages.ts';
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
  return readListing(session, readRequest(session, repository, partsOf(signal)));
}

/** GET `/v2/tags/list`, which Google's hosts answer as for a repository that leads to all others. */
export function listHost(
  session: Session,
  { host, signal }: { host: RegistryName; signal: AbortSignal },
): Promise<Listing> {
  return readListing(session, hostRequest(session, host, partsOf(signal)));
}

function partsOf(signal: AbortSignal) {
  return { method: 'GET', path: 'tags/list', maxBodyBytes: MAX_PAGE_BYTES, signal } as const;
}

async function readListing(session: Session, request: HttpRequest): Promise<Listing> {
  const leaveOut = (name: unknown) => session.oddNames.note(request.host, name);
  const tags = new Set<Tag>();
  const google = new GoogleListing(leaveOut);
  let requests = 0;
  let isGoogle = false;
  const taken = () => tags.size + google.size;
  for await (const page of readPages(session, request, { entries: 'tags', taken })) {
    if (page === 'missing') return { kind: 'missing' };
    requests += 1;
    if (requests === 1) isGoogle = isGooglePage(page.body);
    else if (isGoogle !== isGooglePage(page.body)) throw mixed(page);
    if (isGoogle) google.add(page.body);
    else for (const tag of fitTexts(listOf(page, 'tags'), { parse: parseTag, leaveOut })) tags.add(tag);
  }
  return isGoogle ? google.listing() : { kind: 'tags', tags, requests };
}

/** Tags without digests beside digests with tags: neither half would be the whole. */
function mixed({ request }: Page): RegistryError {
  const message = "one page of the list is Google's, with digests, and another is not";
  return new RegistryError('unexpected', `${describeRequest(request)}: ${message}`);
}
