import { createHash, createPublicKey, type KeyObject } from 'node:crypto';
import { InputFault, messageOf } from '../base/errors.ts';

/** A public key that signatures may be signed by. */
export interface TrustedKey {
  readonly key: KeyObject;
  /** Hexadecimal SHA-256 of the key as DER (SPKI). */
  readonly fingerprint: string;
}

export class PublicKeyError extends InputFault<'public-key-malformed'> {}

const ADVICE = 'use the cosign.pub of the signer';
const BLOCK = /-----BEGIN ([A-Z ]+)-----[^-]*-----END \1-----/g;

/** The public keys of a PEM file, at least one. Throws a `PublicKeyError` that names it, also for a private key. */
export function readPublicKeys(pem: string, name: string): readonly TrustedKey[] {
  const blocks = Array.from(pem.matchAll(BLOCK));
  const fault = (reason: string) => new PublicKeyError('public-key-malformed', `${name}: ${reason}`);
  if (blocks.length === 0) throw fault(`no public key in PEM: ${ADVICE}`);
  return blocks.map(([block, label = '']) => {
    if (!label.endsWith('PUBLIC KEY')) throw fault(`a PEM block is ${label}, not PUBLIC KEY: ${ADVICE}`);
    try {
      return trustedKey(createPublicKey(block));
    } catch (error) {
      throw fault(`a public key cannot be read: ${messageOf(error)}`);
    }
  });
}

/** A public key with its fingerprint. */
export function trustedKey(key: KeyObject): TrustedKey {
  const der = key.export({ format: 'der', type: 'spki' });
  return { key, fingerprint: createHash('sha256').update(der).digest('hex') };
}
