import { generateKeyPairSync } from 'node:crypto';
import { expect, it } from 'vitest';
import { readPublicKeys } from '../../src/signature/public-keys.ts';

const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const PUBLIC = String(publicKey.export({ format: 'pem', type: 'spki' }));
const PRIVATE = String(privateKey.export({ format: 'pem', type: 'pkcs8' }));
const OTHER = String(generateKeyPairSync('ed25519').publicKey.export({ format: 'pem', type: 'spki' }));

it('reads each key of a file', () => {
  const keys = readPublicKeys(`a comment\n${PUBLIC}\n${OTHER}`, 'keys.pem');
  expect(keys.map(({ key }) => key.asymmetricKeyType)).toEqual(['ec', 'ed25519']);
  expect(new Set(keys.map(({ fingerprint }) => fingerprint)).size).toBe(2);
  expect(keys[0]?.fingerprint).toMatch(/^[0-9a-f]{64}$/);
});

it.each([
  ['nothing', '', 'keys.pem: no public key in PEM'],
  ['a private key', PRIVATE, 'keys.pem: a PEM block is PRIVATE KEY, not PUBLIC KEY'],
  ['a broken key', PUBLIC.replace(/\n.{8}/, '\nAAAAAAAA'), 'keys.pem: a public key cannot be read'],
])('refuses %s', (_, pem, message) => {
  expect(() => readPublicKeys(pem, 'keys.pem')).toThrow(message);
});
