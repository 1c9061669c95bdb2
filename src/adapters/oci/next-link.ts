/**
 * The target of the `rel="next"` link of a `Link` header, resolved against the page it came with.
 *
 * @see https://www.rfc-editor.org/rfc/rfc8288
 */
export function parseNextLink(header: string | undefined, page: URL): URL | undefined {
  if (header === undefined) return undefined;
  // sticky, so that nothing is looked at again from every place
  const link = /[^<]*<([^>]*)>/y;
  for (let match = link.exec(header); match !== null; match = link.exec(header)) {
    const { relations, end } = readRelations(header, link.lastIndex);
    link.lastIndex = end;
    const target = match[1] ?? '';
    if (relations.includes('next') && URL.canParse(target, page.href)) return new URL(target, page);
  }
  return undefined;
}

/** What the first `rel` of the parameters from some place on says, in small letters, and where they end. */
function readRelations(header: string, start: number): { relations: readonly string[]; end: number } {
  const parameter = /\s*;\s*([^\s=;,"]+)(?:\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,;"]*)))?/sy;
  parameter.lastIndex = start;
  let end = start;
  let rel: string | undefined;
  for (let match = parameter.exec(header); match !== null; match = parameter.exec(header)) {
    end = parameter.lastIndex;
    if (match[1]?.toLowerCase() === 'rel') rel ??= match[2] ?? match[3];
  }
  return { relations: rel?.toLowerCase().split(/\s+/) ?? [], end };
}
