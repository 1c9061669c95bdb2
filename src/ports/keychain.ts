import type { Repository } from '../image/repository.ts';

/** What opens a registry. */
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
  /** The token, renewed as it runs out: never to be kept. */
  readonly current: (signal: AbortSignal) => Promise<string>;
  /** Tells that a registry has refused this token: `current` makes another. */
  readonly refuse: (token: string) => void;
}

/** Who asks, and with what. */
export interface Identity {
  /** For people, and the same for the same identity at a host: `anonymous`, `user "alice"`, `service account a@b`. */
  readonly name: string;
  readonly credential: Credential;
}

export const ANONYMOUS: Identity = { name: 'anonymous', credential: { kind: 'anonymous' } };

/** Where identities come from. */
export interface Keychain {
  /**
   * The identity for a repository; `ANONYMOUS` where none is configured. Asked for every request, so whoever answers
   * remembers. Throws where a configured one cannot be had: falling back to anonymous would hide it.
   */
  identityFor(repository: Repository, signal: AbortSignal): Promise<Identity>;
}

/** The first keychain that knows a repository decides; one that does not know it answers `ANONYMOUS`. */
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
