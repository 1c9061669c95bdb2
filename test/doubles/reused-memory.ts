import { type ByteStream, derivedStream } from '../../src/base/byte-stream.ts';
import type { Send } from '../../src/http/request.ts';

/** The same bytes, each piece overwritten as soon as the next one is requested, or the stream ends. */
export function poisoned(stream: ByteStream): ByteStream {
  return derivedStream(stream, async function* () {
    for await (const piece of stream) {
      const lent = Buffer.from(piece);
      try {
        yield lent;
      } finally {
        lent.fill(0xa5);
      }
    }
  });
}

/** A transport whose pieces are overwritten. */
export function withReusedMemory(inner: Send): Send {
  return async (request) => {
    const response = await inner(request);
    return response.stream === undefined ? response : { ...response, stream: poisoned(response.stream) };
  };
}
