/** What an answer means to a strict reader; `broken` means nothing. Text is latin1. */
export type Meaning =
  | { readonly status: number; readonly headers: Readonly<Record<string, string>>; readonly body: string }
  | 'broken';

const STATUS = /^HTTP\/1\.([01]) (\d{3})(?: [^\r\n]*)?\r\n/;
const HEADER =
  /^([!#$%&'*+.^_`|~\w-]+):[\t ]*((?:[!-~\u0080-\u00ff](?:[\t -~\u0080-\u00ff]*[!-~\u0080-\u00ff])?)?)[\t ]*\r\n/;
// oxlint-disable-next-line no-control-regex -- none of them is allowed
const CHUNK = /^([\da-f]{1,16})[\t ]*(?:;[^\0-\x08\x0a-\x1f\x7f]*)?\r\n/i;
const LISTS = new Set(['www-authenticate', 'link']);

/**
 * Reads all bytes that a server sent before it closed the connection, in answer to one GET: slowly and simply, by
 * RFC 9112, as a reference for the parser of the wire. A body that ends with the connection is whole.
 */
export function meaningOf(raw: string): Meaning {
  const head = parseHead(raw);
  if (head === undefined || head.status < 102) return 'broken';
  if (head.status < 200) return meaningOf(head.rest);
  const body = bodyOf(head);
  return body === undefined ? 'broken' : { status: head.status, headers: flatten(head.headers), body };
}

interface Head {
  readonly status: number;
  readonly headers: readonly (readonly [string, string])[];
  readonly rest: string;
}

function parseHead(raw: string): Head | undefined {
  const line = STATUS.exec(raw);
  if (line === null) return undefined;
  const lines = parseHeaders(raw.slice(line[0].length));
  return lines === undefined ? undefined : { status: Number(line[2]), ...lines };
}

/** Headers or trailers up to their empty line. */
function parseHeaders(raw: string): Pick<Head, 'headers' | 'rest'> | undefined {
  const headers: (readonly [string, string])[] = [];
  let rest = raw;
  while (!rest.startsWith('\r\n')) {
    const header = HEADER.exec(rest);
    if (header === null) return undefined;
    headers.push([header[1]?.toLowerCase() ?? '', header[2] ?? '']);
    rest = rest.slice(header[0].length);
  }
  return { headers, rest: rest.slice(2) };
}

function bodyOf({ status, headers, rest }: Head): string | undefined {
  if (status === 204 || status === 304) return '';
  const lengths = headers.filter(([name]) => name === 'content-length');
  const codings = headers.filter(([name]) => name === 'transfer-encoding');
  if (codings.length + lengths.length > 1) return undefined;
  const [coding, length] = [codings[0]?.[1], lengths[0]?.[1]];
  if (coding !== undefined) return coding.toLowerCase() === 'chunked' ? dechunk(rest) : undefined;
  if (length === undefined) return rest;
  const isWhole = /^\d{1,16}$/.test(length) && rest.length >= Number(length);
  return isWhole ? rest.slice(0, Number(length)) : undefined;
}

function dechunk(raw: string): string | undefined {
  let body = '';
  let rest = raw;
  for (;;) {
    const chunk = CHUNK.exec(rest);
    if (chunk === null) return undefined;
    const size = Number.parseInt(chunk[1] ?? '', 16);
    rest = rest.slice(chunk[0].length);
    if (size === 0) return parseHeaders(rest) === undefined ? undefined : body;
    if (rest.slice(size, size + 2) !== '\r\n') return undefined;
    body += rest.slice(0, size);
    rest = rest.slice(size + 2);
  }
}

function flatten(headers: Head['headers']): Record<string, string> {
  const flat: Record<string, string> = {};
  for (const [name, value] of headers) {
    const before = flat[name];
    if (before === undefined) flat[name] = value;
    else if (LISTS.has(name)) flat[name] = `${before}, ${value}`;
  }
  return flat;
}
