/** Registries and their proxies take headers of some KiB, and a token repeats its scopes. */
export const MAX_SCOPES = 12;
export const MAX_CHARACTERS = 2048;

/**
 * The scopes that tokens are asked for, wide enough to be used again: once something has been written to a repository
 * its later requests ask with all the scopes that writing needed, so that they share one token. Reads ask for no
 * more than they need, unless that was refused.
 *
 * @see https://distribution.github.io/distribution/spec/auth/scope/
 */
export class ScopeCache {
  readonly #wide = new Map<string, Wide | undefined>();
  /** Repositories whose reads have asked for more. */
  readonly #grown = new Set<string>();

  /** The scopes to ask for, those of the request's own repository first: some token services look at no others. */
  widen(repository: string, scopes: readonly string[]): readonly string[] {
    const before = this.#wide.get(repository);
    const known = before?.scopes ?? [];
    if (scopes.length > 0 && includesAll(known, scopes)) return known;
    if (!scopes.some(isPush)) return scopes;
    const union = merge(scopes, known);
    const isLong = union.length > MAX_SCOPES || union.join(' ').length > MAX_CHARACTERS;
    if (isLong) return scopes;
    this.#wide.set(repository, { scopes: union, before });
    return union;
  }

  /**
   * Lets the reads of a repository ask for these scopes as well, because less was refused. False where they cannot:
   * it has been tried once, and a token service has refused it.
   */
  grow(repository: string, scopes: readonly string[]): boolean {
    if (!this.#grown.has(repository)) this.widen(repository, scopes);
    this.#grown.add(repository);
    return scopes.length > 0 && includesAll(this.#wide.get(repository)?.scopes ?? [], scopes);
  }

  /** Goes back to what was asked for before: a token service has refused what `widen` gave. */
  forget(repository: string, scopes: readonly string[]): void {
    const known = this.#wide.get(repository);
    if (known?.scopes === scopes) this.#wide.set(repository, known.before);
  }
}

interface Wide {
  readonly scopes: readonly string[];
  readonly before: Wide | undefined;
}

export function isPush(scope: string): boolean {
  return scope.endsWith(':pull,push');
}

/** True where a token for `scopes` does for all that is `wanted`. */
export function includesAll(scopes: readonly string[], wanted: readonly string[]): boolean {
  return wanted.every((scope) => covers(scopes, scope));
}

function covers(scopes: readonly string[], wanted: string): boolean {
  return scopes.includes(wanted) || scopes.includes(wanted.replace(/:pull$/, ':pull,push'));
}

function merge(first: readonly string[], more: readonly string[]): readonly string[] {
  const all = [...first, ...more];
  const needed = all.filter((scope) => isPush(scope) || !all.includes(scope.replace(/:pull$/, ':pull,push')));
  return Array.from(new Set(needed));
}
