import { messageOf } from '../../base/errors.ts';
import { oneLine, quote } from '../../base/text.ts';
import { loadLibrary } from './library.ts';
import { redact } from './google-error.ts';

export interface IdTokenOptions {
  /** The audience that the subscription is configured with. */
  readonly audience: string;
  /** The service accounts whose tokens are accepted. */
  readonly emails: readonly string[];
  /** Fetches Google's certificates, retries included. */
  readonly fetch: typeof fetch;
}

export type VerifiedToken =
  | { readonly kind: 'allowed' }
  | { readonly kind: 'refused'; readonly reason: string }
  /** Google's certificates could not be fetched. */
  | { readonly kind: 'unavailable'; readonly reason: string };

const NO_CERTIFICATES = 'Failed to retrieve verification certificates';

/**
 * Verifies OIDC tokens of Google service accounts: signature, issuer, audience, expiry and email. The library is loaded
 * with the first token, and remembers the certificates as long as they may be. The returned function never throws.
 *
 * @see https://cloud.google.com/pubsub/docs/authenticate-push-subscriptions
 */
export function createIdTokenVerifier({
  audience,
  emails,
  fetch,
}: IdTokenOptions): (token: string) => Promise<VerifiedToken> {
  const open = async () => {
    const { OAuth2Client } = await loadLibrary();
    return new OAuth2Client({
      transporterOptions: { fetchImplementation: fetch, retryConfig: { retry: 0 } },
    });
  };
  let client: ReturnType<typeof open> | undefined;
  return async (idToken) => {
    try {
      client ??= open();
      const ticket = await (await client).verifyIdToken({ idToken, audience });
      const { email = '', email_verified: isVerified = false } = ticket.getPayload() ?? {};
      if (isVerified && emails.includes(email)) return { kind: 'allowed' };
      return { kind: 'refused', reason: `the token is of ${quote(email)}, which is not a configured sender` };
    } catch (error) {
      const message = messageOf(error);
      const reason = oneLine(redact(message, [idToken, ...idToken.split('.')]).replace(/: \{.*$/s, ''));
      return message.startsWith(NO_CERTIFICATES)
        ? { kind: 'unavailable', reason }
        : { kind: 'refused', reason: `the token is not valid: ${reason}` };
    }
  };
}
