import { isObject, type JsonObject, parseJsonObject } from '../../base/json.ts';
import { quote } from '../../base/text.ts';
import { type Digest, parseDigest } from '../../image/digest.ts';
import type { Repository } from '../../image/repository.ts';
import { parseTag, type Tag } from '../../image/tag.ts';
import type { Listing } from '../../ports/registry.ts';
import { RegistryError } from '../../ports/registry-error.ts';
import { refuseAnswer } from './answers.ts';
import { describeRequest, type HttpRequest, type HttpResponse } from './http.ts';
import { parseNextLink } from './next-link.ts';
import { readRequest, type Session } from './session.ts';
import { sendUntilSound } from './sound-answer.ts';

/** A Google listing of the largest repository seen has 12,500 digests at 400 bytes. */
const MAX_PAGE_BYTES = 64 * 1024 * 1024;
const MAX_PAGES = 10_000;
/** Of all pages: fifty times the largest listing seen. */
const MAX_LISTING_BYTES = 256 * 1024 * 1024;

/**
 * GET `/v2/<name>/tags/list`, every page. A body with the maps `manifest` or `child` is Google's and complete.
 *
 * @see https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#listing-tags
 */
export async function listRepository(
  session: Session,
  { repository, signal }: { repository: Repository; signal: AbortSignal },
): Promise<Listing> {
  const parts = { method: 'GET', path: 'tags/list', maxBodyBytes: MAX_PAGE_BYTES, signal } as const;
  let request = readRequest(session, repository, parts);
  const tags = new Set<Tag>();
  let bytes = 0;
  for (let page = 1; page <= MAX_PAGES; page++) {
    const response = await sendUntilSound(session.send, request, (read) => damageOf(request, read));
    if (response.status === 404) return { kind: 'missing' };
    if (response.status !== 200) return refuseAnswer(request, response);
    bytes += response.body.length;
    if (bytes > MAX_LISTING_BYTES) throw tooLong(request, `more than ${MAX_LISTING_BYTES} bytes`);
    const body = parseJsonObject(response.body) ?? {};
    const google = parseGoogle(body);
    if (google !== undefined) return google;
    const before = tags.size;
    for (const tag of parseTags(request, body)) tags.add(tag);
    const next = parseNextLink(response.headers['link'], response.url);
    if (next === undefined) return { kind: 'tags', tags, requests: page };
    refuseEndless(request, { next, grown: tags.size > before });
    request = { ...request, url: next };
  }
  throw tooLong(request, `more than ${MAX_PAGES} pages`);
}

function tooLong(request: HttpRequest, what: string): RegistryError {
  return new RegistryError('unexpected', `${describeRequest(request)}: the list of tags has ${what}`);
}

function refuseEndless(request: HttpRequest, { next, grown }: { next: URL; grown: boolean }): void {
  if (next.origin !== request.url.origin) {
    const why = `refused the next page at ${next.origin}: it belongs to another host`;
    throw new RegistryError('unexpected', `${describeRequest(request)}: ${why}`);
  }
  if (grown) return;
  throw new RegistryError(
    'unexpected',
    `${describeRequest(request)}: a page without new tags leads to another one`,
  );
}

function damageOf(request: HttpRequest, { body }: HttpResponse): RegistryError | undefined {
  if (parseJsonObject(body) !== undefined) return undefined;
  return new RegistryError(
    'unexpected',
    `${describeRequest(request)}: the list of tags is not a JSON object`,
  );
}

function parseTags(request: HttpRequest, body: JsonObject): Tag[] {
  const tags = body['tags'] ?? [];
  if (!Array.isArray(tags)) {
    throw new RegistryError(
      'unexpected',
      `${describeRequest(request)}: tags is not a list but ${quote(typeof tags)}`,
    );
  }
  return fitTags(tags);
}

/** A name outside the grammar cannot be wanted, and must not get into a URL; an object may refuse to be a name. */
function fitTags(names: readonly unknown[]): Tag[] {
  return names
    .map((name) => (typeof name === 'object' && name !== null ? undefined : parseTag(String(name))))
    .filter((tag) => tag !== undefined);
}

/** Google's listing: a map of digests with their tags, or, of a repository without images, at least `child`. */
function parseGoogle(body: JsonObject): Listing | undefined {
  const { manifest, child } = body;
  if (!isObject(manifest) && !Array.isArray(child)) return undefined;
  const manifests = new Map<Digest, readonly Tag[]>();
  const tags = new Map<Tag, Digest>();
  for (const [key, entry] of Object.entries(isObject(manifest) ? manifest : {})) {
    const digest = parseDigest(key);
    if (digest === undefined) continue;
    const names = isObject(entry) && Array.isArray(entry['tag']) ? (entry['tag'] as unknown[]) : [];
    const own = fitTags(names);
    manifests.set(digest, own);
    for (const tag of own) tags.set(tag, digest);
  }
  return { kind: 'digests', manifests, tags };
}
