import type { HttpRequest } from '../../../http/request.ts';
import { isPush, MAX_CHARACTERS, MAX_SCOPES } from './scopes.ts';

/** The scope of a challenge, and whether it is trusted. */
export interface ScopeChallenge {
  readonly scope: string | undefined;
  /**
   * True if the token service belongs to the registry alone, or the request is anonymous. A shared token service could
   * be asked by a hostile registry for a token of another registry's repository.
   */
  readonly isTrusted: boolean;
}

/**
 * Scopes of registries whose names are not the paths of the requests: behind gateways that rewrite paths, or with one
 * word for everything (`aws`, `*`).
 *
 * A challenge decides on names only. The actions are those of the request: a read requests `pull`, whatever the registry
 * says. A token goes to the host of its challenge only.
 *
 * @see https://distribution.github.io/distribution/spec/auth/scope/
 */
export class ChallengeScopes {
  /** By host: words for all of its repositories. */
  readonly #words = new Map<string, readonly string[]>();
  /** By host and our name: the registry's scope for it, and additional ones. */
  readonly #names = new Map<string, readonly Scope[]>();

  /** The scopes of a host in place of those of the paths. */
  translate(host: string, scopes: readonly string[]): readonly string[] {
    if (scopes.length === 0 || this.#names.size + this.#words.size === 0) return scopes;
    return this.#words.get(host) ?? scopes.flatMap((scope) => this.#translateOne(host, scope));
  }

  /** Learns the scopes of a challenge. True if that changes the scopes of the request. */
  learn({ host, scopes }: Pick<HttpRequest, 'host' | 'scopes'>, challenge: ScopeChallenge): boolean {
    const before = this.translate(host, scopes);
    const asked = readScopes(challenge.scope);
    const theirs = asked.map(parseScope).filter((scope) => scope !== undefined);
    const ours = scopes.map(parseScope).filter((scope) => scope !== undefined);
    if (theirs.length > 0) {
      this.#words.delete(host);
      this.#learnNames(host, { ours, theirs, ...challenge });
    } else if (asked.length > 0 && challenge.isTrusted) {
      this.#words.set(host, asked);
    }
    return this.translate(host, scopes).join(' ') !== before.join(' ');
  }

  /** True if a challenge names a scope that the request does not have. */
  namesOther({ host, scopes }: Pick<HttpRequest, 'host' | 'scopes'>, scope: string): boolean {
    const names = new Set(this.translate(host, scopes).map((one) => parseScope(one)?.name ?? one));
    return readScopes(scope).some((one) => !names.has(parseScope(one)?.name ?? one));
  }

  #learnNames(
    host: string,
    {
      ours,
      theirs,
      isTrusted,
    }: Pick<ScopeChallenge, 'isTrusted'> & Record<'ours' | 'theirs', readonly Scope[]>,
  ): void {
    const isOwn = (their: Scope) =>
      ours.some((our) => our.name === their.name && !their.actions.includes('*'));
    const mayAsk = (their: Scope) => isTrusted || ours.some((our) => isEndOf(our.name, their.name));
    const others = theirs.filter((their) => !isOwn(their) && mayAsk(their));
    const [first] = ours;
    for (const our of ours) {
      if (theirs.some((their) => their.name === our.name && isOwn(their))) {
        this.#names.delete(keyOf(host, our));
        continue;
      }
      const partner = nearestTo(our, others);
      if (partner === undefined) continue;
      others.splice(others.indexOf(partner), 1);
      this.#names.set(keyOf(host, our), [partner]);
    }
    if (first === undefined || others.length === 0) return;
    const known = this.#names.get(keyOf(host, first)) ?? [first];
    this.#names.set(keyOf(host, first), [...known.slice(0, 1), ...others]);
  }

  #translateOne(host: string, scope: string): readonly string[] {
    const our = parseScope(scope);
    const known = our && this.#names.get(keyOf(host, our));
    if (our === undefined || known === undefined) return [scope];
    return known.map((their, place) => formatScope({ ...their, actions: actionsFor(our, their, place) }));
  }
}

interface Scope {
  readonly name: string;
  readonly actions: readonly string[];
}

function parseScope(scope: string): Scope | undefined {
  const [, name, actions] = /^repository:(.+):([\w*,/-]+)$/.exec(scope) ?? [];
  return name === undefined || actions === undefined ? undefined : { name, actions: actions.split(',') };
}

function formatScope({ name, actions }: Scope): string {
  return `repository:${name}:${actions.join(',')}`;
}

/** The scopes of a challenge; none if they do not fit into a header. */
function readScopes(scope = ''): readonly string[] {
  const scopes = scope.split(' ').filter((one) => one !== '');
  const isFit = scopes.length <= MAX_SCOPES && scope.length <= MAX_CHARACTERS && /^[!-~ ]*$/.test(scope);
  return isFit ? scopes : [];
}

/** A read gets `pull`; a write gets the demanded actions, except `delete`. */
function actionsFor(our: Scope, their: Scope, place: number): readonly string[] {
  if (!isPush(formatScope(our))) return ['pull'];
  if (their.actions.includes('*')) return ['*'];
  return place === 0 ? our.actions : their.actions.filter((action) => action === 'pull' || action === 'push');
}

/** The scope whose name shares the longest end with ours: gateways rewrite the beginning of paths. */
function nearestTo(our: Scope, others: readonly Scope[]): Scope | undefined {
  return others.toSorted((a, b) => sharedEnd(our.name, b.name) - sharedEnd(our.name, a.name))[0];
}

/** The number of equal components at the end. */
function sharedEnd(one: string, other: string): number {
  const left = one.split('/').toReversed();
  const right = other.split('/').toReversed();
  const end = left.findIndex((component, place) => component !== right[place]);
  return end === -1 ? left.length : end;
}

function isEndOf(name: string, end: string): boolean {
  return name === end || name.endsWith(`/${end}`);
}

function keyOf(host: string, { name }: Scope): string {
  return `${host} ${name}`;
}
