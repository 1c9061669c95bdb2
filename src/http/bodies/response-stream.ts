import { Readable } from 'node:stream';

/** The connection of a streamed response. */
export interface StreamSource {
  /** Requests the next piece. */
  readonly read: () => void;
  /** Ends the request. */
  readonly abandon: (error: Error) => void;
}

/** A body as it arrives, at the pace of its reader. Destroying it ends the request. */
export class ResponseStream extends Readable {
  readonly #source: StreamSource;
  /** Bytes that have come, read or not. */
  received = 0;

  constructor(source: StreamSource) {
    super({ highWaterMark: 1 });
    this.#source = source;
  }

  receive(piece: Uint8Array): void {
    this.received += piece.length;
    this.push(Buffer.from(piece));
  }

  /** Nothing more will come. */
  finish(): void {
    this.push(null);
  }

  override _read(): void {
    this.#source.read();
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    if (!this.readableEnded) this.#source.abandon(error ?? new Error('the response was not read to its end'));
    setImmediate(done, error); // an `await` on the stream adds its error listener one turn later
  }
}
