// Covers src/adapters/sigstore/sign/keys/cosign-key.ts
// Covers src/adapters/sigstore/sign/keys/signing-key.ts

import { generateKeyPairSync, type KeyObject, verify } from 'node:crypto';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  readPrivateKey,
  readPublicKey,
} from '../../../../../src/adapters/sigstore/sign/keys/read-key-file.ts';
import { trustedKey } from '../../../../../src/signature/public-keys.ts';
import { SigningError } from '../../../../../src/adapters/sigstore/sign/signing-error.ts';
import { testdir } from '../../../../builders/testdir.ts';

const { signal } = new AbortController();
const PASSWORD = 'correct horse';
const CONTENT = Buffer.from('content');

/** Made by `cosign generate-key-pair`, for this test. */
const COSIGN_KEY = [
  '-----BEGIN ENCRYPTED SIGSTORE PRIVATE KEY-----',
  'eyJrZGYiOnsibmFtZSI6InNjcnlwdCIsInBhcmFtcyI6eyJOIjo2NTUzNiwiciI6',
  'OCwicCI6MX0sInNhbHQiOiJ3cEJRUktiK1F0dlpsWTBIUU13MldTVGQ3Ny9meGEr',
  'ei9vWUxXSVd4UWhNPSJ9LCJjaXBoZXIiOnsibmFtZSI6Im5hY2wvc2VjcmV0Ym94',
  'Iiwibm9uY2UiOiJVeGJqWEFUY0hkcFpDOHpza2FIbUFycElXZisyYVU5QiJ9LCJj',
  'aXBoZXJ0ZXh0IjoibkVHWmV2cUkyTGFoYXc2ZlJ6WTY1ZGtRU253QVM2ams4c0dW',
  'eHZvM29jWmg0TERNTmRIaDNTU2lHamxENjVVc2ExVGhuTWNBdm9kdkZkZkZqWTdH',
  'aDNqWTZ0Sy90cE5IaTlxYzNQRmRYZXhlSUIxOXVBOGNBNWhsbDQ2UTNrYzVJKzVa',
  'a0p2UEk5TkNxZnBremZsNWF4V1VOcXRobFcxaHN3ek1IckdlZTNnZDcwMmZTRjU2',
  'SXZkS3VRSzZvbytOeVpSVElzSDV5bXQ5ZUE9PSJ9',
  '-----END ENCRYPTED SIGSTORE PRIVATE KEY-----',
  '',
].join('\n');
const COSIGN_PUB = [
  '-----BEGIN PUBLIC KEY-----',
  'MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEvQFOItX/SuRO5d85CnW9EtUjnhwA',
  '+efakGYv4GupIwncGt7SP4rrHBHFt5VoGDNCYmNnhC+IhXeMPIto6bEwGA==',
  '-----END PUBLIC KEY-----',
  '',
].join('\n');

async function fileOf(content: string): Promise<string> {
  return join(await testdir({ 'key.pem': content }), 'key.pem');
}

async function failureOf(content: string, password?: string): Promise<string> {
  const file = await fileOf(content);
  const error = await readPrivateKey(file, password).catch((thrown: unknown) => thrown);
  if (!(error instanceof SigningError)) throw new Error(`expected a SigningError, got ${String(error)}`);
  expect(error.code).toBe('key');
  return error.message.replace(file, 'FILE');
}

function pemOf(key: KeyObject, options: object = {}): string {
  return key.export({ type: 'pkcs8', format: 'pem', ...options }).toString();
}

