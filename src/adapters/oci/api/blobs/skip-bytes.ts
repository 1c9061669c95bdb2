import { type Readable, Transform } from 'node:stream';

/** What follows after so many bytes of a stream; either side that breaks off ends the other. */
export function skipBytes(source: Readable, count: number): Readable {
  if (count === 0) return source;
  let left = count;
  const rest = new Transform({
    transform(piece: Buffer, _encoding, done) {
      const skipped = Math.min(left, piece.length);
      left -= skipped;
      done(null, skipped === piece.length ? undefined : piece.subarray(skipped));
    },
  });
  source.on('error', (cause) => rest.destroy(cause));
  rest.on('close', () => source.destroy());
  return source.pipe(rest);
}
