import { type Readable, Transform } from 'node:stream';
import type { Descriptor } from '../../../../image/descriptor.ts';
import { createDigestHash, finishDigest, matchesDigest } from '../../../../image/digest.ts';
import { UNKNOWN_SIZE } from '../../../../image/oci-manifest.ts';
import { RegistryError } from '../../../../ports/registry-error.ts';

/** The bytes themselves, when they are the blob; throws `mismatch` when not. */
export function verifiedBytes(blob: Descriptor, bytes: Uint8Array): Uint8Array {
  if (bytes.length !== blob.size) throw mismatch(blob, `${bytes.length} bytes instead of ${blob.size}`);
  if (!matchesDigest(bytes, blob.digest)) throw mismatch(blob, 'other bytes');
  return bytes;
}

/**
 * Passes bytes on while it hashes them. The last piece is held back until size and digest are right, so that a
 * request with wrong content breaks off instead of completing.
 *
 * It ends with a `RegistryError`, or with what the signal carries where that is what broke the source off.
 */
export function verifiedStream(blob: Descriptor, source: Readable, signal: AbortSignal): Readable {
  const hash = createDigestHash(blob.digest);
  let held: Buffer | undefined;
  let size = 0;
  const verifier = new Transform({
    transform(piece: Buffer, _encoding, done) {
      size += piece.length;
      if (blob.size !== UNKNOWN_SIZE && size > blob.size)
        return done(mismatch(blob, `more than ${blob.size} bytes`));
      hash.update(piece);
      const ready = held;
      held = piece;
      done(null, ready);
    },
    flush(done) {
      if (blob.size !== UNKNOWN_SIZE && size !== blob.size) {
        return done(mismatch(blob, `${size} bytes instead of ${blob.size}`));
      }
      if (finishDigest(hash, blob.digest) !== blob.digest) return done(mismatch(blob, 'other bytes'));
      done(null, held);
    },
  });
  return connect(source, verifier, (cause) => (cause === signal.reason ? cause : broken(blob, cause)));
}

/** Pipes, and lets an end of either side that comes too early end the other. */
function connect(source: Readable, verifier: Transform, asError: (cause: Error) => Error): Readable {
  source.on('error', (cause) => verifier.destroy(asError(cause)));
  verifier.on('close', () => source.destroy());
  return source.pipe(verifier);
}

/** Not temporary: the source has been asked to go on as often as is worth it. */
function broken(blob: Descriptor, cause: Error): RegistryError {
  const message = `blob ${blob.digest}: the source broke off: ${cause.message}`;
  return new RegistryError('unreachable', message, { temporary: false, cause });
}

function mismatch(blob: Descriptor, got: string): RegistryError {
  return new RegistryError('mismatch', `blob ${blob.digest}: the source sent ${got}`, { temporary: true });
}
