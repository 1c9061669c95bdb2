/**
 * The target of the `rel="next"` link of a `Link` header, resolved against the page it came with.
 *
 * @see https://www.rfc-editor.org/rfc/rfc8288
 */
export function parseNextLink(header: string | undefined, page: URL): URL | undefined {
  if (header === undefined) return undefined;
  for (const [, target = '', parameters = ''] of header.matchAll(/<([^>]*)>((?:\s*;\s*[^,;]+)*)/g)) {
    const rel = /;\s*rel\s*=\s*"?([^";]*)"?/i.exec(parameters)?.[1]?.toLowerCase().split(/\s+/);
    if (rel?.includes('next') && URL.canParse(target, page.href)) return new URL(target, page);
  }
  return undefined;
}
