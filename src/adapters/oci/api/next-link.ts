/** A target in angle brackets, or without them, as some registries write it: then up to a space or a semicolon. */
const TARGET = /<([^<>]*)>|([^\s<>;"]+)/y;
const PARAMETER = /\s*;\s*([^\s=;,"]+)(?:\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,;"]*)))?/sy;
const BEGIN = /[\s,]*/y;
const END = /[\s;]*(?:,|$)/y;

/**
 * The target of the `rel="next"` link of a `Link` header, resolved against its page; undefined without one, `malformed`
 * for a header that cannot be read. Without a next link, a link without `rel` counts: a page has little else to link to.
 *
 * @see https://www.rfc-editor.org/rfc/rfc8288
 */
export function parseNextLink(header: string | undefined, page: URL): URL | 'malformed' | undefined {
  const text = header ?? '';
  let target: string | undefined;
  for (let at = skip(BEGIN, text, 0); at < text.length; at = skip(BEGIN, text, at)) {
    const link = readLink(text, at);
    if (link === undefined) return 'malformed';
    if (link.relations?.includes('next')) return resolve(link.target, page);
    if (link.relations === undefined) target ??= link.target;
    at = link.end;
  }
  return target === undefined ? undefined : resolve(target, page);
}

function resolve(target: string, page: URL): URL | 'malformed' {
  return URL.canParse(target, page.href) ? new URL(target, page) : 'malformed';
}

interface Link {
  readonly target: string;
  /** In lower case; undefined without a `rel`. */
  readonly relations: readonly string[] | undefined;
  readonly end: number;
}

/** The link at an offset. Every expression is sticky: linear time. */
function readLink(text: string, start: number): Link | undefined {
  TARGET.lastIndex = start;
  const target = TARGET.exec(text);
  if (target === null) return undefined;
  let rel: string | undefined;
  let end = TARGET.lastIndex;
  PARAMETER.lastIndex = end;
  for (let match = PARAMETER.exec(text); match !== null; match = PARAMETER.exec(text)) {
    end = PARAMETER.lastIndex;
    if (match[1]?.toLowerCase() === 'rel') rel ??= match[2] ?? match[3] ?? '';
  }
  END.lastIndex = end;
  if (!END.test(text)) return undefined;
  const relations = rel?.toLowerCase().replaceAll("'", '').split(/\s+/);
  return { target: target[1] ?? target[2] ?? '', relations, end: END.lastIndex };
}

function skip(expression: RegExp, text: string, start: number): number {
  expression.lastIndex = start;
  expression.exec(text);
  return expression.lastIndex;
}
