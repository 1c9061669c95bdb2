import { createHmac } from 'node:crypto';
import { expect, it } from 'vitest';
import { allowAll, createAuthorizer } from '../../../src/auditor/server/authorizer.ts';

const TOKEN = 'the-token-of-the-webhook';
const KEY = 'the-key-of-the-signature';
const BODY = Buffer.from('{"events":[]}');
const signatureOf = (key: string, body = BODY) =>
  `sha256=${createHmac('sha256', key).update(body).digest('hex')}`;
const basic = (text: string) => `Basic ${Buffer.from(text).toString('base64')}`;

const authorize = createAuthorizer({
  verifyIdToken: async (token) =>
    token === 'a.good.jwt' ? { kind: 'allowed' } : { kind: 'refused', reason: 'the token is not valid' },
  tokens: ['another-token', TOKEN],
  hmacKeys: ['another-key', KEY],
});

it.each([
  ['a bearer token', { authorization: `Bearer ${TOKEN}` }],
  ['a bearer token, in small letters', { authorization: `bearer ${TOKEN}` }],
  ['a token alone', { authorization: TOKEN }],
  ['a token as password', { authorization: basic(`quay:${TOKEN}`) }],
  ['a signature of the body', { 'x-hub-signature-256': signatureOf(KEY) }],
  ['an OIDC token', { authorization: 'Bearer a.good.jwt' }],
])('accepts %s', async (_, headers) => {
  expect(await authorize(headers, BODY)).toEqual({ kind: 'allowed' });
});

it.each([
  ['nothing', {}, 'the request has no token and no signature'],
  ['an empty token', { authorization: 'Bearer ' }, 'the token is not a configured one'],
  ['another token', { authorization: `Bearer ${TOKEN}x` }, 'the token is not a configured one'],
  ['a token as user', { authorization: basic(`${TOKEN}:x`) }, 'the token is not a configured one'],
  [
    'a signature by another key',
    { 'x-hub-signature-256': signatureOf('x') },
    'the signature does not match the body and a configured key',
  ],
  [
    'a signature of another body',
    { 'x-hub-signature-256': signatureOf(KEY, Buffer.from('x')) },
    'the signature does not match the body and a configured key',
  ],
  [
    'a malformed signature',
    { 'x-hub-signature-256': 'sha256=00' },
    'the request has no token and no signature',
  ],
  ['another OIDC token', { authorization: 'Bearer a.bad.jwt' }, 'the token is not valid'],
])('refuses %s', async (_, headers, reason) => {
  expect(await authorize(headers, BODY)).toEqual({ kind: 'refused', reason });
});

it('accepts no OIDC token where none is configured, and everything without authentication', async () => {
  const only = createAuthorizer({ tokens: [TOKEN], hmacKeys: [] });
  expect(await only({ authorization: 'Bearer a.good.jwt' }, BODY)).toMatchObject({ kind: 'refused' });
  expect(await allowAll({}, BODY)).toEqual({ kind: 'allowed' });
});
