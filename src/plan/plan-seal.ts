import { createHash, createPrivateKey, createPublicKey, type KeyObject, sign, verify } from 'node:crypto';
import { CodedError, messageOf } from '../base/errors.ts';
import { type Digest, digestOf, parseDigest } from '../image/digest.ts';

/** A key that cannot sign plans, or cannot verify their signatures. */
export class PlanKeyError extends CodedError<'pem' | 'kind'> {}

/** A key of either kind, and the fingerprint of its public half. */
export interface PlanKey {
  readonly key: KeyObject;
  readonly fingerprint: string;
}

/** A signature over the digest of a plan. */
export interface PlanSignature {
  /** The fingerprint of the public key: a hint, which proves nothing. */
  readonly key: string;
  /** 64 bytes in base64. */
  readonly value: string;
}

/** The sha256 of pieces of text, in UTF-8. */
export class RunningDigest {
  readonly #hash = createHash('sha256');

  add(piece: string): void {
    this.#hash.update(piece, 'utf8');
  }

  finish(): Digest {
    const digest = parseDigest(`sha256:${this.#hash.digest('hex')}`);
    if (digest === undefined) throw new Error('no sha256');
    return digest;
  }
}

/** A private key in PEM (PKCS#8). Throws a `PlanKeyError` for whatever else. */
export function parseSigningKey(pem: string): PlanKey {
  const key = parseKey(pem, { label: 'PRIVATE KEY', parse: createPrivateKey });
  return { key, fingerprint: fingerprintOf(createPublicKey(key)) };
}

/** A public key in PEM (SPKI). Throws a `PlanKeyError` for whatever else. */
export function parseTrustedKey(pem: string): PlanKey {
  const key = parseKey(pem, { label: 'PUBLIC KEY', parse: createPublicKey });
  return { key, fingerprint: fingerprintOf(key) };
}

interface PemKind {
  readonly label: string;
  readonly parse: (pem: string) => KeyObject;
}

/** Node parses the first block of a file, of any kind: a public key out of a private one, too. */
function parseKey(pem: string, { label, parse }: PemKind): KeyObject {
  const labels = Array.from(pem.matchAll(/^-----BEGIN ([A-Z0-9 ]+)-----\s*$/gm), ([, found]) => found);
  const [found, ...others] = labels;
  const expected = `expected one "-----BEGIN ${label}-----" of an ed25519 key`;
  if (found === undefined) throw new PlanKeyError('pem', `it is not PEM: ${expected}`);
  if (others.length > 0) throw new PlanKeyError('pem', `it has ${labels.length} PEM blocks: ${expected}`);
  if (found !== label) throw new PlanKeyError('pem', `it is PEM of "${found}": ${expected}`);
  let key: KeyObject;
  try {
    key = parse(pem);
  } catch (cause) {
    throw new PlanKeyError('pem', `it cannot be parsed: ${messageOf(cause)}: ${expected}`, { cause });
  }
  if (key.asymmetricKeyType === 'ed25519') return key;
  throw new PlanKeyError('kind', `it is a key for ${key.asymmetricKeyType}: ${expected}`);
}

/** The same as that of `openssl pkey -pubin -outform DER | sha256sum`. */
function fingerprintOf(key: KeyObject): string {
  return digestOf(key.export({ type: 'spki', format: 'der' }));
}

export function signPlan(digest: Digest, { key, fingerprint }: PlanKey): PlanSignature {
  return { key: fingerprint, value: sign(null, messageFor(digest), key).toString('base64') };
}

/** The status of a signature for a reader who trusts these keys. */
export type SignatureStatus =
  | { readonly kind: 'unsigned' }
  /** `key` is the fingerprint of the key that it claims, or is proven to be from. */
  | { readonly kind: 'verified' | 'untrusted' | 'wrong'; readonly key: string };

export function checkSignature(
  { digest, signature }: { readonly digest: Digest; readonly signature?: PlanSignature | undefined },
  trusted: readonly PlanKey[],
): SignatureStatus {
  if (signature === undefined) return { kind: 'unsigned' };
  const { key: claimed, value } = signature;
  const known = trusted.find(({ fingerprint }) => fingerprint === claimed);
  if (known === undefined) return { kind: 'untrusted', key: claimed };
  const isRight = verify(null, messageFor(digest), known.key, Buffer.from(value, 'base64'));
  return { kind: isRight ? 'verified' : 'wrong', key: claimed };
}

/** The prefix keeps signatures of the key for other purposes apart. */
function messageFor(digest: Digest): Buffer {
  return Buffer.from(`cip-plan signature, version 1\n${digest}\n`);
}
