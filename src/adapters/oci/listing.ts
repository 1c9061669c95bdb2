import { isObject, type JsonObject } from '../../base/json.ts';
import { type Digest, parseDigest } from '../../image/digest.ts';
import { isIndexType } from '../../image/media-types.ts';
import {
  type ImageName,
  parseImageName,
  type RegistryName,
  type Repository,
} from '../../image/repository.ts';
import { parseTag, type Tag } from '../../image/tag.ts';
import type { Listing } from '../../ports/registry.ts';
import type { HttpRequest } from './http.ts';
import { fitTexts } from './left-out.ts';
import { listOf, MAX_PAGE_BYTES, readPages } from './pages.ts';
import { hostRequest, readRequest, type Session } from './session.ts';

/**
 * GET `/v2/<name>/tags/list`, every page. A body with the maps `manifest` or `child` is Google's and complete.
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
  const leaveOut = (name: unknown) => session.leftOut.note(request.host, name);
  const tags = new Set<Tag>();
  let requests = 0;
  for await (const page of readPages(session, request, { entries: 'tags', taken: () => tags.size })) {
    if (page === 'missing') return { kind: 'missing' };
    const google = parseGoogle(page.body, leaveOut);
    if (google !== undefined) return google;
    for (const tag of fitTexts(listOf(page, 'tags'), { parse: parseTag, leaveOut })) tags.add(tag);
    requests += 1;
  }
  return { kind: 'tags', tags, requests };
}

/** Told of what is outside the grammars: it cannot be wanted, and must not get into a URL. */
type LeaveOut = (name: unknown) => void;

/** Google's listing: a map of digests with their tags, or, of a repository without images, at least `child`. */
function parseGoogle({ manifest, child }: JsonObject, leaveOut: LeaveOut): Listing | undefined {
  if (!isObject(manifest) && !Array.isArray(child)) return undefined;
  const manifests = new Map<Digest, readonly Tag[]>();
  const tags = new Map<Tag, Digest>();
  const indexes = new Set<Digest>();
  for (const [key, value] of Object.entries(isObject(manifest) ? manifest : {})) {
    const digest = parseDigest(key);
    if (digest === undefined) {
      leaveOut(key);
      continue;
    }
    const entry = isObject(value) ? value : {};
    const own = fitTexts(arrayOf(entry['tag']), { parse: parseTag, leaveOut });
    manifests.set(digest, own);
    for (const tag of own) tags.set(tag, digest);
    const { mediaType } = entry;
    if (typeof mediaType === 'string' && isIndexType(mediaType)) indexes.add(digest);
  }
  const children = fitTexts(arrayOf(child), { parse: parseChild, leaveOut });
  return { kind: 'digests', manifests, tags, indexes, children };
}

function arrayOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** A child is one component: whatever else a server calls so would lead to another path. */
function parseChild(text: string): ImageName | undefined {
  return text.includes('/') ? undefined : parseImageName(text);
}
