import { type ByteStream, streamClosed } from '../../base/byte-stream.ts';

/** The exchange of a streamed response. */
export interface StreamSource {
  /** Requests the next piece. */
  readonly read: () => void;
  /** Ends the request; the stream fails with the error. */
  readonly abandon: (error: Error) => void;
}

interface Reader {
  readonly resolve: (result: IteratorResult<Uint8Array, undefined>) => void;
  readonly reject: (error: Error) => void;
}

const END = { done: true, value: undefined } as const;

/** A body as it arrives, at the pace of its reader. Destroying it ends the request. */
export class ResponseStream implements ByteStream, AsyncIterator<Uint8Array, undefined> {
  readonly #source: StreamSource;
  /** Set while a read is pending. */
  #reader: Reader | undefined;
  #isEnded = false;
  #error: Error | undefined;

  constructor(source: StreamSource) {
    this.#source = source;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<IteratorResult<Uint8Array, undefined>> {
    if (this.#error !== undefined) return Promise.reject(this.#error);
    if (this.#isEnded) return Promise.resolve(END);
    return new Promise((resolve, reject) => {
      this.#reader = { resolve, reject };
      this.#source.read();
    });
  }

  return(): Promise<IteratorResult<Uint8Array, undefined>> {
    this.destroy();
    return Promise.resolve(END);
  }

  destroy(error: Error = streamClosed()): void {
    if (!this.#isEnded && this.#error === undefined) this.#source.abandon(error);
  }

  /** Gives the pending read a piece. */
  receive(piece: Uint8Array): void {
    this.#takeReader()?.resolve({ done: false, value: piece });
  }

  /** Nothing more will come. */
  finish(): void {
    this.#isEnded = true;
    this.#takeReader()?.resolve(END);
  }

  fail(error: Error): void {
    this.#error = error;
    this.#takeReader()?.reject(error);
  }

  #takeReader(): Reader | undefined {
    const reader = this.#reader;
    this.#reader = undefined;
    return reader;
  }
}
