import { Readable } from 'node:stream';
import type { Dispatcher } from 'undici';

/** Bytes that wait to be read before the server is made to wait. */
const HIGH_WATER_MARK = 64 * 1024;

/** A body as it arrives, at the pace of its reader. Destroying it ends the request. */
export class ResponseStream extends Readable {
  readonly #controller: Dispatcher.DispatchController;
  /** Bytes that have come, read or not. */
  received = 0;

  constructor(controller: Dispatcher.DispatchController) {
    super({ highWaterMark: HIGH_WATER_MARK });
    this.#controller = controller;
  }

  receive(piece: Buffer): void {
    this.received += piece.length;
    if (!this.push(piece)) this.#controller.pause();
  }

  /** Nothing more will come. */
  finish(): void {
    this.push(null);
  }

  override _read(): void {
    this.#controller.resume();
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    if (!this.readableEnded)
      this.#controller.abort(error ?? new Error('the response was not read to its end'));
    setImmediate(done, error); // an `await` on the stream adds its error listener one turn later
  }
}
