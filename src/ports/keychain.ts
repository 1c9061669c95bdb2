import type { Repository } from '../image/repository.ts';

/** A credential of a registry. */
export type Credential =
  | { readonly kind: 'anonymous' }
  | { readonly kind: 'basic'; readonly username: string; readonly password: string }
  /** A refresh token for the token endpoint (`identitytoken` in docker's config.json). */
  | { readonly kind: 'identity-token'; readonly token: string }
  /** A bearer token that the registry takes as it is (`registrytoken` in docker's config.json). */
  | { readonly kind: 'registry-token'; readonly token: string }
  | AccessToken;

/** An OAuth access token. */
export interface AccessToken {
  readonly kind: 'access-token';
  /** The token, renewed before it expires: callers must not keep it. */
  readonly current: (signal: AbortSignal) => Promise<string>;
  /** Reports a token that a registry refused: `current` makes another. */
  readonly refuse: (token: string) => void;
}

/** A named credential. */
export interface Identity {
  /** For people, and the same for the same identity at a host: `anonymous`, `user "alice"`, `service account a@b`. */
  readonly name: string;
  readonly credential: Credential;
}

export const ANONYMOUS: Identity = { name: 'anonymous', credential: { kind: 'anonymous' } };

/** The source of identities. */
export interface Keychain {
  /**
   * The identity for a repository; `ANONYMOUS` if none is configured. Called for every request, so implementations
   * cache. Throws if a configured identity is not available: a fallback to anonymous would hide that.
   */
  identityFor(repository: Repository, signal: AbortSignal): Promise<Identity>;
}

/** The first keychain with an identity for a repository decides; the others return `ANONYMOUS`. */
export function chainKeychains(...keychains: readonly Keychain[]): Keychain {
  return {
    identityFor: async (repository, signal) => {
      for (const keychain of keychains) {
        const identity = await keychain.identityFor(repository, signal);
        if (identity.credential.kind !== 'anonymous') return identity;
      }
      return ANONYMOUS;
    },
  };
}
