/**
 * A package URL, without its scheme.
 *
 * @see https://github.com/package-url/purl-spec
 */
export interface Purl {
  /** `deb`, `golang`, `oci`, …; in lower case. */
  readonly type: string;
  /** With its namespace: `debian/openssl`. */
  readonly name: string;
  /** Undefined: every version. */
  readonly version: string | undefined;
  readonly qualifiers: ReadonlyMap<string, string>;
}

const PURL = /^pkg:\/*(?<type>[A-Za-z][\w.+-]*)\/(?<rest>[^?#]+)(?:\?(?<qualifiers>[^#]*))?(?:#.*)?$/s;

/** The package URL that a text is, or undefined. */
export function parsePurl(text: string): Purl | undefined {
  const { type, rest, qualifiers = '' } = PURL.exec(text)?.groups ?? {};
  if (type === undefined || rest === undefined) return undefined;
  // an unescaped digest has a colon, and a scope of npm an unescaped `@` at its start
  const at = rest.lastIndexOf('@');
  const hasVersion = at > 0 && rest[at - 1] !== '/';
  const path = decode(hasVersion ? rest.slice(0, at) : rest);
  const version = hasVersion ? decode(rest.slice(at + 1)) : undefined;
  const parts = path.split('/').filter((part) => part !== '');
  if (parts.length === 0) return undefined;
  return { type: type.toLowerCase(), name: parts.join('/'), version, qualifiers: parsePairs(qualifiers) };
}

function parsePairs(text: string): ReadonlyMap<string, string> {
  const pairs = text.split('&').flatMap((pair): [string, string][] => {
    const equals = pair.indexOf('=');
    return equals === -1 ? [] : [[pair.slice(0, equals).toLowerCase(), decode(pair.slice(equals + 1))]];
  });
  return new Map(pairs);
}

/** A text with an invalid escape stays as it is. */
function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
