/** What a registry asks for when it answers 401. */
export type Challenge =
  | { readonly scheme: 'basic' }
  | {
      readonly scheme: 'bearer';
      readonly realm: string;
      readonly service: string | undefined;
      readonly scope: string | undefined;
    };

/**
 * The first Basic or Bearer challenge of a `WWW-Authenticate` header, or undefined where it has none that can be met.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9110#field.www-authenticate
 * @see https://distribution.github.io/distribution/spec/auth/token/#how-to-authenticate
 */
export function parseChallenge(header: string | undefined): Challenge | undefined {
  if (header === undefined) return undefined;
  const match = /(?:^|,\s*)(basic|bearer)(?:\s+|$)(.*)$/is.exec(header.slice(0, MAX_HEADER_CHARACTERS));
  if (match === null) return undefined;
  if (match[1]?.toLowerCase() === 'basic') return { scheme: 'basic' };
  const parameters = parseParameters(match[2] ?? '');
  const realm = parameters.get('realm');
  if (realm === undefined) return undefined;
  return { scheme: 'bearer', realm, service: parameters.get('service'), scope: parameters.get('scope') };
}

/** Why there is nothing to meet in a header that has no challenge for `parseChallenge`. Never its parameters. */
export function describeChallenge(header: string | undefined): string {
  const schemes = Array.from(
    (header ?? '').slice(0, MAX_HEADER_CHARACTERS).matchAll(SCHEME),
    ([, name]) => name,
  );
  if (schemes.length === 0) return 'it asked for no credentials';
  const known = 'Basic, or Bearer with a realm';
  return `it asked for ${schemes.slice(0, MAX_SCHEMES).join(', ')}; expected ${known}`;
}

/** A word at the beginning or after a comma that is not the name of a parameter. */
const SCHEME = /(?:^|,)\s*([a-z][a-z0-9-]{0,30})(?![a-z0-9_-]|\s*=)/gi;
const MAX_SCHEMES = 5;
const MAX_HEADER_CHARACTERS = 8192;

function parseParameters(text: string): Map<string, string> {
  const parameters = new Map<string, string>();
  for (const match of text.matchAll(/([a-z0-9_-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))/gi)) {
    const name = (match[1] ?? '').toLowerCase();
    const value = match[2]?.replace(/\\(.)/g, '$1') ?? match[3] ?? '';
    if (!parameters.has(name)) parameters.set(name, value);
  }
  return parameters;
}