describe('a private key', () => {
  it.each([
    [
      'EC P-256',
      () => generateKeyPairSync('ec', { namedCurve: 'P-256' }),
      'sha256',
      'PKIX_ECDSA_P256_SHA_256',
    ],
    ['Ed25519', () => generateKeyPairSync('ed25519'), null, 'PKIX_ED25519'],
    [
      'RSA',
      () => generateKeyPairSync('rsa', { modulusLength: 2048 }),
      'sha256',
      'PKIX_RSA_PKCS1V15_2048_SHA256',
    ],
  ] as const)('of %s signs', async (_name, generate, hash, algorithm) => {
    const { publicKey, privateKey } = generate();
    const key = await readPrivateKey(await fileOf(pemOf(privateKey)), undefined);
    expect(key.public.algorithm).toBe(algorithm);
    expect(verify(hash, CONTENT, publicKey, await key.sign(CONTENT, signal))).toBe(true);
  });

  it('may be in SEC 1, or encrypted as PKCS #8', async () => {
    const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const encryption = { cipher: 'aes-256-cbc', passphrase: PASSWORD };
    for (const pem of [pemOf(privateKey, { type: 'sec1' }), pemOf(privateKey, encryption)]) {
      const key = await readPrivateKey(await fileOf(pem), PASSWORD);
      expect(key.public.object.equals(publicKey)).toBe(true);
    }
  });

  it('of cosign is opened by its password', async () => {
    const key = await readPrivateKey(await fileOf(COSIGN_KEY), PASSWORD);
    expect(key.public.pem).toBe(COSIGN_PUB);
    const older = COSIGN_KEY.replaceAll('SIGSTORE', 'COSIGN');
    expect((await readPrivateKey(await fileOf(older), PASSWORD)).public.pem).toBe(COSIGN_PUB);
  });

  it.each([
    ['without a password', COSIGN_KEY, undefined, 'the key is encrypted: set COSIGN_PASSWORD'],
    ['with another password', COSIGN_KEY, 'wrong', 'COSIGN_PASSWORD does not decrypt the key'],
    [
      'cut off',
      COSIGN_KEY.replace(/\n.*\n.*\n-----END/, '\n-----END'),
      PASSWORD,
      'the encrypted key is malformed',
    ],
    [
      'that asks for too much memory',
      withParameters({ N: 2 ** 24, r: 8, p: 1 }),
      PASSWORD,
      'the parameters of scrypt are not acceptable',
    ],
    [
      'with parameters that are none',
      withParameters({ N: 3, r: 8, p: 1 }),
      PASSWORD,
      'the parameters of scrypt are not acceptable',
    ],
    ['without parameters', withParameters({}), PASSWORD, 'the encrypted key is malformed'],
  ])('of cosign %s is refused', async (_name, pem, password, reason) => {
    expect(await failureOf(pem, password)).toBe(`-sign-key="FILE": ${reason}`);
  });

  it('in an encrypted file that nothing opens is refused', async () => {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const pem = pemOf(privateKey, { cipher: 'aes-256-cbc', passphrase: PASSWORD });
    expect(await failureOf(pem, 'wrong')).toBe('-sign-key="FILE": COSIGN_PASSWORD does not decrypt the key');
  });

  it('of another algorithm is refused', async () => {
    const use = 'use EC P-256, Ed25519, or RSA of 2048, 3072 or 4096 bits';
    const p384 = pemOf(generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey);
    expect(await failureOf(p384)).toBe(`-sign-key="FILE": the key is ec secp384r1: ${use}`);
    const small = pemOf(generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey);
    expect(await failureOf(small)).toBe(`-sign-key="FILE": the key is rsa 1024: ${use}`);
  });

  it('is not any other file', async () => {
    expect(await failureOf(COSIGN_PUB)).toBe('-sign-key="FILE": not a private key in PEM');
    expect(await failureOf('x'.repeat(100_000))).toMatch('more than 65536 bytes');
    await expect(readPrivateKey('/nowhere/key', undefined)).rejects.toThrow(
      '-sign-key="/nowhere/key": the key cannot be read: ENOENT',
    );
  });
});

describe('a public key', () => {
  it('has a fingerprint', async () => {
    const key = await readPublicKey(await fileOf(COSIGN_PUB), '-sign-command-key');
    expect(trustedKey(key.object).fingerprint).toMatch(/^[0-9a-f]{64}$/);
  });

  it('is not any other file', async () => {
    const file = await fileOf('a key');
    await expect(readPublicKey(file, '-sign-command-key')).rejects.toThrow(
      `-sign-command-key="${file}": not a public key in PEM`,
    );
  });
});

/** The encrypted key with other parameters of scrypt. */
function withParameters(params: object): string {
  const json = Buffer.from(COSIGN_KEY.replace(/-----[A-Z ]+-----/g, ''), 'base64').toString();
  const changed = json.replace(/"params":\{[^}]*\}/, `"params":${JSON.stringify(params)}`);
  const type = 'ENCRYPTED SIGSTORE PRIVATE KEY';
  return `-----BEGIN ${type}-----\n${Buffer.from(changed).toString('base64')}\n-----END ${type}-----\n`;
}
