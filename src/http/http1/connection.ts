import type { Socket } from 'node:net';
import { TIME_LIMITS } from '../../base/limits-and-retries.ts';
import type { Exchange, ExchangeConnection } from './exchange.ts';
import { ExchangeError, unanswered } from './exchange-error.ts';
import { writeRequest, writeStreamedRequest } from './request-writer.ts';
import { ResponseParser } from './response-parser.ts';
import { StreamedBody } from './streamed-body.ts';

/** The pool of a connection. */
export interface ConnectionOwner {
  /** The connection can take another request. */
  onIdle(connection: Connection): void;
  onClosed(connection: Connection): void;
}

/** Where a socket puts the bytes that it reads: the option `onread` of `node:net`. */
export interface ReadBuffer {
  readonly buffer: Buffer;
  /** Gets the number of bytes in the buffer. Returns false to stop reading until the socket is resumed. */
  readonly callback: (size: number) => boolean;
}

/** Makes a connected socket. Throws any error, and the reason of an aborted signal. */
export type Dial = (onread: ReadBuffer, signal: AbortSignal) => Promise<Socket>;

/**
 * Shared by all connections: bytes are parsed or copied before anything else is read. Node would allocate memory for
 * each read, which costs more than the read.
 */
const INPUT = Buffer.allocUnsafeSlow(256 * 1024);

/** A connection of HTTP/1.1, with one request at a time. @see https://www.rfc-editor.org/rfc/rfc9112#name-connection-management */
export class Connection implements ExchangeConnection {
  readonly #socket: Socket;
  readonly #owner: ConnectionOwner;
  readonly #parser = new ResponseParser();
  #exchange: Exchange | undefined;
  /** Set while the body of a response is streamed. */
  #stream: StreamedBody | undefined;
  /** True while the body of a request is streamed. */
  #isSending = false;
  /** True once the server has sent its last byte. */
  #isEnded = false;
  #isClosed = false;
  /** Seconds without progress. */
  #seconds = 0;
  /** Seconds without a request after which it is closed. */
  #keepAlive = Infinity;

