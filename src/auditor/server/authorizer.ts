import { createHash, createHmac, timingSafeEqual } from 'node:crypto';

export type Headers = Readonly<Record<string, string | readonly string[] | undefined>>;

export type Authorization =
  | { readonly kind: 'allowed' }
  | { readonly kind: 'refused'; readonly reason: string }
  /** The certificates for tokens could not be fetched. */
  | { readonly kind: 'unavailable'; readonly reason: string };

/** Authenticates the sender of a request. */
export type Authorizer = (headers: Headers, body: Uint8Array) => Promise<Authorization>;

export interface AuthorizerOptions {
  /** Verifies the OIDC token of a push subscription. Unset: no such token is accepted. */
  readonly verifyIdToken?: ((token: string) => Promise<Authorization>) | undefined;
  /** Secrets of webhooks that are sent as a token. */
  readonly tokens: readonly string[];
  /** Secrets of webhooks that sign the body. */
  readonly hmacKeys: readonly string[];
}

const ALLOWED: Authorization = { kind: 'allowed' };

/** Accepts everything: `--no-auth`. */
export const allowAll: Authorizer = async () => ALLOWED;

/** Accepts a request by any of the configured ways. */
export function createAuthorizer({ verifyIdToken, tokens, hmacKeys }: AuthorizerOptions): Authorizer {
  return async (headers, body) => {
    const signature = /^sha256=([0-9a-f]{64})$/i.exec(textOf(headers['x-hub-signature-256']))?.[1];
    if (signature !== undefined && hmacKeys.some((key) => signs(key, body, signature))) return ALLOWED;
    const token = tokenIn(textOf(headers['authorization']));
    if (token !== '' && tokens.some((secret) => isSame(secret, token))) return ALLOWED;
    if (verifyIdToken !== undefined && token.split('.').length === 3) return await verifyIdToken(token);
    if (signature !== undefined) return refused('the signature does not match the body and a configured key');
    return refused(
      token === '' ? 'the request has no token and no signature' : 'the token is not a configured one',
    );
  };
}

/** The token of `Bearer TOKEN` or `Basic user:TOKEN`, or the whole header: Harbor sends it as it is configured. */
function tokenIn(header: string): string {
  const [, scheme = '', value = ''] = /^(bearer|basic) +(\S+)$/i.exec(header) ?? [];
  if (scheme.toLowerCase() === 'bearer') return value;
  if (scheme === '') return header;
  const pair = Buffer.from(value, 'base64').toString('utf8');
  return pair.slice(pair.indexOf(':') + 1);
}

function signs(key: string, body: Uint8Array, signature: string): boolean {
  const expected = createHmac('sha256', key).update(body).digest();
  return timingSafeEqual(expected, Buffer.from(signature, 'hex'));
}

/** Compares in constant time, whatever the lengths are. */
function isSame(a: string, b: string): boolean {
  return timingSafeEqual(hashOf(a), hashOf(b));
}

function hashOf(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

function textOf(value: string | readonly string[] | undefined): string {
  return typeof value === 'string' ? value : '';
}

function refused(reason: string): Authorization {
  return { kind: 'refused', reason };
}
