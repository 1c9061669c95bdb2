import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { decodePlan } from '../../src/plan/plan-codec.ts';
import {
  checkSignature,
  parseSigningKey,
  parseTrustedKey,
  PlanKeyError,
  signPlan,
} from '../../src/plan/plan-seal.ts';
import { digest } from '../builders/manifests.ts';
import { copyTo, encoded, planWith } from '../builders/plans.ts';

const pem = (pair = generateKeyPairSync('ed25519')) => ({
  secret: pair.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  trusted: pair.publicKey.export({ type: 'spki', format: 'pem' }).toString(),
});
const one = pem();
const other = pem();
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const encrypted = generateKeyPairSync('ed25519')
  .privateKey.export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'secret' })
  .toString();

const DIGITS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';

describe('a signed plan', () => {
  const key = parseSigningKey(one.secret);
  const text = encoded(planWith([copyTo('p.io/p/app', 'v1')]), (sha) => signPlan(sha, key));
  const file = decodePlan(Buffer.from(text));
  const fingerprint = expect.stringMatching(/^sha256:[0-9a-f]{64}$/);

  it('is verified by the public half of its key, among others', () => {
    const trusted = [other.trusted, one.trusted].map(parseTrustedKey);
    expect(checkSignature(file, trusted)).toEqual({ kind: 'verified', key: fingerprint });
  });

  it('is untrusted without that key', () => {
    expect(checkSignature(file, [parseTrustedKey(other.trusted)])).toEqual({
      kind: 'untrusted',
      key: parseTrustedKey(one.trusted).fingerprint,
    });
    expect(checkSignature(file, [])).toMatchObject({ kind: 'untrusted' });
  });

  it('is wrong with the signature of another key, another plan, or another use', () => {
    const trusted = [parseTrustedKey(one.trusted)];
    const claimed = { ...signPlan(file.digest, parseSigningKey(other.secret)), key: key.fingerprint };
    const wrong = { kind: 'wrong', key: fingerprint };
    expect(checkSignature({ ...file, signature: claimed }, trusted)).toEqual(wrong);
    expect(checkSignature({ ...file, digest: digest('b') }, trusted)).toEqual(wrong);
    expect(checkSignature({ ...file, signature: { ...claimed, value: '' } }, trusted)).toEqual(wrong);
  });

  it('has no other spelling: its signature is base64 in its one form, at its one place', () => {
    const value = file.signature?.value ?? '';
    expect(() => decodePlan(Buffer.from(text.replace(value, value.replace(/=+$/, ''))))).toThrow(/signature/);
    const again = value.replace(/.(?===$)/, (last) => DIGITS.charAt(DIGITS.indexOf(last) + 1));
    expect(Buffer.from(again, 'base64')).toEqual(Buffer.from(value, 'base64'));
    expect(() => decodePlan(Buffer.from(text.replace(value, again)))).toThrow(/one form/);
    const repeated = text.replace('"signature":', `"signature":{"key":"","value":""},\n"signature":`);
    expect(() => decodePlan(Buffer.from(repeated))).toThrow(/altered/);
  });

  it('is not the same plan without its signature, but has the same digest', () => {
    const unsigned = decodePlan(Buffer.from(encoded(file.plan)));
    expect(unsigned.digest).toBe(file.digest);
    expect(checkSignature(unsigned, [parseTrustedKey(one.trusted)])).toEqual({ kind: 'unsigned' });
  });
});

describe('a key', () => {
  it.each<[string, string, RegExp]>([
    ['no PEM', 'hello', /it is not PEM: expected one "-----BEGIN PRIVATE KEY-----" of an ed25519 key/],
    ['a public key', one.trusted, /it is PEM of "PUBLIC KEY"/],
    ['a key for RSA', rsa.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(), /a key for rsa/],
    ['PKCS#1', rsa.privateKey.export({ type: 'pkcs1', format: 'pem' }).toString(), /"RSA PRIVATE KEY"/],
    ['an encrypted key', encrypted, /"ENCRYPTED PRIVATE KEY"/],
    ['two keys', one.secret + other.secret, /it has 2 PEM blocks/],
    ['a damaged key', one.secret.replace(/\n.{20}/, '\n'), /it cannot be parsed/],
  ])('that cannot sign is refused: %s', (_what, text, message) => {
    expect(() => parseSigningKey(text)).toThrow(message);
    expect(() => parseSigningKey(text)).toThrow(PlanKeyError);
  });

  it.each<[string, string, RegExp]>([
    ['a private key', one.secret, /it is PEM of "PRIVATE KEY": expected one "-----BEGIN PUBLIC KEY-----"/],
    ['a certificate', '-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n', /"CERTIFICATE"/],
    ['a key for RSA', rsa.publicKey.export({ type: 'spki', format: 'pem' }).toString(), /a key for rsa/],
    ['two keys', one.trusted + other.trusted, /it has 2 PEM blocks/],
  ])('that cannot verify is refused: %s', (_what, text, message) => {
    expect(() => parseTrustedKey(text)).toThrow(message);
  });

  it('may have lines in front of it, as openssl writes them, and CRLF', () => {
    expect(parseTrustedKey(`Key: x\r\n${one.trusted.replaceAll('\n', '\r\n')}`).fingerprint).toBe(
      parseSigningKey(one.secret).fingerprint,
    );
  });
});
