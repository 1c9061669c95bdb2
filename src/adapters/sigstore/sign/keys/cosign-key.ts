import { createPrivateKey, type KeyObject, scrypt } from 'node:crypto';
import { xsalsa20poly1305 } from '@noble/ciphers/salsa.js';
import { isObject, parseJsonObject } from '../../../../base/json.ts';
import { SigningError } from '../signing-error.ts';

interface EncryptedKey {
  readonly cost: { readonly N: number; readonly r: number; readonly p: number };
  readonly salt: Buffer;
  readonly nonce: Buffer;
  readonly ciphertext: Buffer;
}

const KEY_BYTES = 32;
const NONCE_BYTES = 24;
/** Bytes of memory for one derivation: those of cosign need 64 MiB. */
const MAX_MEMORY = 512 * 1024 * 1024;

/**
 * The private key of a `cosign.key` in PEM: scrypt derives the key of a NaCl secretbox. Throws a
 * `SigningError`; `name` begins its message.
 *
 * @see https://github.com/secure-systems-lab/go-securesystemslib/blob/main/encrypted/encrypted.go
 */
export async function decryptCosignKey(pem: string, password: string, name: string): Promise<KeyObject> {
  const parsed = parseEncryptedKey(pem);
  if (parsed === undefined) throw new SigningError('key', `${name}: the encrypted key is malformed`);
  const { cost, salt, nonce, ciphertext } = parsed;
  const key = await derive(password, salt, cost).catch((cause: unknown) => {
    throw new SigningError('key', `${name}: the parameters of scrypt are not acceptable`, { cause });
  });
  try {
    const plain = Buffer.from(xsalsa20poly1305(key, nonce).decrypt(ciphertext));
    return createPrivateKey({ key: plain, format: 'der', type: 'pkcs8' });
  } catch (cause) {
    throw new SigningError('key', `${name}: COSIGN_PASSWORD does not decrypt the key`, { cause });
  }
}

function parseEncryptedKey(pem: string): EncryptedKey | undefined {
  const [, base64 = ''] = /-----BEGIN [A-Z ]+-----([^-]*)-----END/.exec(pem) ?? [];
  const { kdf, cipher, ciphertext } = parseJsonObject(Buffer.from(base64, 'base64')) ?? {};
  if (!isObject(kdf) || !isObject(cipher)) return undefined;
  if (kdf['name'] !== 'scrypt' || cipher['name'] !== 'nacl/secretbox') return undefined;
  const { N, r, p } = isObject(kdf['params']) ? kdf['params'] : {};
  if (!isCost(N) || !isCost(r) || !isCost(p)) return undefined;
  const nonce = bytesOf(cipher['nonce']);
  if (nonce.length !== NONCE_BYTES) return undefined;
  return { cost: { N, r, p }, salt: bytesOf(kdf['salt']), nonce, ciphertext: bytesOf(ciphertext) };
}

function isCost(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) > 0;
}

function bytesOf(value: unknown): Buffer {
  return Buffer.from(typeof value === 'string' ? value : '', 'base64');
}

function derive(password: string, salt: Buffer, cost: EncryptedKey['cost']): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    scrypt(password, salt, KEY_BYTES, { ...cost, maxmem: MAX_MEMORY }, (error, key) => {
      if (error === null) resolve(key);
      else reject(error);
    });
  });
}
