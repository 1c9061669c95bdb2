import { type JsonObject, parseJsonObject } from '../../base/json.ts';
import { quote } from '../../base/text.ts';
import { RegistryError } from '../../ports/registry-error.ts';
import { refuseAnswer } from './answers.ts';
import { describeRequest, type HttpRequest, type HttpResponse } from './http.ts';
import { parseNextLink } from './next-link.ts';
import type { Session } from './session.ts';
import { sendUntilSound } from './sound-answer.ts';

/** A Google listing of the largest repository seen has 12,500 digests at 400 bytes. */
export const MAX_PAGE_BYTES = 64 * 1024 * 1024;
const MAX_PAGES = 10_000;
/** In a row: a registry may filter its pages by what one may see. */
const MAX_EMPTY_PAGES = 100;
/** Of all pages: fifty times the largest listing seen. */
const MAX_LISTING_BYTES = 256 * 1024 * 1024;

export interface Page {
  /** What the page was asked with, for messages. */
  readonly request: HttpRequest;
  readonly body: JsonObject;
}

export interface Pages {
  /** What is listed, for messages. */
  readonly entries: 'tags' | 'repositories' | 'referrers';
  /** How many of them have been taken so far: a page that adds none must not lead to another one, but that an empty one may. */
  readonly taken: () => number;
}

/**
 * Every page of a list, following `Link`; `missing` ends it where a page is 404. Throws a `RegistryError` for an answer
 * that is no page, for pages of another host, and for lists without end.
 */
export async function* readPages(
  session: Session,
  first: HttpRequest,
  { entries, taken }: Pages,
): AsyncGenerator<Page | 'missing', void, undefined> {
  let request = first;
  let bytes = 0;
  /** Where the last pages were, if these were all empty. */
  const empty = new Set<string>();
  for (let page = 1; page <= MAX_PAGES; page++) {
    const { response, body } = await readPage(session, request, entries);
    if (response.status === 404) return yield 'missing';
    if (response.status !== 200) return refuseAnswer(request, response);
    bytes += response.body.length;
    if (bytes > MAX_LISTING_BYTES) throw tooLong(request, { entries, what: `${MAX_LISTING_BYTES} bytes` });
    const before = taken();
    const read = { request, body };
    yield read;
    const next = parseNextLink(response.headers['link'], response.url);
    if (next === undefined) return;
    if (listOf(read, FIELDS[entries]).length === 0) empty.add(request.url.href);
    else empty.clear();
    const goesOn = empty.size > 0 && empty.size <= MAX_EMPTY_PAGES && !empty.has(next.href);
    refuseEndless(request, { next, entries, grown: taken() > before || goesOn });
    request = { ...request, url: next };
  }
  throw tooLong(request, { entries, what: `${MAX_PAGES} pages` });
}

/** A page is parsed once, where it is judged: it may have megabytes. Nothing in `body` unless the status is 200. */
async function readPage(
  session: Session,
  request: HttpRequest,
  entries: string,
): Promise<{ readonly response: HttpResponse; readonly body: JsonObject }> {
  const parsed: { body: JsonObject | undefined } = { body: undefined };
  const response = await sendUntilSound(session.send, request, (read) => {
    parsed.body = parseJsonObject(read.body);
    return parsed.body === undefined ? noPage(request, entries) : undefined;
  });
  return { response, body: parsed.body ?? {} };
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

function noPage(request: HttpRequest, entries: string): RegistryError {
  return unexpected(request, `the list of ${entries} is not a JSON object`);
}

function refuseEndless(
  request: HttpRequest,
  { next, entries, grown }: { next: URL; entries: string; grown: boolean },
): void {
  if (next.origin !== request.url.origin) {
    throw unexpected(request, `refused the next page at ${next.origin}: it belongs to another host`);
  }
  if (!grown) throw unexpected(request, `a page without new ${entries} leads to another one`);
}

function tooLong(request: HttpRequest, { entries, what }: { entries: string; what: string }): RegistryError {
  return unexpected(request, `the list of ${entries} has more than ${what}`);
}

function unexpected(request: HttpRequest, message: string): RegistryError {
  return new RegistryError('unexpected', `${describeRequest(request)}: ${message}`);
}
