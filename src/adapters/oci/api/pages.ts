import { type JsonObject, parseJsonObject } from '../../../base/json.ts';
import { quote } from '../../../base/text.ts';
import type { HttpRequest, HttpResponse } from '../../../http/request.ts';
import { RegistryError } from '../../../ports/registry-error.ts';
import { parseNextLink } from './next-link.ts';
import { requestError, throwResponseError } from './response-error.ts';
import type { Session } from './session.ts';

/** A Google listing of the largest repository seen has 12,500 digests at 400 bytes. */
export const MAX_PAGE_BYTES = 64 * 1024 * 1024;
const MAX_PAGES = 10_000;
/** In a row: a registry may filter pages by the rights of the identity. */
const MAX_EMPTY_PAGES = 100;
/** Of all pages: fifty times the largest listing seen. */
const MAX_LISTING_BYTES = 256 * 1024 * 1024;

export interface Page {
  readonly kind: 'page';
  /** For messages. */
  readonly request: HttpRequest;
  readonly body: JsonObject;
}

/** The first request was answered with 404. */
export interface NoList {
  readonly kind: 'missing';
  readonly request: HttpRequest;
  readonly response: HttpResponse;
}

export interface Pages {
  /** The kind of entries, for messages. */
  readonly entries: 'tags' | 'repositories' | 'referrers';
  /** The number of entries taken so far, for the check that each page adds some. */
  readonly taken: () => number;
  /**
   * Takes the page of a list that has no other, in the step that parses it, and then no page is yielded. Unset: it is
   * yielded. A page that is kept until a later step is promoted by the collector, with its megabytes.
   */
  readonly onOnlyPage?: (body: JsonObject) => void;
}

/**
 * Every page of a list, following `Link`. Throws a `RegistryError` for an answer that is no page, for pages of another
 * host, and for lists without end. After a good page anything but a good page is an error: a list that breaks off is
 * never taken for a short one. Such an error has no status, and is not temporary.
 */
export async function* readPages(
  session: Session,
  first: HttpRequest,
  pages: Pages,
): AsyncGenerator<Page | NoList, void, undefined> {
  const { entries, taken } = pages;
  const checkProgress = createProgressCheck(entries);
  let request = first;
  let bytes = 0;
  for (let number = 1; number <= MAX_PAGES; number++) {
    const isFirst = number === 1;
    const reading = readPage(session, request, { ...pages, isFirst });
    const { response, body } = await reading.catch((error: unknown) => {
      throw isFirst ? error : breaksOff(error, { entries, pages: number - 1 });
    });
    if (body === undefined) return yield { kind: 'missing', request, response };
    if (body === 'taken') return;
    bytes += response.body.length;
    if (bytes > MAX_LISTING_BYTES) throw tooLong(request, { entries, most: `${MAX_LISTING_BYTES} bytes` });
    const before = isFirst ? 0 : taken();
    const page: Page = { kind: 'page', request, body };
    yield page;
    const next = nextPageUrl(request, response);
    if (isFirst && next === undefined) return;
    checkProgress(page, { next, grown: taken() > before });
    if (next === undefined) return;
    request = { ...request, url: next };
  }
  throw tooLong(request, { entries, most: `${MAX_PAGES} pages` });
}

/**
 * A page, or a 404 to the first request. A page is parsed once, where it is checked: it may have megabytes. `taken` is the
 * page of a list that has no other.
 */
async function readPage(
  session: Session,
  request: HttpRequest,
  { entries, isFirst, onOnlyPage }: Pick<Pages, 'entries' | 'onOnlyPage'> & { readonly isFirst: boolean },
): Promise<{ readonly response: HttpResponse; readonly body: JsonObject | 'taken' | undefined }> {
  const parsed: { body: JsonObject | 'taken' | undefined } = { body: undefined };
  const damageOf = (read: HttpResponse) => {
    const body = parseJsonObject(read.body);
    if (body === undefined) {
      return requestError(request, 'unexpected', `the list of ${entries} is not a JSON object`);
    }
    if (!isPage(body, { entries, isFirst })) {
      return requestError(request, 'unexpected', `the answer has no list of ${entries}`);
    }
    const isOnly = isFirst && read.headers['link'] === undefined;
    if (isOnly) onOnlyPage?.(body);
    parsed.body = isOnly && onOnlyPage !== undefined ? 'taken' : body;
    return undefined;
  };
  const response = await session.send({ ...request, damageOf });
  const { status } = response;
  if (status !== 200 && !(isFirst && status === 404)) throwResponseError(request, response);
  const damage = status === 200 && parsed.body === undefined ? damageOf(response) : undefined; // not checked on the way
  if (damage !== undefined) throw damage;
  return { response, body: parsed.body };
}

