import type { Socket } from 'node:net';
import type { ByteStream } from '../../base/byte-stream.ts';
import { ExchangeError } from './exchange-error.ts';
import { renderRequestHead, type RequestHead } from './request-head.ts';

/** Writes a request. Throws `ExchangeError` for a head that cannot be sent, and for a body of another size. */
export function writeRequest(socket: Socket, head: RequestHead, body: Uint8Array | undefined): void {
  const text = renderRequestHead(head);
  if (body !== undefined && body.length !== head.length) throw wrongSize();
  if (body === undefined || body.length === 0) {
    socket.write(text, 'latin1');
    return;
  }
  socket.cork(); // one packet for both, if they fit
  socket.write(text, 'latin1');
  socket.write(body);
  socket.uncork();
}

export interface StreamedRequest extends RequestHead {
  readonly body: ByteStream;
  /** False once the request has ended: no more of its body is sent. */
  readonly isOpen: () => boolean;
  /** Called when all bytes are with the socket, and again at the end of the body. */
  readonly onSent: () => void;
}

/**
 * Writes a request with a streamed body. Each write is awaited, because the memory of a piece is used again once the
 * next one is requested. Throws like `writeRequest`, and the errors of the body and of the socket.
 */
export async function writeStreamedRequest(socket: Socket, request: StreamedRequest): Promise<void> {
  const { body, length = 0, isOpen, onSent } = request;
  socket.write(renderRequestHead(request), 'latin1');
  let left = length;
  for await (const piece of body) {
    if (!isOpen()) return;
    left -= piece.length;
    if (left < 0) throw wrongSize();
    await write(socket, piece);
    if (left === 0) onSent();
  }
  if (left > 0) throw wrongSize();
  onSent();
}

function write(socket: Socket, piece: Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.write(piece, (error) => (error ? reject(error) : resolve()));
  });
}

function wrongSize(): ExchangeError {
  return new ExchangeError('body-size', 'its body has another size than it says');
}
