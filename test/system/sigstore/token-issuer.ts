import { generateKeyPairSync, sign } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { deliver } from '../../doubles/scripted-server.ts';

/** An OIDC provider: its discovery document, its key, and tokens that nobody has to log in for. */
export interface TokenIssuer {
  /** The issuer of its tokens. */
  readonly url: string;
  /** A token for Sigstore. The claims replace or add to the usual ones. */
  token(claims: Readonly<Record<string, unknown>>): string;
  stop(): Promise<void>;
}

/** Seconds. */
const LIFETIME = 600;
const KEY_ID = 'the key of a test';

/** Starts one on a free port of the loopback device. */
export async function startTokenIssuer(): Promise<TokenIssuer> {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const key = { ...publicKey.export({ format: 'jwk' }), kid: KEY_ID, use: 'sig', alg: 'ES256' };
  const server = createServer((request, response) => {
    const body = documents.get(request.url ?? '');
    deliver(response, body === undefined ? { status: 404 } : { status: 200, headers: JSON_TYPE, body });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the issuer has no port');
  const url = `http://127.0.0.1:${address.port}`;
  const documents = new Map<string, Readonly<Record<string, unknown>>>([
    ['/.well-known/openid-configuration', discovery(url)],
    ['/keys', { keys: [key] }],
  ]);
  return {
    url,
    token: (claims) => {
      const now = Math.floor(Date.now() / 1000);
      const usual = { iss: url, aud: 'sigstore', sub: 'a subject', iat: now, exp: now + LIFETIME };
      const content = `${part({ alg: 'ES256', kid: KEY_ID })}.${part({ ...usual, ...claims })}`;
      const signature = sign('sha256', Buffer.from(content), { key: privateKey, dsaEncoding: 'ieee-p1363' });
      return `${content}.${signature.toString('base64url')}`;
    },
    stop: async () => {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

const JSON_TYPE = { 'content-type': 'application/json' };

function discovery(url: string): Readonly<Record<string, unknown>> {
  return {
    issuer: url,
    jwks_uri: `${url}/keys`,
    authorization_endpoint: `${url}/auth`,
    token_endpoint: `${url}/token`,
    response_types_supported: ['id_token'],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: ['ES256'],
  };
}

function part(value: Readonly<Record<string, unknown>>): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}
