import { type ByteStream, derivedStream } from '../../../../base/byte-stream.ts';
import type { Descriptor } from '../../../../image/descriptor.ts';
import { createDigestHash, finishDigest, matchesDigest } from '../../../../image/digest.ts';
import { UNKNOWN_SIZE } from '../../../../image/oci-manifest.ts';
import { RegistryError } from '../../../../ports/registry-error.ts';

/** The error of bytes that are not the blob; undefined if they are. */
export function mismatchOf(blob: Descriptor, bytes: Uint8Array): RegistryError | undefined {
  if (bytes.length !== blob.size) return mismatch(blob, `${bytes.length} bytes instead of ${blob.size}`);
  return matchesDigest(bytes, blob.digest) ? undefined : mismatch(blob, 'other bytes');
}

/**
 * Hashes bytes in passing. The last piece is passed on once size and digest are right, so that a request with wrong
 * content breaks off instead of completing. Fails with a `RegistryError`, or as the source does.
 */
export function verifiedStream(blob: Descriptor, source: ByteStream): ByteStream {
  return derivedStream(source, () => (blob.size === UNKNOWN_SIZE ? heldBack : verified)(blob, source));
}

async function* verified(blob: Descriptor, source: ByteStream): AsyncGenerator<Uint8Array> {
  const hash = createDigestHash(blob.digest);
  let size = 0;
  for await (const piece of source) {
    if (piece.length === 0) continue;
    size += piece.length;
    if (size > blob.size) throw mismatch(blob, `more than ${blob.size} bytes`);
    hash.update(piece);
    if (size === blob.size) checkDigest(blob, hash);
    yield piece;
  }
  if (size !== blob.size) throw mismatch(blob, `${size} bytes instead of ${blob.size}`);
  if (size === 0) checkDigest(blob, hash);
}

/** The end of a blob of unknown size is known late, so a copy of the last piece is held back. */
async function* heldBack(blob: Descriptor, source: ByteStream): AsyncGenerator<Uint8Array> {
  const hash = createDigestHash(blob.digest);
  let held: Uint8Array | undefined;
  for await (const piece of source) {
    if (piece.length === 0) continue;
    hash.update(piece);
    if (held !== undefined) yield held;
    held = Buffer.from(piece);
  }
  checkDigest(blob, hash);
  if (held !== undefined) yield held;
}

function checkDigest(blob: Descriptor, hash: Parameters<typeof finishDigest>[0]): void {
  if (finishDigest(hash, blob.digest) !== blob.digest) throw mismatch(blob, 'other bytes');
}

function mismatch(blob: Descriptor, got: string): RegistryError {
  return new RegistryError('mismatch', `blob ${blob.digest}: the source sent ${got}`, { temporary: true });
}
