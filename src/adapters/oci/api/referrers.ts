import type { Digest } from '../../../image/digest.ts';
import { parseReferrer, type Referrer } from '../../../image/oci-manifest.ts';
import type { Repository } from '../../../image/repository.ts';
import { listOf, MAX_PAGE_BYTES, readPages } from './pages.ts';
import { readRequest, type Session } from './session.ts';

/**
 * GET `/v2/<name>/referrers/<digest>`, every page. Undefined for 404: a registry that has the list answers with an
 * empty one.
 *
 * @see https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#listing-referrers
 */
export async function listReferrers(
  session: Session,
  { repository, digest, signal }: { repository: Repository; digest: Digest; signal: AbortSignal },
): Promise<readonly Referrer[] | undefined> {
  const parts = { method: 'GET', path: `referrers/${digest}`, maxBodyBytes: MAX_PAGE_BYTES, signal } as const;
  const request = readRequest(session, repository, parts);
  const referrers = new Map<Digest, Referrer>();
  for await (const page of readPages(session, request, {
    entries: 'referrers',
    taken: () => referrers.size,
  })) {
    if (page.kind === 'missing') return undefined;
    for (const entry of listOf(page, 'manifests')) {
      const referrer = parseReferrer(entry);
      if (referrer !== undefined) referrers.set(referrer.digest, referrer);
    }
  }
  return Array.from(referrers.values());
}
