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
      /** Refresh tokens (identity tokens in a docker config) and their users. Default: none. */
      readonly refreshTokens?: Readonly<Record<string, string>>;
      /** True: an anonymous client gets a token for pulling. Default false. */
      readonly anonymousPull?: boolean;
      /** Life of a token. Default 300. */
      readonly ttlSeconds?: number;
      /**
       * Response to a token request for pulling from a repository that does not exist: a token (default), a token without
       * rights, or a refusal. A request that includes push creates the repository, as Quay does for its creators.
       */
      readonly pullOfMissing?: 'granted' | 'nothing' | 'refused';
      /** The name of a repository in scopes, for a gateway that rewrites paths. Default: that of its path. */
      readonly scopeName?: (name: string) => string;
      /** A fixed scope for every request, such as `aws` at Amazon's public registry. Default: none. */
      readonly scopeWord?: string;
    } & Hiding);

/** User names and their passwords. */
export type Users = Readonly<Record<string, string>>;

/** The user of a request, undefined without credentials, `rejected` for a wrong name or password. */
export type Identity = { readonly user: string } | 'rejected' | undefined;

/** Reads an Authorization header of the Basic scheme. Another scheme counts as no credentials. */
export function identifyBasic(header: string | undefined, users: Users): Identity {
  const encoded = /^basic +(\S+)$/i.exec(header ?? '')?.[1];
  if (encoded === undefined) return undefined;
  const [user = '', ...password] = Buffer.from(encoded, 'base64').toString('utf8').split(':');
  return identify({ user, password: password.join(':') }, users);
}

export function identify({ user, password }: { user: string; password: string }, users: Users): Identity {
  return Object.hasOwn(users, user) && users[user] === password ? { user } : 'rejected';
}
