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
