import { createHash, type Hash } from 'node:crypto';

declare const brand: unique symbol;

/**
 * A content digest, `algorithm:hex` in lower case: made only by `parseDigest` and `digestOf`.
 *
 * @see https://github.com/opencontainers/image-spec/blob/v1.1.1/descriptor.md#digests
 */
export type Digest = string & { readonly [brand]: 'digest' };

type Algorithm = 'sha256' | 'sha512';

const GRAMMAR = /^(?:sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$/;

/** The digest that a text names, or undefined where its algorithm is not registered or its length is wrong. */
export function parseDigest(text: string): Digest | undefined {
  return GRAMMAR.test(text) ? (text as Digest) : undefined;
}

/** The sha256 digest of some bytes. */
export function digestOf(bytes: Uint8Array): Digest {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}` as Digest;
}

/** True if the bytes have the digest, in its own algorithm. */
export function matchesDigest(bytes: Uint8Array, digest: Digest): boolean {
  const hash = createDigestHash(digest);
  hash.update(bytes);
  return `${algorithmOf(digest)}:${hash.digest('hex')}` === digest;
}

/** A running hash in the algorithm of a digest, for bytes that arrive in pieces. */
export function createDigestHash(digest: Digest): Hash {
  return createHash(algorithmOf(digest));
}

/** The digest that a finished running hash of `like`'s algorithm stands for. */
export function finishDigest(hash: Hash, like: Digest): Digest {
  return `${algorithmOf(like)}:${hash.digest('hex')}` as Digest;
}

export function isDigest(reference: string): reference is Digest {
  return reference.includes(':');
}

function algorithmOf(digest: Digest): Algorithm {
  return digest.startsWith('sha512:') ? 'sha512' : 'sha256';
}