  private constructor(socket: Socket, owner: ConnectionOwner) {
    this.#socket = socket;
    this.#owner = owner;
    socket.on('error', (error) => this.destroy(error));
    socket.on('end', () => this.#onEnd());
    socket.on('close', () => {
      // bytes that came before the end may wait for their reader
      if (!this.#isEnded) this.destroy();
    });
  }

  /** Throws the errors of `dial`, and `ExchangeError` for a connection that ends at once. */
  static async open(dial: Dial, owner: ConnectionOwner, signal: AbortSignal): Promise<Connection> {
    let connection: Connection | undefined;
    let isEarly = false;
    const callback = (size: number): boolean => {
      isEarly ||= connection === undefined;
      return connection?.receive(INPUT.subarray(0, size)) ?? false;
    };
    const socket = await dial({ buffer: INPUT, callback }, signal);
    if (isEarly || socket.destroyed) {
      socket.destroy();
      throw isEarly ? new ExchangeError('invalid', 'it sent bytes before the request') : unanswered();
    }
    connection = new Connection(socket, owner);
    return connection;
  }

  /** Sends a request. The connection has to be idle. Errors go to `onError` of the exchange. */
  run(exchange: Exchange): void {
    this.#exchange = exchange;
    this.#seconds = 0;
    this.#parser.begin(exchange.method);
    this.#socket.ref();
    exchange.onStart(this);
    this.#guarded(() => this.#send(exchange));
  }

  read(exchange: Exchange): void {
    const stream = this.#stream;
    if (this.#exchange !== exchange || stream === undefined) return;
    stream.awaitPiece();
    this.#seconds = 0;
    this.#guarded(() => this.#deliver(exchange, stream));
  }

  /** Takes bytes of the socket, which are valid until it returns. Returns false to stop reading. */
  receive(input: Buffer): boolean {
    const exchange = this.#exchange;
    if (exchange === undefined) {
      this.destroy(); // nothing was requested
      return false;
    }
    this.#guarded(() => {
      if (this.#stream === undefined) return this.#parse(input);
      this.#stream.add(input);
      this.#deliver(exchange, this.#stream);
    });
    return this.#stream === undefined || !this.#stream.hasUnparsed;
  }

  /** Called every second. */
  checkTimeouts(): void {
    this.#seconds += 1;
    const exchange = this.#exchange;
    if (exchange === undefined) {
      this.#socket.unref(); // the process may end meanwhile
      if (this.#seconds > Math.min(this.#keepAlive, TIME_LIMITS.keepAlive / 1000)) this.destroy();
    } else if (this.#parser.head.status < 200) {
      if (this.#isSending) this.#seconds = 0; // `limitUpload` watches the speed
      if (this.#seconds > exchange.answerLimit / 1000) this.destroy(silent());
    } else {
      if (this.#stream?.isAwaited === false) this.#seconds = 0; // the server may wait for the reader
      if (this.#seconds > TIME_LIMITS.idle / 1000) this.destroy(stalled());
    }
  }

  abandon(exchange: Exchange, error: unknown): void {
    if (this.#exchange === exchange) this.destroy(error);
  }

  /** Closes the connection. `onError` of the current exchange gets the error. */
  destroy(error: unknown = unanswered()): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#socket.destroy();
    this.#owner.onClosed(this);
    this.#endExchange()?.onError(error);
  }

  #send(exchange: Exchange): void {
    const { body } = exchange;
    if (body === undefined || body instanceof Uint8Array) {
      writeRequest(this.#socket, exchange, body);
      return exchange.onSent();
    }
    this.#isSending = true;
    const { method, target, headers, length } = exchange;
    const isOpen = () => this.#exchange === exchange;
    const onSent = () => {
      if (!isOpen() || !this.#isSending) return;
      this.#isSending = false;
      exchange.onSent();
    };
    const request = { method, target, headers, length, body, isOpen, onSent };
    writeStreamedRequest(this.#socket, request).catch((error: unknown) => this.abandon(exchange, error));
  }

  /** An error of the request or of the parser closes the connection. */
  #guarded(act: () => void): void {
    try {
      act();
    } catch (error) {
      this.destroy(error);
    }
  }

  /** Parses a response that is read whole, as far as it has come. */
  #parse(input: Buffer): void {
    const parser = this.#parser;
    parser.feed(input);
    for (;;) {
      const exchange = this.#exchange;
      if (exchange === undefined) return; // it was abandoned
      switch (parser.next()) {
        case 'starved':
          return;
        case 'head':
          if (exchange.onHead(parser.head)) {
            this.#stream = new StreamedBody(parser);
            return;
          }
          break;
        case 'piece':
          this.#seconds = 0;
          exchange.onPiece(parser.piece);
          break;
        case 'end':
          return this.#finish(exchange);
      }
    }
  }

  /** Gives a waiting reader the next piece, or reads on. */
  #deliver(exchange: Exchange, stream: StreamedBody): void {
    if (!stream.isAwaited) return;
    const event = stream.next(this.#isEnded);
    if (event === 'starved') {
      this.#socket.resume();
      return;
    }
    if (event === 'piece') {
      this.#seconds = 0;
      exchange.onPiece(this.#parser.piece);
    }
    if (this.#parser.isDone) this.#finish(exchange);
  }

  /** Ends an exchange whose response is complete. The connection is used again if both sides are at a boundary. */
  #finish(exchange: Exchange): void {
    const { head, hasSurplus } = this.#parser;
    const stream = this.#stream;
    const isSent = !this.#isSending && this.#socket.writableLength === 0;
    const isRead = !hasSurplus && stream?.hasUnparsed !== true && !this.#isEnded;
    this.#keepAlive = head.keepAlive;
    this.#endExchange();
    if (head.keepAlive > 0 && isSent && isRead) {
      if (stream !== undefined) this.#socket.resume(); // to notice when the server closes the connection
      this.#owner.onIdle(this);
    } else {
      this.destroy();
    }
    exchange.onEnd();
  }

  /** Returns the exchange that has ended. */
  #endExchange(): Exchange | undefined {
    const exchange = this.#exchange;
    this.#exchange = undefined;
    this.#stream = undefined;
    this.#isSending = false;
    this.#seconds = 0;
    return exchange;
  }

  #onEnd(): void {
    this.#isEnded = true;
    const exchange = this.#exchange;
    if (exchange === undefined) return this.destroy();
    this.#guarded(() => {
      if (this.#stream !== undefined) return this.#deliver(exchange, this.#stream);
      this.#parser.finish();
      this.#finish(exchange);
    });
  }
}

function silent(): ExchangeError {
  return new ExchangeError('silent', 'it took the request and did not answer in time');
}

function stalled(): ExchangeError {
  return new ExchangeError('stalled', 'it stopped in the middle of its answer');
}
