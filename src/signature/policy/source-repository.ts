/**
 * A repository of sources as policies and provenance name it: `github.com/org/app`, `git+https://github.com/org/app.git`,
 * each with or without a ref. Equal keys mean the same repository.
 */
interface SourceRepository {
  /** Undefined where the text has none. */
  readonly scheme: string | undefined;
  /** Host in lower case, and path. */
  readonly location: string;
  readonly hasRef: boolean;
}

/** True if a policy's source is the repository that provenance names. The scheme counts if the policy has one. */
export function isSource(trusted: string, named: string): boolean {
  const wanted = parseSource(trusted);
  const actual = parseSource(named);
  const isScheme = wanted.scheme === undefined || wanted.scheme === actual.scheme;
  return isScheme && wanted.location !== '' && wanted.location === actual.location;
}

/** True for a source with a ref, such as `@refs/heads/main` or `#v1`: policies name none. */
export function hasRef(source: string): boolean {
  return parseSource(source).hasRef;
}

function parseSource(text: string): SourceRepository {
  const [, scheme, rest = ''] =
    /^(?:git\+)?(?:([A-Za-z][A-Za-z0-9+.-]*):\/\/)?(.*)$/s.exec(text.trim()) ?? [];
  const slash = rest.indexOf('/');
  const host = slash === -1 ? rest : rest.slice(0, slash);
  const path = slash === -1 ? '' : rest.slice(slash);
  const end = path.search(/[@#]/); // an `@` in the host is a user
  const bare = end === -1 ? path : path.slice(0, end);
  return {
    scheme: scheme?.toLowerCase(),
    location: `${host.toLowerCase()}${trimPath(bare)}`,
    hasRef: end !== -1,
  };
}

function trimPath(path: string): string {
  let end = path.length;
  while (end > 0 && path[end - 1] === '/') end -= 1;
  const trimmed = path.slice(0, end);
  return trimmed.endsWith('.git') ? trimmed.slice(0, -'.git'.length) : trimmed;
}
