interface Hiding {
  /**
   * Status of content for requests without credentials, without a challenge: only `/v2/` has one then. Default: 401 with
   * a challenge for all requests.
   */
  readonly hides?: 403 | 404;
}

export type AuthOptions =
  | ({ readonly kind: 'basic'; readonly users: Users } & Hiding)
  | ({
      readonly kind: 'token';
      readonly users: Users;
      /** Refresh tokens (identity tokens in a docker config) and whose they are. Default: none. */
      readonly refreshTokens?: Readonly<Record<string, string>>;
      /** True: anyone gets a token for pulling. Default false. */
      readonly anonymousPull?: boolean;
      /** Life of a token. Default 300. */
      readonly ttlSeconds?: number;
      /**
       * What a token request gets that asks to pull from a repository that does not exist: a token (default), one without
       * rights, or a refusal. Where it asks to push too the repository is created, as Quay does for its creators.
       */
      readonly pullOfMissing?: 'granted' | 'nothing' | 'refused';
      /** The name of a repository in scopes, as behind a gateway that rewrites paths. Default: that of its path. */
      readonly scopeName?: (name: string) => string;
      /** A word that is the scope of every request, as `aws` is at Amazon's public registry. Default: none. */
      readonly scopeWord?: string;
    } & Hiding);

/** User names and their passwords. */
export type Users = Readonly<Record<string, string>>;

/**
 * Who a request is from: the user, undefined for someone without credentials, `rejected` for a wrong name or
 * password.
 */
export type Identity = { readonly user: string } | 'rejected' | undefined;

/** Reads an Authorization header of the Basic scheme; another scheme is no credentials. */
export function identifyBasic(header: string | undefined, users: Users): Identity {
  const encoded = /^basic +(\S+)$/i.exec(header ?? '')?.[1];
  if (encoded === undefined) return undefined;
  const [user = '', ...password] = Buffer.from(encoded, 'base64').toString('utf8').split(':');
  return identify({ user, password: password.join(':') }, users);
}

export function identify({ user, password }: { user: string; password: string }, users: Users): Identity {
  return Object.hasOwn(users, user) && users[user] === password ? { user } : 'rejected';
}
