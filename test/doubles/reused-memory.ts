import { type ByteStream, derivedStream } from '../../src/base/byte-stream.ts';
import { isStreamBody, type Send } from '../../src/http/request.ts';

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

/** A transport whose pieces are overwritten; it takes each piece of a body before it requests the next one. */
export function withReusedMemory(inner: Send): Send {
  return async (request) => {
    const { body } = request;
    const open = async () => {
      if (!isStreamBody(body)) throw new Error('only a stream is opened');
      const opened = await body.open();
      return opened instanceof Uint8Array ? opened : copied(opened);
    };
    const sent = isStreamBody(body) ? { ...request, body: { ...body, open } } : request;
    const response = await inner(sent);
    return response.stream === undefined ? response : { ...response, stream: poisoned(response.stream) };
  };
}

function copied(stream: ByteStream): ByteStream {
  return derivedStream(stream, async function* () {
    for await (const piece of stream) yield Buffer.from(piece);
  });
}
