import type { HttpRequest } from '../../../http/request.ts';
import { isPush, MAX_CHARACTERS, MAX_SCOPES } from './scopes.ts';

/** What a challenge asks for, and how far it is believed. */
export interface ScopeChallenge {
  readonly scope: string | undefined;
  /**
   * True where the token service belongs to the registry alone, or no credentials are at stake. Any other may serve
   * several registries, and a hostile one could ask it for a token that opens a repository of another.
   */
  readonly isTrusted: boolean;
}

/**
 * Scopes that registries ask for under other names than the paths of their requests: behind gateways that rewrite
 * paths, and where one word stands for everything (`aws`, `*`).
 *
 * A challenge decides on names only. The actions are the request's own: what reads asks to pull, whatever the registry
 * says. Tokens go to the host of the challenge and to no other.
 *
 * @see https://distribution.github.io/distribution/spec/auth/scope/
 */
export class ChallengeScopes {
  /** By host: words that stand for all of it. */
  readonly #words = new Map<string, readonly string[]>();
  /** By host and name in our scope: the scope that stands for it, and others that are needed besides. */
  readonly #names = new Map<string, readonly Scope[]>();

  /** What a host wants tokens to be asked for with, in place of the scopes that its paths suggest. */
  translate(host: string, scopes: readonly string[]): readonly string[] {
    if (scopes.length === 0 || this.#names.size + this.#words.size === 0) return scopes;
    return this.#words.get(host) ?? scopes.flatMap((scope) => this.#translateOne(host, scope));
  }

  /** Takes over what the challenge to a request asks for. True where the request is asked for otherwise from now on. */
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

  /** True where a challenge names something that the request is not asked for with. */
  asksForOther({ host, scopes }: Pick<HttpRequest, 'host' | 'scopes'>, scope: string): boolean {
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

/** Each of a challenge's scopes; none where there are more of them than fit into a header, or other characters. */
function readScopes(scope = ''): readonly string[] {
  const scopes = scope.split(' ').filter((one) => one !== '');
  const isFit = scopes.length <= MAX_SCOPES && scope.length <= MAX_CHARACTERS && /^[!-~ ]*$/.test(scope);
  return isFit ? scopes : [];
}

/** What a request that reads may do is to pull; one that writes gets what is asked for, and never a right to delete. */
function actionsFor(our: Scope, their: Scope, place: number): readonly string[] {
  if (!isPush(formatScope(our))) return ['pull'];
  if (their.actions.includes('*')) return ['*'];
  return place === 0 ? our.actions : their.actions.filter((action) => action === 'pull' || action === 'push');
}

/** The scope whose name ends most like ours: gateways rewrite the beginning of paths. */
function nearestTo(our: Scope, others: readonly Scope[]): Scope | undefined {
  return others.toSorted((a, b) => sharedEnd(our.name, b.name) - sharedEnd(our.name, a.name))[0];
}

/** How many components at the end are the same. */
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
