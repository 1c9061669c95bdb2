import type { Users } from './credentials.ts';

export type AuthOptions =
  | { readonly kind: 'basic'; readonly users: Users }
  | {
      readonly kind: 'token';
      readonly users: Users;
      /** Refresh tokens (identity tokens in a docker config) and whose they are. Default: none. */
      readonly refreshTokens?: Readonly<Record<string, string>>;
      /** True: anyone gets a token for pulling. Default false. */
      readonly anonymousPull?: boolean;
      /** Life of a token. Default 300. */
      readonly ttlSeconds?: number;
    };
