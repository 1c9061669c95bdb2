import { parseJsonObject, textOf } from '../../../../base/json.ts';
import type { SignerIdentity } from '../../../../signature/stored-signature.ts';
import { SigningError } from '../signing-error.ts';

/** A source of identity tokens (OIDC) for Fulcio. */
export interface TokenSource {
  /** A token that has just been made or read. Throws a `SigningError`. */
  current(signal: AbortSignal): Promise<string>;
}

/** The audience of tokens for Fulcio. */
export const AUDIENCE = 'sigstore';

/** A JWT, signed. */
const JWT = /^[\w-]+\.([\w-]+)\.[\w-]+$/;

/** The token in a text. Throws a `SigningError` for another text, without quoting it; `name` begins the message. */
export function checkToken(text: string, name: string): string {
  const token = text.trim();
  if (claimsOf(token) !== undefined) return token;
  throw new SigningError('token', `${name}: not an identity token: a JWT is expected`);
}

/**
 * The identity that Fulcio puts into the certificate for a token, where that is certain: of Google accounts, GitHub
 * Actions and GitLab. Undefined for other issuers, which an instance may map as it likes.
 *
 * @see https://github.com/sigstore/fulcio/blob/main/docs/oidc.md
 */
export function identityOfToken(token: string): SignerIdentity | undefined {
  const claims = claimsOf(token) ?? {};
  const issuer = textOf(claims, 'iss') ?? '';
  const identity = IDENTITIES.get(issuer)?.((claim) => textOf(claims, claim));
  return identity === undefined ? undefined : { kind: 'certificate', issuer, identity };
}

type IdentityOf = (claim: (name: string) => string | undefined) => string | undefined;

const IDENTITIES: ReadonlyMap<string, IdentityOf> = new Map<string, IdentityOf>([
  ['https://accounts.google.com', (claim) => claim('email')],
  [
    'https://token.actions.githubusercontent.com',
    (claim) => prefixed('https://github.com/', claim('job_workflow_ref')),
  ],
  ['https://gitlab.com', (claim) => prefixed('https://', claim('ci_config_ref_uri'))],
]);

function prefixed(prefix: string, text: string | undefined): string | undefined {
  return text === undefined ? undefined : prefix + text;
}

function claimsOf(token: string) {
  const [, payload] = JWT.exec(token) ?? [];
  return payload === undefined ? undefined : parseJsonObject(Buffer.from(payload, 'base64url'));
}
