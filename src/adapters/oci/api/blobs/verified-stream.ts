import { type Readable, Transform } from 'node:stream';
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
 * Hashes bytes in passing. The last piece is held back until size and digest are right, so that a request with wrong
 * content breaks off instead of completing. Ends with a `RegistryError`, or with the reason of an aborted signal.
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

/** A pipe in which the early end of either side ends the other. */
function connect(source: Readable, verifier: Transform, asError: (cause: Error) => Error): Readable {
  source.on('error', (cause) => verifier.destroy(asError(cause)));
  verifier.on('close', () => source.destroy());
  return source.pipe(verifier);
}

/** Not temporary: the source has been resumed as often as is worth it. */
function broken(blob: Descriptor, cause: Error): RegistryError {
  const message = `blob ${blob.digest}: the source broke off: ${cause.message}`;
  return new RegistryError('unreachable', message, { temporary: false, cause });
}

function mismatch(blob: Descriptor, got: string): RegistryError {
  return new RegistryError('mismatch', `blob ${blob.digest}: the source sent ${got}`, { temporary: true });
}
