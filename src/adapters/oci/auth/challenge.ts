/** The demand of a registry in a 401. */
export type Challenge =
  | { readonly scheme: 'basic' }
  | {
      readonly scheme: 'bearer';
      readonly realm: string;
      readonly service: string | undefined;
      /** The scopes of the refused request, as the registry writes them. */
      readonly scope?: string | undefined;
    };

/**
 * The first Basic or Bearer challenge of a `WWW-Authenticate` header that can be met, or undefined.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9110#field.www-authenticate
 * @see https://distribution.github.io/distribution/spec/auth/token/#how-to-authenticate
 */
export function parseChallenge(header: string | undefined): Challenge | undefined {
  if (header === undefined) return undefined;
  for (const { scheme, parameters } of splitChallenges(header.slice(0, MAX_HEADER_CHARACTERS))) {
    if (scheme === 'basic') return { scheme };
    const realm = parameters.get('realm');
    if (scheme !== 'bearer' || realm === undefined) continue;
    return { scheme, realm, service: parameters.get('service'), scope: parameters.get('scope') };
  }
  return undefined;
}

/** The reason why `parseChallenge` finds nothing in a header. Never quotes its parameters. */
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

interface RawChallenge {
  readonly scheme: string;
  readonly parameters: Map<string, string>;
}

/** A word without a value begins a challenge, one with a value is a parameter of it; of two of a name the first counts. */
function splitChallenges(header: string): readonly RawChallenge[] {
  // sticky: linear time
  const word = /[\s,]*([^\s,="]+)/y;
  const assigned = /\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))/sy;
  const challenges: RawChallenge[] = [];
  for (let match = word.exec(header); match !== null; match = word.exec(header)) {
    const name = (match[1] ?? '').toLowerCase();
    assigned.lastIndex = word.lastIndex;
    const value = assigned.exec(header);
    if (value === null) {
      challenges.push({ scheme: name, parameters: new Map() });
      continue;
    }
    word.lastIndex = assigned.lastIndex;
    const parameters = challenges.at(-1)?.parameters;
    const text = value[1]?.replace(/\\(.)/gs, '$1') ?? value[2] ?? '';
    if (parameters?.has(name) === false) parameters.set(name, text);
  }
  return challenges;
}
