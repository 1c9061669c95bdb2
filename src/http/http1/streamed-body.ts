import type { ParserEvent, ResponseParser } from './response-parser.ts';
import { StreamMemory } from './stream-memory.ts';

/** The body of a response that is parsed as fast as its reader requests pieces. What comes meanwhile is kept. */
export class StreamedBody {
  readonly #parser: ResponseParser;
  readonly #memory = new StreamMemory();
  #isAwaited = false;

  /** `parser` has just read the head. Bytes that came with it are the first of the body. */
  constructor(parser: ResponseParser) {
    this.#parser = parser;
    this.#memory.add(parser.takeUnparsed());
  }

  /** True while the reader waits for a piece. */
  get isAwaited(): boolean {
    return this.#isAwaited;
  }

  /** True if bytes have come that are not parsed. */
  get hasUnparsed(): boolean {
    return !this.#memory.isEmpty;
  }

  /** The reader waits for a piece, and does not use the one before any more. */
  awaitPiece(): void {
    this.#isAwaited = true;
  }

  /** Copies bytes of the connection. */
  add(input: Uint8Array): void {
    this.#memory.add(input);
  }

  /**
   * The next event of the parser. `isEnded` tells that no more bytes will come; else `starved` means that the reader
   * still waits. Throws `ExchangeError` for an invalid or incomplete body.
   */
  next(isEnded: boolean): ParserEvent {
    for (;;) {
      const event = this.#parser.next();
      if (event !== 'starved') {
        this.#isAwaited = false;
        return event;
      }
      if (!this.#memory.isEmpty) this.#parser.feed(this.#memory.take());
      else if (isEnded) this.#parser.finish();
      else return event;
    }
  }
}
