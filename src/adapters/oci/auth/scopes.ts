/** Limits: registries and proxies accept headers of some KiB, and a token repeats its scopes. */
export const MAX_SCOPES = 12;
export const MAX_CHARACTERS = 2048;

/**
 * The scopes of tokens, wide enough for reuse: after a write to a repository, its later requests use all scopes that the
 * writes needed, and so share one token. Reads use no more than they need, unless that was refused.
 *
 * @see https://distribution.github.io/distribution/spec/auth/scope/
 */
export class ScopeCache {
  readonly #wide = new Map<string, Wide | undefined>();
  /** Repositories whose reads have tried wider scopes. */
  readonly #grown = new Set<string>();

  /** The scopes to request. Those of the request's own repository come first: some token services ignore the others. */
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
   * Adds these scopes to the reads of a repository, after a refusal. False if that was tried before and the token
   * service refused it.
   */
  grow(repository: string, scopes: readonly string[]): boolean {
    if (!this.#grown.has(repository)) this.widen(repository, scopes);
    this.#grown.add(repository);
    return scopes.length > 0 && includesAll(this.#wide.get(repository)?.scopes ?? [], scopes);
  }

  /** Reverts `widen`, after a refusal of the token service. */
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

/** True if `scopes` include all that is `wanted`. */
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
