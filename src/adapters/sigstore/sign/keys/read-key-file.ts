import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { messageOf } from '../../../../base/errors.ts';
import { quote } from '../../../../base/text.ts';
import { SigningError } from '../signing-error.ts';
import { localKey, type PublicKey, publicKeyOf, type SigningKey } from './signing-key.ts';

/** Bytes. */
const MAX_FILE = 64 * 1024;
const ENCRYPTED = /-----BEGIN ENCRYPTED (?:SIGSTORE|COSIGN) PRIVATE KEY-----/;

/**
 * The private key of a PEM file: PKCS #8, SEC 1 or PKCS #1, or a `cosign.key`, which is encrypted. `password` is needed
 * for an encrypted one. Throws a `SigningError`.
 */
export async function readPrivateKey(file: string, password: string | undefined): Promise<SigningKey> {
  const name = `-sign-key=${quote(file)}`;
  const pem = await readPem(file, name);
  if (!ENCRYPTED.test(pem)) return localKey(parsePrivateKey(pem, password, name), name);
  if (password === undefined)
    throw new SigningError('key', `${name}: the key is encrypted: set COSIGN_PASSWORD`);
  const { decryptCosignKey } = await import('./cosign-key.ts');
  return localKey(await decryptCosignKey(pem, password, name), name);
}

/** The public key of a PEM file. Throws a `SigningError`. */
export async function readPublicKey(file: string, flag: string): Promise<PublicKey> {
  const name = `${flag}=${quote(file)}`;
  const pem = await readPem(file, name);
  try {
    return publicKeyOf(createPublicKey(pem), name);
  } catch (cause) {
    if (cause instanceof SigningError) throw cause;
    throw new SigningError('key', `${name}: not a public key in PEM`, { cause });
  }
}

async function readPem(file: string, name: string): Promise<string> {
  const bytes = await readFile(file).catch((cause: unknown) => {
    throw new SigningError('key', `${name}: the key cannot be read: ${messageOf(cause)}`, { cause });
  });
  if (bytes.length <= MAX_FILE) return bytes.toString();
  throw new SigningError('key', `${name}: not a key in PEM: the file has more than ${MAX_FILE} bytes`);
}

function parsePrivateKey(pem: string, passphrase: string | undefined, name: string): KeyObject {
  try {
    return createPrivateKey({ key: pem, format: 'pem', ...(passphrase !== undefined && { passphrase }) });
  } catch (cause) {
    const isLocked = /ENCRYPTED/.test(pem);
    const reason = isLocked ? 'COSIGN_PASSWORD does not decrypt the key' : 'not a private key in PEM';
    throw new SigningError('key', `${name}: ${reason}`, { cause });
  }
}
