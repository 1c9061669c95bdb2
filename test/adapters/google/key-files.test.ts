import { generateKeyPairSync } from 'node:crypto';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readKeyFiles } from '../../../src/adapters/google/key-files.ts';
import { testdir } from '../../builders/testdir.ts';
import { CANARY, PRIVATE_KEY } from './fake-google.ts';
import { A, B, refusalOf } from './scene.ts';

const KEY = { type: 'service_account', client_email: A, private_key: PRIVATE_KEY };
const { privateKey: ELLIPTIC } = generateKeyPairSync('ec', {
  namedCurve: 'P-256',
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
});

describe('key files', () => {
  it('are read in their order', async () => {
    const folder = await testdir({
      'a.json': JSON.stringify({ ...KEY, token_uri: 'https://oauth2.googleapis.com/token' }),
      'b.json': JSON.stringify({ ...KEY, client_email: B, token_uri: 'https://token.example/t' }),
    });
    const files = ['b.json', 'a.json'].map((file) => join(folder, file));
    const keys = await readKeyFiles(files);
    expect(keys.map(({ file, account, tokenUri }) => [file, account, tokenUri])).toEqual([
      [files[0], B, 'https://token.example/t'],
      [files[1], A, undefined],
    ]);
  });

  it.each([
    ['is missing', undefined, ': cannot be read: ENOENT'],
    ['is empty', '', ': expected a JSON object with "type": "service_account"'],
    ['is not JSON', `${CANARY} {`, ': expected a JSON object'],
    ['is a list', `["${CANARY}"]`, ': expected a JSON object'],
    [
      'is for a person',
      JSON.stringify({ type: 'authorized_user', refresh_token: CANARY }),
      'expected the key of a service account',
    ],
    ['has no account', JSON.stringify({ ...KEY, client_email: 1 }), 'expected "client_email"'],
    ['has no key', JSON.stringify({ ...KEY, private_key: '' }), 'expected "private_key" in the key'],
    ['has no PEM', JSON.stringify({ ...KEY, private_key: CANARY }), 'to be an RSA key in PEM'],
    ['has another kind of key', JSON.stringify({ ...KEY, private_key: ELLIPTIC }), 'to be an RSA key in PEM'],
  ])('one that %s is an error that names it and repeats nothing of it', async (_what, text, message) => {
    const folder = await testdir(text === undefined ? {} : { 'key.json': text });
    const file = join(folder, 'key.json');
    const error = await refusalOf(readKeyFiles([file]));
    expect(error.code).toBe('key-file');
    expect(error.message).toContain(`-key-files: "${file}"`);
    expect(error.message).toContain(message);
  });

  it('are all named that are wrong', async () => {
    const folder = await testdir({ 'a.json': JSON.stringify(KEY), 'x.json': '{}' });
    const files = ['nowhere.json', 'a.json', 'x.json'].map((file) => join(folder, file));
    const { message } = await refusalOf(readKeyFiles(files));
    expect(message).toMatch(/nowhere\.json.*; .*x\.json/);
    expect(message).not.toContain('a.json');
  });
});
