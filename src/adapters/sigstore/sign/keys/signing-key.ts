import { createPublicKey, type KeyObject, sign } from 'node:crypto';
import { SigningError } from '../signing-error.ts';

/** A key that signs. */
export interface SigningKey {
  readonly public: PublicKey;
  /** The signature of some bytes: that of ECDSA is DER. */
  sign(content: Uint8Array, signal: AbortSignal): Promise<Uint8Array>;
}

/** A public key of an algorithm that cosign verifies. */
export interface PublicKey {
  readonly object: KeyObject;
  /** SPKI. */
  readonly pem: string;
  readonly der: Buffer;
  /** Its name in Rekor v2. */
  readonly algorithm: KeyAlgorithm;
}

export type KeyAlgorithm =
  | 'PKIX_ECDSA_P256_SHA_256'
  | 'PKIX_ED25519'
  | 'PKIX_RSA_PKCS1V15_2048_SHA256'
  | 'PKIX_RSA_PKCS1V15_3072_SHA256'
  | 'PKIX_RSA_PKCS1V15_4096_SHA256';

/** The public key of a key. Throws a `SigningError` for an algorithm that is not supported; `name` is for the message. */
export function publicKeyOf(key: KeyObject, name: string): PublicKey {
  const object = key.type === 'private' ? createPublicKey(key) : key;
  const algorithm = algorithmOf(object);
  if (algorithm === undefined) {
    throw new SigningError(
      'key',
      `${name}: the key is ${describe(object)}: use EC P-256, Ed25519, or RSA of 2048, 3072 or 4096 bits`,
    );
  }
  const pem = object.export({ format: 'pem', type: 'spki' }).toString();
  return { object, pem, der: object.export({ format: 'der', type: 'spki' }), algorithm };
}

/** A key in this process. */
export function localKey(key: KeyObject, name: string): SigningKey {
  const publicKey = publicKeyOf(key, name);
  const hash = publicKey.algorithm === 'PKIX_ED25519' ? null : 'sha256';
  return { public: publicKey, sign: (content) => Promise.resolve(sign(hash, content, key)) };
}

function algorithmOf({ asymmetricKeyType: type, asymmetricKeyDetails: details }: KeyObject) {
  if (type === 'ed25519') return 'PKIX_ED25519';
  if (type === 'ec') return details?.namedCurve === 'prime256v1' ? 'PKIX_ECDSA_P256_SHA_256' : undefined;
  if (type !== 'rsa') return undefined;
  return RSA_ALGORITHMS.get(details?.modulusLength ?? 0);
}

const RSA_ALGORITHMS: ReadonlyMap<number, KeyAlgorithm> = new Map([
  [2048, 'PKIX_RSA_PKCS1V15_2048_SHA256'],
  [3072, 'PKIX_RSA_PKCS1V15_3072_SHA256'],
  [4096, 'PKIX_RSA_PKCS1V15_4096_SHA256'],
]);

function describe({ asymmetricKeyType: type, asymmetricKeyDetails: details }: KeyObject): string {
  return [type, details?.namedCurve, details?.modulusLength].filter((part) => part !== undefined).join(' ');
}
