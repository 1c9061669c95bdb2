import { readFile } from 'node:fs/promises';
import { createIdTokenVerifier } from '../../adapters/google/id-token.ts';
import { allowAll, type Authorizer, createAuthorizer } from '../../auditor/server/authorizer.ts';
import { messageOf } from '../../base/errors.ts';
import type { Secrets } from '../../base/secrets.ts';
import { quote } from '../../base/text.ts';
import type { AuthOption } from '../flags/options/audit-serve-options.ts';
import { InputError } from '../flags/usage-error.ts';

/** Characters of a secret, at least. */
const MIN_SECRET = 16;

/** The authentication of senders. Throws an `InputError` for a file without a usable secret. */
export async function openSenderAuth(
  auth: AuthOption,
  { fetch, secrets }: { readonly fetch: typeof globalThis.fetch; readonly secrets: Secrets },
): Promise<Authorizer> {
  if (auth.kind === 'none') return allowAll;
  const { oidc, tokenFiles, hmacKeyFiles } = auth;
  const read = async (path: string) => {
    const secret = await readSecret(path);
    secrets.add(secret);
    return secret;
  };
  return createAuthorizer({
    verifyIdToken: oidc === undefined ? undefined : createIdTokenVerifier({ ...oidc, fetch }),
    tokens: await Promise.all(tokenFiles.map(read)),
    hmacKeys: await Promise.all(hmacKeyFiles.map(read)),
  });
}

async function readSecret(path: string): Promise<string> {
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    throw new InputError(`cannot read the secret ${quote(path)}: ${messageOf(error)}`);
  });
  const secret = text.trim();
  if (secret.length >= MIN_SECRET) return secret;
  throw new InputError(
    `the secret in ${quote(path)} has fewer than ${MIN_SECRET} characters: make a longer one`,
  );
}
