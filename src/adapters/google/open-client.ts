import type {
  AuthClient,
  ExternalAccountAuthorizedUserClientOptions,
  ExternalAccountClientOptions,
} from 'google-auth-library';
import type { DefaultCredentials } from './default-credentials.ts';
import { GoogleError } from './google-error.ts';
import type { ServiceAccountKey } from './key-files.ts';
import { clientOptions, type Library, type Reach, SCOPE } from './library.ts';

export interface Opening extends Reach {
  readonly library: Library;
  /** The origin of the IAM Credentials API; undefined: Google's. */
  readonly iamEndpoint: string | undefined;
}

/** A client of the library for credentials from a file. It is good for one token: the library has a clock of its own. */
export function openClient(credentials: DefaultCredentials, opening: Opening): AuthClient {
  switch (credentials.kind) {
    case 'service-account':
      return openKey(credentials.key, opening);
    case 'user':
      return openUser(credentials, opening);
    case 'external':
    case 'external-user':
      return openExternal(credentials, opening);
    case 'impersonated': {
      const sourceClient = openClient(credentials.source, opening);
      return openImpersonation({ ...credentials, sourceClient }, opening);
    }
  }
}

export function openKey(key: ServiceAccountKey, opening: Opening): AuthClient {
  const client = new opening.library.JWT({
    ...clientOptions(opening),
    email: key.account,
    key: key.privateKey,
    scopes: [SCOPE],
  });
  const { tokenUri } = key;
  if (tokenUri === undefined) return client;
  // the library knows one token endpoint only
  client.additionalClaims = { aud: tokenUri };
  client.transporter.interceptors.request.add({
    resolved: (request) => Promise.resolve({ ...request, url: new URL(tokenUri) }),
  });
  return client;
}

export function openImpersonation(
  whom: {
    readonly account: string;
    readonly delegates: readonly string[];
    readonly sourceClient: AuthClient;
  },
  opening: Opening,
): AuthClient {
  const { library, iamEndpoint } = opening;
  return new library.Impersonated({
    ...clientOptions(opening),
    sourceClient: whom.sourceClient,
    targetPrincipal: whom.account,
    delegates: [...whom.delegates],
    targetScopes: [SCOPE],
    lifetime: IMPERSONATION_LIFETIME,
    ...(iamEndpoint === undefined ? {} : { endpoint: iamEndpoint }),
  });
}

/** Seconds: the most that Google gives without a policy for it. */
const IMPERSONATION_LIFETIME = 3600;

function openUser(user: Extract<DefaultCredentials, { kind: 'user' }>, opening: Opening): AuthClient {
  const { clientId, clientSecret, refreshToken, tokenUri } = user;
  const endpoints = tokenUri === undefined ? {} : { oauth2TokenUrl: tokenUri };
  return new opening.library.UserRefreshClient({
    ...clientOptions(opening),
    clientId,
    clientSecret,
    refreshToken,
    endpoints,
  });
}

function openExternal(
  { kind, json }: Extract<DefaultCredentials, { json: unknown }>,
  opening: Opening,
): AuthClient {
  const { library } = opening;
  const options = { ...json, ...clientOptions(opening), scopes: [SCOPE] };
  if (kind === 'external-user') {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the file's owner answers for it: a field that is missing ends in a refusal
    const user = options as unknown as ExternalAccountAuthorizedUserClientOptions;
    return new library.ExternalAccountAuthorizedUserClient(user);
  }
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the library checks the fields itself
  const account = options as unknown as ExternalAccountClientOptions;
  const client = library.ExternalAccountClient.fromJSON(account);
  if (client !== null) return client;
  throw new GoogleError('credentials-file', 'expected "type" to be external_account');
}
