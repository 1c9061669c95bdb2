import type { Repository } from '../../image/repository.ts';
import type { Tag } from '../../image/tag.ts';
import type { Listing } from '../../ports/registry.ts';
import { RegistryError } from '../../ports/registry-error.ts';
import { fitTags } from './fit-tags.ts';
import { GoogleListing, isGooglePage } from './google-listing.ts';
import { describeRequest } from './http.ts';
import { listOf, MAX_PAGE_BYTES, type Page, readPages } from './pages.ts';
import { readRequest, type Session } from './session.ts';

/**
 * GET `/v2/<name>/tags/list`, every page. A body with the maps `manifest` or `child` is Google's. Pages are as long as
 * the host likes, without `n`: the longest that one allows another refuses.
 *
 * @see https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#listing-tags
 */
export async function listRepository(
  session: Session,
  { repository, signal }: { repository: Repository; signal: AbortSignal },
): Promise<Listing> {
  const parts = { method: 'GET', path: 'tags/list', maxBodyBytes: MAX_PAGE_BYTES, signal } as const;
  const request = readRequest(session, repository, parts);
  const tags = new Set<Tag>();
  const google = new GoogleListing();
  let requests = 0;
  let isGoogle = false;
  const taken = () => tags.size + google.size;
  for await (const page of readPages(session, request, { entries: 'tags', taken })) {
    if (page === 'missing') return { kind: 'missing' };
    requests += 1;
    if (requests === 1) isGoogle = isGooglePage(page.body);
    else if (isGoogle !== isGooglePage(page.body)) throw mixed(page);
    if (isGoogle) google.add(page.body);
    else for (const tag of fitTags(listOf(page, 'tags'))) tags.add(tag);
  }
  return isGoogle ? google.listing() : { kind: 'tags', tags, requests };
}

/** Tags without digests beside digests with tags: neither half would be the whole. */
function mixed({ request }: Page): RegistryError {
  const message = "one page of the list is Google's, with digests, and another is not";
  return new RegistryError('unexpected', `${describeRequest(request)}: ${message}`);
}
