/** Bytes that are read piece by piece, once. A piece is valid until the next one is requested: its memory is used again. */
export interface ByteStream extends AsyncIterable<Uint8Array> {
  /** Ends it early, also before it was read; a pending read fails with `error`. Without effect after the end. */
  destroy(error?: Error): unknown;
}

/** The error of a stream that was destroyed without one. */
export function streamClosed(): Error {
  return new Error('the stream was closed before its end');
}

/**
 * The stream that a generator makes of the pieces of a source. Destroying it destroys the source, which ends the
 * generator: a generator that has not begun, or waits for a piece, cannot be ended in another way.
 */
export function derivedStream(
  source: ByteStream,
  generate: (source: ByteStream) => AsyncGenerator<Uint8Array>,
): ByteStream {
  return {
    destroy: (error) => source.destroy(error),
    [Symbol.asyncIterator]: () => generate(source),
  };
}

export interface StreamWatch {
  /** Called with the length of each piece that is read, in bytes. */
  readonly onPiece?: (length: number) => void;
  /** Called when a read fails, unless the stream was destroyed before. */
  readonly onFailure?: (error: unknown) => void;
}

/** The same stream, watched while it is read. */
export function watchStream(source: ByteStream, { onPiece, onFailure }: StreamWatch): ByteStream {
  let isDestroyed = false;
  return {
    destroy: (error) => {
      isDestroyed = true;
      return source.destroy(error);
    },
    async *[Symbol.asyncIterator]() {
      try {
        for await (const piece of source) {
          onPiece?.(piece.length);
          yield piece;
        }
      } catch (error) {
        if (!isDestroyed) onFailure?.(error);
        throw error;
      }
    },
  };
}

/** All bytes of a body, in memory of their own. */
export async function readWhole(body: ByteStream | Uint8Array): Promise<Uint8Array> {
  if (body instanceof Uint8Array) return body;
  const pieces: Uint8Array[] = [];
  for await (const piece of body) pieces.push(Buffer.from(piece));
  return Buffer.concat(pieces);
}

/** Reads to the end, and closes a stream of more than `limit` bytes. Resolves to the number of bytes that were read. */
export async function drain(stream: ByteStream, limit = Number.POSITIVE_INFINITY): Promise<number> {
  let size = 0;
  for await (const piece of stream) {
    size += piece.length;
    if (size > limit) break;
  }
  return size;
}
