import type { ByteStream } from '../../base/byte-stream.ts';
import type { RequestHead } from './request-head.ts';
import type { ResponseHead } from './response-head.ts';

/** One request and the receiver of its response. No method throws. */
export interface Exchange extends RequestHead {
  /** Of `length` bytes. */
  readonly body: Uint8Array | ByteStream | undefined;
  /** Milliseconds from the end of the request to the end of the response's headers. */
  readonly answerLimit: number;
  /** Called before the first byte is sent. */
  onStart(connection: ExchangeConnection): void;
  /** Called when the whole request is with the socket; not if the response is complete before. */
  onSent(): void;
  /** Called for each interim response too. Returns true to get the body piece by piece, by `ExchangeConnection.read`. */
  onHead(head: ResponseHead): boolean;
  /** Bytes of the body. They are valid until this returns; those of a streamed body until the next `read`. */
  onPiece(piece: Uint8Array): void;
  /** The response is complete. The exchange ends with one call of `onEnd` or `onError`. */
  onEnd(): void;
  onError(error: unknown): void;
}

/** The connection that an exchange uses. Both methods are without effect once the exchange has ended. */
export interface ExchangeConnection {
  /** Requests the next piece of a streamed body; `onPiece`, `onEnd` or `onError` follows. */
  read(exchange: Exchange): void;
  /** Closes the connection; `onError` gets the error. */
  abandon(exchange: Exchange, error: unknown): void;
}
