/** What opens a registry. */
export type Credential =
  | { readonly kind: 'anonymous' }
  | { readonly kind: 'basic'; readonly username: string; readonly password: string }
  /** A refresh token for the token endpoint (`identitytoken` in docker's config.json). */
  | { readonly kind: 'identity-token'; readonly token: string }
  /** A bearer token that the registry takes as it is (`registrytoken` in docker's config.json). */
  | { readonly kind: 'registry-token'; readonly token: string };

/** Where credentials come from. */
export interface Keychain {
  /**
   * The credential for a host (with its port); `anonymous` where none is configured.
   * Throws where a configured one cannot be read: falling back to anonymous would hide it.
   */
  credentialFor(host: string, signal: AbortSignal): Promise<Credential>;
}
