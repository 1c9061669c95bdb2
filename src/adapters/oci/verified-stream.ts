import { Transform } from 'node:stream';
import type { Descriptor } from '../../image/descriptor.ts';
import { createDigestHash, finishDigest } from '../../image/digest.ts';
import { UNKNOWN_SIZE } from '../../image/oci-manifest.ts';
import { RegistryError } from '../../ports/registry-error.ts';

/**
 * Passes bytes on while it hashes them. The last piece is held back until size and digest are right, so that a
 * request with wrong content breaks off instead of completing.
 */
export function verifiedStream(blob: Descriptor): Transform {
  const hash = createDigestHash(blob.digest);
  let held: Buffer | undefined;
  let size = 0;
  return new Transform({
    transform(piece: Buffer, _encoding, done) {
      size += piece.length;
      if (blob.size !== UNKNOWN_SIZE && size > blob.size) return done(mismatch(blob, `more than ${blob.size} bytes`));
      hash.update(piece);
      const ready = held;
      held = piece;
      done(null, ready);
    },
    flush(done) {
      if (blob.size !== UNKNOWN_SIZE && size !== blob.size) {
        return done(mismatch(blob, `${size} bytes instead of ${blob.size}`));
      }
      const digest = finishDigest(hash, blob.digest);
      if (digest !== blob.digest) return done(mismatch(blob, `bytes of ${digest}`));
      done(null, held);
    },
  });
}

function mismatch(blob: Descriptor, got: string): RegistryError {
  return new RegistryError('mismatch', `blob ${blob.digest}: the source sent ${got}`, { temporary: true });
}
