import { ExchangeError, invalid, unanswered } from './exchange-error.ts';
import { HeadReader } from './head-reader.ts';
import { type AnyMethod, parseHead, type ResponseHead } from './response-head.ts';

/**
 * - `head`    the head of a response: `head` has it. An interim response is followed by another head
 * - `piece`   bytes of the body: `piece` has them
 * - `end`     the response is complete
 * - `starved` all bytes are used, and more are needed
 */
export type ParserEvent = 'head' | 'piece' | 'end' | 'starved';

type State = 'head' | 'sized' | 'until-close' | 'chunk-size' | 'chunk' | 'chunk-end' | 'trailers' | 'end';

/** Bytes of a line with the size of a chunk and its extensions. */
const MAX_CHUNK_LINE = 4096;
/** Bytes of all extensions of chunks and all trailers of a response. */
const MAX_IGNORED = 64 * 1024;

/**
 * Parses the responses of a connection, one after the other, from pieces of any size. `next` is called until it returns
 * `starved`, and `feed` only then. A piece of a body is a view of the bytes that were fed. After an error the parser
 * cannot be used again.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9112
 */
export class ResponseParser {
  /** The head of the response, after `head`. */
  head: ResponseHead = NO_HEAD;
  /** Bytes of the body, after `piece`. */
  piece: Buffer = EMPTY;
  readonly #heads = new HeadReader();
  #method: AnyMethod = 'GET';
  #state: State = 'end';
  #input: Buffer = EMPTY;
  #position = 0;
  /** Bytes that are left of a sized body or a chunk. */
  #left = 0;
  /** A line of a chunked body that is not complete. */
  #line = '';
  /** Bytes of extensions and trailers. */
  #ignored = 0;

  /** Expects the response to a request with this method. */
  begin(method: AnyMethod): void {
    this.#method = method;
    this.#state = 'head';
    this.head = NO_HEAD;
    this.#heads.reset();
  }

  /** Gives the next bytes of the connection. They have to stay as they are until they are parsed. */
  feed(input: Buffer): void {
    this.#input = input;
    this.#position = 0;
  }

  /** True once the response is complete. */
  get isDone(): boolean {
    return this.#state === 'end';
  }

  /** Takes back the bytes that were fed and are not parsed. */
  takeUnparsed(): Buffer {
    const unparsed = this.#input.subarray(this.#position);
    this.#position = this.#input.length;
    return unparsed;
  }

  /** True if bytes follow a complete response. */
  get hasSurplus(): boolean {
    return this.#state === 'end' && this.#position < this.#input.length;
  }

  /** Throws `ExchangeError` for an invalid response. */
  next(): ParserEvent {
    for (;;) {
      if (this.#state === 'end') return 'end';
      if (this.#position === this.#input.length) return 'starved';
      const event = this.#step();
      if (event !== undefined) return event;
    }
  }

  /** The connection has ended. Throws `ExchangeError` if the response needed more. */
  finish(): void {
    if (this.#state === 'end') return;
    if (this.#state !== 'until-close') throw this.#state === 'head' ? unanswered() : brokenOff();
    this.#state = 'end';
  }

  #step(): ParserEvent | undefined {
    switch (this.#state) {
      case 'head':
        return this.#readHead();
      case 'sized':
        return this.#readPiece('end');
      case 'chunk':
        return this.#readPiece('chunk-end');
      case 'until-close':
        this.#left = Infinity;
        return this.#readPiece('end');
      case 'chunk-size':
        return this.#readChunkSize();
      case 'chunk-end':
        return this.#readChunkEnd();
      case 'trailers':
        return this.#readTrailer();
      case 'end':
        return 'end';
    }
  }

  #readHead(): ParserEvent | undefined {
    const found = this.#heads.take(this.#input, this.#position);
    this.#position = found?.next ?? this.#input.length;
    if (found === undefined) return 'starved';
    this.head = parseHead(found.text, this.#method);
    this.#state = this.head.status < 200 ? 'head' : this.#bodyState(this.head.body);
    return 'head';
  }

  #bodyState(body: ResponseHead['body']): State {
    if (body === 'chunked') {
      this.#ignored = 0;
      return 'chunk-size';
    }
    if (body === 'until-close') return body;
    this.#left = body;
    return body === 0 ? 'end' : 'sized';
  }

  #readPiece(after: State): ParserEvent {
    const end = Math.min(this.#input.length, this.#position + this.#left);
    this.piece = this.#input.subarray(this.#position, end);
    this.#left -= end - this.#position;
    this.#position = end;
    if (this.#left === 0) this.#state = after;
    return 'piece';
  }

  #readChunkSize(): ParserEvent | undefined {
    const line = this.#readLine(MAX_CHUNK_LINE, 'the line with the size of a chunk is too long');
    if (line === undefined) return 'starved';
    const size = CHUNK_SIZE.exec(line)?.[1];
    if (size === undefined) throw invalid('the size of a chunk is not a hexadecimal number');
    this.#ignored += line.length - size.length;
    if (this.#ignored > MAX_IGNORED) throw invalid('the extensions of its chunks are too long');
    this.#left = Number.parseInt(size, 16);
    this.#state = this.#left === 0 ? 'trailers' : 'chunk';
    return undefined;
  }

  #readChunkEnd(): ParserEvent | undefined {
    if (this.#readLine(0, 'a chunk is longer than its size') === undefined) return 'starved';
    this.#state = 'chunk-size';
    return undefined;
  }

  #readTrailer(): ParserEvent | undefined {
    const line = this.#readLine(MAX_IGNORED - this.#ignored, 'its trailers are too long');
    if (line === undefined) return 'starved';
    if (line === '') {
      this.#state = 'end';
      return 'end';
    }
    this.#ignored += line.length;
    if (!TRAILER.test(line)) throw invalid('a trailer is not a header');
    return undefined;
  }

  /** The next line without its end; undefined if it is not complete. `tooLong` is the fault of more than `most` bytes. */
  #readLine(most: number, tooLong: string): string | undefined {
    const feed = this.#input.indexOf(LINE_FEED, this.#position);
    const end = feed === -1 ? this.#input.length : feed + 1;
    if (this.#line.length + end - this.#position > most + 2) throw invalid(tooLong);
    const line = this.#line + this.#input.toString('latin1', this.#position, end);
    this.#position = end;
    this.#line = feed === -1 ? line : '';
    if (feed === -1 && !/\r./.test(line)) return undefined;
    if (!line.endsWith('\r\n')) throw invalid('a line of its chunked body does not end with CR and LF');
    return line.slice(0, -2);
  }
}

const EMPTY = Buffer.alloc(0);
const NO_HEAD: ResponseHead = { status: 0, headers: {}, body: 0, keepAlive: 0 };
const LINE_FEED = 0x0a;
const CHUNK_SIZE = /^([0-9a-fA-F]{1,12})(?:[\t ]*;[\t\x20-\x7e\x80-\xff]*)?$/;
const TRAILER = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+:[\t\x20-\x7e\x80-\xff]*$/;

function brokenOff(): ExchangeError {
  return new ExchangeError('broken-off', 'it closed the connection in the middle of its answer');
}