/**
 * Refuses a list that makes no progress: a page without new entries that leads to another one, or a last page that
 * repeats the one before. A few empty pages in a row are allowed.
 */
function createProgressCheck(entries: Pages['entries']) {
  let previous: readonly unknown[] = [];
  const emptyPages = new Set<string>();
  return (page: Page, { next, grown }: { readonly next: URL | undefined; readonly grown: boolean }): void => {
    const { request } = page;
    const list = listOf(page, FIELDS[entries]);
    if (list.length > 0) emptyPages.clear();
    else emptyPages.add(request.url.href);
    const mayContinue = emptyPages.size > 0 && emptyPages.size <= MAX_EMPTY_PAGES;
    if (next !== undefined && !grown && !(mayContinue && !emptyPages.has(next.href))) {
      throw requestError(request, 'unexpected', `a page without new ${entries} leads to another one`);
    }
    const isSame = !grown && list.length > 0 && JSON.stringify(list) === JSON.stringify(previous);
    if (isSame) {
      throw requestError(request, 'unexpected', `the page repeats the ${entries} of the page before it`);
    }
    previous = list;
  };
}

/**
 * The next page, by the `Link` of a page; undefined after the last one. Throws `RegistryError` for a link that cannot be
 * read, and for one to another host, which must not get the credentials, or to another list.
 */
function nextPageUrl(request: HttpRequest, response: HttpResponse): URL | undefined {
  const link = parseNextLink(response.headers['link'], response.url);
  if (link === undefined) return undefined;
  if (link === 'malformed') throw requestError(request, 'unexpected', 'its Link header is malformed');
  if (link.origin !== request.url.origin) {
    const why = `refused the next page at ${link.origin}: it belongs to another host`;
    throw requestError(request, 'unexpected', why);
  }
  const isOwn = [request.url, response.url].some(({ pathname }) => pathname === link.pathname);
  if (!isOwn && link.pathname.startsWith('/v2/')) {
    throw requestError(request, 'unexpected', 'refused the next page: its path is that of another list');
  }
  return link;
}

const FIELDS = {
  tags: 'tags',
  repositories: 'repositories',
  referrers: 'manifests',
} as const satisfies Record<Pages['entries'], string>;

/** The list in a field of a page; null (an empty list of Go) and a missing field are empty. */
export function listOf({ request, body }: Pick<Page, 'request' | 'body'>, field: string): readonly unknown[] {
  const list = body[field] ?? [];
  if (Array.isArray(list)) return list;
  throw requestError(request, 'unexpected', `${field} is not a list but ${quote(typeof list)}`);
}

/** A first page may lack its list where that is empty; an error document and a later page may not. */
function isPage(
  body: JsonObject,
  { entries, isFirst }: Pick<Pages, 'entries'> & { readonly isFirst: boolean },
): boolean {
  const hasList = [FIELDS[entries], 'manifest', 'child'].some((field) => Object.hasOwn(body, field));
  return hasList || (isFirst && !Object.hasOwn(body, 'errors'));
}

/** The error of a list that ends with an error after some good pages. */
function breaksOff(error: unknown, { entries, pages }: { entries: string; pages: number }): unknown {
  if (!(error instanceof RegistryError)) return error;
  const where = pages === 1 ? 'its first page' : `${pages} pages`;
  const message = `the list of ${entries} breaks off after ${where}: ${error.message}`;
  return new RegistryError('unexpected', message, { cause: error });
}

function tooLong(request: HttpRequest, { entries, most }: { entries: string; most: string }): RegistryError {
  return requestError(request, 'unexpected', `the list of ${entries} has more than ${most}`);
}
