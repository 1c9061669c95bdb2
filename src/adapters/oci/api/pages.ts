import { type JsonObject, parseJsonObject } from '../../../base/json.ts';
import { quote } from '../../../base/text.ts';
import { describeRequest, type HttpRequest, type HttpResponse } from '../../../http/request.ts';
import { RegistryError } from '../../../ports/registry-error.ts';
import { nextPageUrl } from './next-page.ts';
import { throwResponseError } from './response-error.ts';
import type { Session } from './session.ts';

/** A Google listing of the largest repository seen has 12,500 digests at 400 bytes. */
export const MAX_PAGE_BYTES = 64 * 1024 * 1024;
const MAX_PAGES = 10_000;
/** In a row: a registry may filter its pages by what one may see. */
const MAX_EMPTY_PAGES = 100;
/** Of all pages: fifty times the largest listing seen. */
const MAX_LISTING_BYTES = 256 * 1024 * 1024;

export interface Page {
  readonly kind: 'page';
  /** What the page was asked with, for messages. */
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
  /** What is listed, for messages. */
  readonly entries: 'tags' | 'repositories' | 'referrers';
  /** How many of them have been taken so far: a page that adds none must not lead to another one, but that an empty one may. */
  readonly taken: () => number;
}

/**
 * Every page of a list, following `Link`. Throws a `RegistryError` for an answer that is no page, for pages of another
 * host, and for lists without end. After a good page anything but a good page is an error: a list that breaks off is
 * never taken for a short one. Such an error has no status, and is not temporary.
 */
export async function* readPages(
  session: Session,
  first: HttpRequest,
  { entries, taken }: Pages,
): AsyncGenerator<Page | NoList, void, undefined> {
  const endless = new EndlessPages(entries);
  let request = first;
  let bytes = 0;
  for (let number = 1; number <= MAX_PAGES; number++) {
    const isFirst = number === 1;
    const reading = readPage(session, request, { entries, isFirst });
    const { response, body } = await reading.catch((error: unknown) => {
      throw isFirst ? error : breaksOff(error, { entries, pages: number - 1 });
    });
    if (response.status !== 200) return yield { kind: 'missing', request, response };
    bytes += response.body.length;
    if (bytes > MAX_LISTING_BYTES) throw tooLong(request, { entries, what: `${MAX_LISTING_BYTES} bytes` });
    const before = taken();
    const page: Page = { kind: 'page', request, body };
    yield page;
    const next = nextPageUrl(request, response);
    endless.refuse(page, { next, grown: taken() > before });
    if (next === undefined) return;
    request = { ...request, url: next };
  }
  throw tooLong(request, { entries, what: `${MAX_PAGES} pages` });
}

/** A page, or the answer 404 to the first request. A page is parsed once, where it is judged: it may have megabytes. */
async function readPage(
  session: Session,
  request: HttpRequest,
  { entries, isFirst }: Pick<Pages, 'entries'> & { readonly isFirst: boolean },
): Promise<{ readonly response: HttpResponse; readonly body: JsonObject }> {
  const parsed: { body: JsonObject | undefined } = { body: undefined };
  const damageOf = (read: HttpResponse) => {
    parsed.body = parseJsonObject(read.body);
    const why = whyNoPage(parsed.body, { entries, isFirst });
    return why === undefined ? undefined : unexpected(request, why);
  };
  const response = await session.send({ ...request, damageOf });
  if (response.status !== 200 && !(isFirst && response.status === 404)) throwResponseError(request, response);
  return { response, body: parsed.body ?? {} };
}

/** Refuses pages that lead nowhere. */
class EndlessPages {
  readonly #entries: Pages['entries'];
  #previous: readonly unknown[] = [];
  /** Where the last pages were, if these were all empty. */
  readonly #empty = new Set<string>();

  constructor(entries: Pages['entries']) {
    this.#entries = entries;
  }

  /** `grown`: whether the page had anything new. */
  refuse(page: Page, { next, grown }: { readonly next: URL | undefined; readonly grown: boolean }): void {
    const { request } = page;
    const list = listOf(page, FIELDS[this.#entries]);
    if (list.length === 0) this.#empty.add(request.url.href);
    else this.#empty.clear();
    const goesOn = this.#empty.size > 0 && this.#empty.size <= MAX_EMPTY_PAGES;
    if (next !== undefined && !grown && !(goesOn && !this.#empty.has(next.href))) {
      throw unexpected(request, `a page without new ${this.#entries} leads to another one`);
    }
    const isSame = !grown && list.length > 0 && JSON.stringify(list) === JSON.stringify(this.#previous);
    if (isSame) throw unexpected(request, `the page repeats the ${this.#entries} of the page before it`);
    this.#previous = list;
  }
}

const FIELDS = {
  tags: 'tags',
  repositories: 'repositories',
  referrers: 'manifests',
} as const satisfies Record<Pages['entries'], string>;

/** The list in a field of a page; null, as Go writes an empty one, and no field at all are empty lists. */
export function listOf({ request, body }: Page, field: string): readonly unknown[] {
  const list = body[field] ?? [];
  if (Array.isArray(list)) return list;
  throw unexpected(request, `${field} is not a list but ${quote(typeof list)}`);
}

/** A first page may lack its list where that is empty; an error document and a later page may not. */
function whyNoPage(
  body: JsonObject | undefined,
  { entries, isFirst }: Pick<Pages, 'entries'> & { readonly isFirst: boolean },
): string | undefined {
  if (body === undefined) return `the list of ${entries} is not a JSON object`;
  const hasList = [FIELDS[entries], 'manifest', 'child'].some((field) => Object.hasOwn(body, field));
  const isPage = hasList || (isFirst && !Object.hasOwn(body, 'errors'));
  return isPage ? undefined : `the answer has no list of ${entries}`;
}

/** What an error means that comes after so many good pages. */
function breaksOff(error: unknown, { entries, pages }: { entries: string; pages: number }): unknown {
  if (!(error instanceof RegistryError)) return error;
  const where = pages === 1 ? 'its first page' : `${pages} pages`;
  const message = `the list of ${entries} breaks off after ${where}: ${error.message}`;
  return new RegistryError('unexpected', message, { cause: error });
}

function tooLong(request: HttpRequest, { entries, what }: { entries: string; what: string }): RegistryError {
  return unexpected(request, `the list of ${entries} has more than ${what}`);
}

function unexpected(request: HttpRequest, message: string): RegistryError {
  return new RegistryError('unexpected', `${describeRequest(request)}: ${message}`);
}
