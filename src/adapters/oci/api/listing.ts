import type { JsonObject } from '../../../base/json.ts';
import { quote } from '../../../base/text.ts';
import type { HttpRequest, HttpResponse } from '../../../http/request.ts';
import { parseErrors } from '../../../http/spec-errors.ts';
import type { Digest } from '../../../image/digest.ts';
import type { RegistryName, Repository } from '../../../image/repository.ts';
import { parseTag, type Tag } from '../../../image/tag.ts';
import type { Listing } from '../../../ports/registry.ts';
import { GoogleListing, isGooglePage } from './google-listing.ts';
import { fitTexts, type LeaveOut } from './invalid-names.ts';
import { listOf, MAX_PAGE_BYTES, type Page, readPages } from './pages.ts';
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
  reading: { readonly repository: Repository; readonly signal: AbortSignal },
): Promise<Listing> {
  return pickFromListing(session, { ...reading, read: (listing) => listing });
}

/** The same, of which `read` picks what is needed. */
export function pickFromListing<T>(
  session: Session,
  {
    repository,
    read,
    signal,
  }: { repository: Repository; read: (listing: Listing) => T; signal: AbortSignal },
): Promise<T> {
  const request = readRequest(session, repository, partsOf(signal));
  return readListing(session, request, { isMissing: isUnknownRepository, read });
}

/** The upload times in the same listing, in milliseconds since the epoch; none where it is not Google's. */
export async function readUploadTimes(
  session: Session,
  { repository, signal }: { repository: Repository; signal: AbortSignal },
): Promise<ReadonlyMap<Digest, number>> {
  const read = (listing: Listing) => (listing.kind === 'digests' ? listing.uploaded : undefined);
  return (await pickFromListing(session, { repository, read, signal })) ?? new Map();
}

/** GET `/v2/tags/list`: Google's hosts list the repositories below them. */
export function listHost(
  session: Session,
  { host, signal }: { host: RegistryName; signal: AbortSignal },
): Promise<Listing> {
  const request = hostRequest(session, host, partsOf(signal));
  return readListing(session, request, { isMissing: () => true, read: (listing) => listing });
}

function partsOf(signal: AbortSignal) {
  return { method: 'GET', path: 'tags/list', maxBodyBytes: MAX_PAGE_BYTES, signal } as const;
}

interface ListingReader<T> {
  /** True for a 404 that means no repository, not one that means no list. */
  readonly isMissing: (response: HttpResponse) => boolean;
  /** Called once: in the step that parses the listing, if it has one page. */
  readonly read: (listing: Listing) => T;
}

async function readListing<T>(
  session: Session,
  request: HttpRequest,
  { isMissing, read }: ListingReader<T>,
): Promise<T> {
  const only: { result?: { readonly of: T } } = {};
  const onOnlyPage = (body: JsonObject) => {
    only.result = { of: read(new ListingPages(session, request).add({ request, body }).listing()) };
  };
  const pages = new ListingPages(session, request);
  const taken = () => pages.size;
  for await (const page of readPages(session, request, { entries: 'tags', taken, onOnlyPage })) {
    if (page.kind === 'page') pages.add(page);
    else if (isMissing(page.response)) return read({ kind: 'missing' });
    else throwResponseError(request, withHint(page.response));
  }
  return only.result === undefined ? read(pages.listing()) : only.result.of;
}

/** The pages of one listing. */
class ListingPages {
  readonly #first: HttpRequest;
  readonly #leaveOut: LeaveOut;
  readonly #tags = new Set<Tag>();
  readonly #google: GoogleListing;
  #requests = 0;
  #isGoogle = false;

  constructor({ invalidNames }: Session, first: HttpRequest) {
    this.#first = first;
    this.#leaveOut = (name) => invalidNames.note(first.host, name);
    this.#google = new GoogleListing(this.#leaveOut);
  }

  /** The number of entries so far. */
  get size(): number {
    return this.#tags.size + this.#google.size;
  }

  add(page: Pick<Page, 'request' | 'body'>): this {
    const isGoogle = isGooglePage(page.body);
    if (this.#requests === 0) this.#isGoogle = isGoogle;
    else if (this.#isGoogle !== isGoogle) throw mixed(page.request);
    this.#requests += 1;
    if (isGoogle) this.#google.add(page.body);
    else for (const tag of this.#fitTags(page)) this.#tags.add(tag);
    return this;
  }

  listing(): Listing {
    if (!this.#isGoogle) return { kind: 'tags', tags: this.#tags, requests: this.#requests };
    const tag = this.#google.tagWithoutDigest();
    if (tag === undefined) return this.#google.listing();
    const why = `the list names the tag ${quote(tag)} without its digest`;
    throw requestError(this.#first, 'unexpected', why);
  }

  #fitTags(page: Pick<Page, 'request' | 'body'>): readonly Tag[] {
    return fitTexts(listOf(page, 'tags'), { parse: parseTag, leaveOut: this.#leaveOut });
  }
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
