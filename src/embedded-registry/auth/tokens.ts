/** A right to act on a resource: `repository:prod/app:pull,push` in the notation of Docker's token protocol. */
export interface Access {
  /** `repository:NAME`, or `registry:catalog`. */
  readonly resource: string;
  readonly actions: readonly string[];
}

/** Issued tokens: opaque, each with its rights and its expiry. */
export class TokenIssuer {
  readonly #tokens = new Map<string, { readonly granted: readonly Access[]; readonly expiresAt: number }>();
  readonly #lifeMs: number;
  readonly #now: () => number;

  constructor(options: { ttlSeconds: number; now: () => number }) {
    this.#lifeMs = options.ttlSeconds * 1000;
    this.#now = options.now;
  }

  issue(granted: readonly Access[]): string {
    const token = crypto.randomUUID();
    this.#tokens.set(token, { granted, expiresAt: this.#now() + this.#lifeMs });
    return token;
  }

  /** The rights of a token; undefined if it was never issued or has expired. */
  rightsOf(token: string): readonly Access[] | undefined {
    const known = this.#tokens.get(token);
    return known !== undefined && this.#now() < known.expiresAt ? known.granted : undefined;
  }
}

/** Parses the scopes of a token request; invalid ones are left out. */
export function parseScopes(scopes: readonly string[]): Access[] {
  return scopes
    .flatMap((scope) => scope.split(' '))
    .flatMap((scope) => {
      const [, resource, actions] = /^((?:repository|registry):.+):([a-z,*]+)$/.exec(scope) ?? [];
      if (resource === undefined || actions === undefined) {
        return /^[a-z*]+$/.test(scope) ? [{ resource: scope, actions: [] }] : [];
      }
      return [{ resource, actions: actions.split(',') }];
    });
}

export function formatScopes(accesses: readonly Access[]): string {
  return accesses.map(({ resource, actions }) => [resource, ...actionsOf(actions)].join(':')).join(' ');
}

/** The actions without the wildcard. */
function actionsOf(actions: readonly string[]): readonly string[] {
  return actions.length === 0 ? [] : [actions.join(',')];
}

/** True if the rights include all that is needed. */
export function covers(rights: readonly Access[], needed: readonly Access[]): boolean {
  return needed.every(({ resource, actions }) => {
    const ofResource = rights.filter((right) => right.resource === resource);
    if (ofResource.length === 0) return false;
    const granted = new Set(ofResource.flatMap((right) => right.actions));
    return granted.has('*') || actions.every((action) => granted.has(action));
  });
}
