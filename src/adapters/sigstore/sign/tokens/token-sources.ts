import { readFile } from 'node:fs/promises';
import { messageOf } from '../../../../base/errors.ts';
import { parseJsonObject, textOf } from '../../../../base/json.ts';
import { quote } from '../../../../base/text.ts';
import { callService } from '../services/call-service.ts';
import { SigningError } from '../signing-error.ts';
import { AUDIENCE, checkToken, type TokenSource } from './identity-token.ts';

type Env = Readonly<Record<string, string | undefined>>;

export interface TokenSourceParts {
  readonly env: Env;
  readonly fetch: typeof fetch;
  /** Milliseconds for the request of a token. */
  readonly limit: number;
}

/** A file, which another program may renew: it is read for each certificate. */
export function fileToken(file: string): TokenSource {
  const name = `-identity-token=${quote(file)}`;
  return {
    current: async () => {
      const text = await readFile(file, 'utf8').catch((cause: unknown) => {
        throw new SigningError('token', `${name}: the token cannot be read: ${messageOf(cause)}`, { cause });
      });
      return checkToken(text, name);
    },
  };
}

/**
 * The token of the environment: `SIGSTORE_ID_TOKEN`, as GitLab and other CI systems set it, or one that GitHub Actions
 * makes. Undefined where there is neither. Throws a `SigningError` for a variable without a token.
 */
export function environmentToken({ env, fetch, limit }: TokenSourceParts): TokenSource | undefined {
  const text = env['SIGSTORE_ID_TOKEN'];
  if (text) {
    const token = checkToken(text, 'SIGSTORE_ID_TOKEN');
    return { current: () => Promise.resolve(token) };
  }
  const url = env['ACTIONS_ID_TOKEN_REQUEST_URL'];
  const secret = env['ACTIONS_ID_TOKEN_REQUEST_TOKEN'];
  return url && secret ? githubToken({ url, secret, fetch, limit }) : undefined;
}

/** @see https://docs.github.com/en/actions/reference/security/oidc#methods-for-requesting-the-oidc-token */
function githubToken(options: {
  readonly url: string;
  readonly secret: string;
  readonly fetch: typeof fetch;
  readonly limit: number;
}): TokenSource {
  const { url, secret, fetch, limit } = options;
  const name = 'identity token of GitHub Actions';
  return {
    current: async (signal) => {
      if (!URL.canParse(url))
        throw new SigningError('token', `${name}: ACTIONS_ID_TOKEN_REQUEST_URL is not a URL`);
      const address = new URL(url);
      address.searchParams.set('audience', AUDIENCE);
      const { body } = await callService(
        { name, url: address.href, fetch, limit },
        {
          method: 'GET',
          path: '',
          headers: { authorization: `Bearer ${secret}` },
          remedy: 'the job needs "permissions: id-token: write"',
          signal,
        },
      );
      return checkToken(textOf(parseJsonObject(body) ?? {}, 'value') ?? '', name);
    },
  };
}
