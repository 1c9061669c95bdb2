import { createSign, generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { createIdTokenVerifier } from '../../../src/adapters/google/id-token.ts';

const AUDIENCE = 'https://auditor.example.com/';
const EMAIL = 'pusher@p.iam.gserviceaccount.com';
const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const other = generateKeyPairSync('rsa', { modulusLength: 2048 });
const now = Math.floor(Date.now() / 1000);

function tokenOf(claims: object = {}, { kid = 'k1', key = privateKey } = {}): string {
  const all = {
    iss: 'https://accounts.google.com',
    aud: AUDIENCE,
    email: EMAIL,
    email_verified: true,
    iat: now,
    exp: now + 3600,
  };
  const parts = [
    { alg: 'RS256', kid, typ: 'JWT' },
    { ...all, ...claims },
  ];
  const signed = parts.map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.');
  return `${signed}.${createSign('RSA-SHA256').update(signed).sign(key, 'base64url')}`;
}

function verifier() {
  const fetched: string[] = [];
  const state = { isDown: false };
  const fetch: typeof globalThis.fetch = async (input) => {
    fetched.push(String(input instanceof Request ? input.url : input));
    if (state.isDown) throw new Error('no route to host');
    const certificates = { k1: publicKey.export({ type: 'spki', format: 'pem' }) };
    return new Response(JSON.stringify(certificates), {
      headers: { 'content-type': 'application/json', 'cache-control': 'public, max-age=3600' },
    });
  };
  return { verify: createIdTokenVerifier({ audience: AUDIENCE, emails: [EMAIL], fetch }), fetched, state };
}

describe('the token of a push subscription', () => {
  it('is accepted, and the certificates are fetched once', async () => {
    const { verify, fetched } = verifier();
    for (let one = 0; one < 3; one++) expect(await verify(tokenOf())).toEqual({ kind: 'allowed' });
    expect(fetched).toEqual(['https://www.googleapis.com/oauth2/v1/certs']);
  });

  it.each([
    ['of another audience', tokenOf({ aud: 'https://elsewhere.example.com/' })],
    ['of another sender', tokenOf({ email: 'x@p.iam.gserviceaccount.com' })],
    ['whose email is not verified', tokenOf({ email_verified: false })],
    ['that has expired', tokenOf({ iat: now - 7200, exp: now - 3600 })],
    ['of another issuer', tokenOf({ iss: 'https://issuer.example.com' })],
    ['by another key', tokenOf({}, { key: other.privateKey })],
    ['by an unknown key', tokenOf({}, { kid: 'k2' })],
    ['without a signature', tokenOf().replace(/\.[^.]*$/, '.')],
    ['that is none', 'a.b.c'],
  ])('%s is refused, and not repeated', async (_, token) => {
    const answer = await verifier().verify(token);
    expect(answer.kind).toBe('refused');
    for (const part of token.split('.').filter((one) => one.length > 3))
      expect(JSON.stringify(answer)).not.toContain(part);
  });

  it('is not refused where the certificates cannot be fetched, and accepted once they can', async () => {
    const { verify, state } = verifier();
    state.isDown = true;
    expect(await verify(tokenOf())).toMatchObject({ kind: 'unavailable' });
    state.isDown = false;
    expect(await verify(tokenOf())).toEqual({ kind: 'allowed' });
  });
});
