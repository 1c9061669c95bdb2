import type { Socket } from 'node:net';
import type { ByteStream } from '../../base/byte-stream.ts';
import { TIME_LIMITS } from '../../base/limits-and-retries.ts';
import { ExchangeError } from './exchange-error.ts';
import { renderRequestHead, type RequestHead } from './request-head.ts';
import type { ResponseHead } from './response-head.ts';
import { ResponseParser } from './response-parser.ts';
import { StreamMemory } from './stream-memory.ts';

/** One request and the receiver of its response. No method throws. */
export interface Exchange extends RequestHead {
  /** Of `length` bytes. */
  readonly body: Uint8Array | ByteStream | undefined;
  /** Milliseconds from the end of the request to the beginning of the response. */
  readonly answerLimit: number;
  /** Before the first byte is sent. */
  onStart(connection: Connection): void;
  /** The whole request is with the socket. */
  onSent(): void;
  /** Also for each interim response. Returns true to get the body by `read`, piece by piece. */
  onHead(head: ResponseHead): boolean;
  /** Bytes of the body. They are valid until this returns, or until the next `read`. */
  onPiece(piece: Uint8Array): void;
  onEnd(): void;
  onError(error: unknown): void;
}

/** The pool of a connection. */
export interface ConnectionOwner {
  /** It can take another request. */
  onFree(connection: Connection): void;
  onGone(connection: Connection): void;
}

/** Where a socket puts what it reads: the `onread` of `node:net`. */
export interface Inlet {
  readonly buffer: Buffer;
  /** Gets the number of bytes in the buffer. Returns false to stop the reading, until the socket is resumed. */
  readonly callback: (size: number) => boolean;
}

/** Makes a socket. */
export type Dial = (onread: Inlet, signal: AbortSignal) => Promise<Socket>;

/**
 * For all connections: what is read is used, or copied, before anything else is read. Node would allocate memory for
 * each read, which costs more than the read.
 */
const INPUT = Buffer.allocUnsafeSlow(256 * 1024);

/** A connection of HTTP/1.1, with one request at a time. */
export class Connection {
  readonly #socket: Socket;
  readonly #owner: ConnectionOwner;
  readonly #parser = new ResponseParser();
  #exchange: Exchange | undefined;
  /** Set while a body is streamed. */
  #memory: StreamMemory | undefined;
  /** True while the reader of a streamed body waits for a piece. */
  #isAwaited = false;
  #isSending = false;
  /** True once the server has sent its last byte. */
  #isEnded = false;
  #isGone = false;
  #isReferenced = true;
  /** Seconds without progress. */
  #seconds = 0;
  /** Seconds that it may rest. */
  #rest = Infinity;

  private constructor(socket: Socket, owner: ConnectionOwner) {
    this.#socket = socket;
    this.#owner = owner;
    socket.on('error', (error) => this.destroy(error));
    socket.on('end', () => this.#onEnd());
    socket.on('close', () => {
      if (!this.#isEnded) this.destroy(closed());
    });
  }

  /** Throws the error of `dial`. */
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
      throw isEarly ? new ExchangeError('invalid', 'it sent bytes before the request') : closed();
    }
    connection = new Connection(socket, owner);
    return connection;
  }

  /** Sends a request. The connection is free, and not gone. */
  run(exchange: Exchange): void {
    this.#exchange = exchange;
    this.#seconds = 0;
    this.#parser.begin(exchange.method);
    exchange.onStart(this);
    if (this.#exchange !== exchange) return; // it was aborted
    if (!this.#isReferenced) this.#socket.ref();
    this.#isReferenced = true;
    try {
      this.#send(exchange);
    } catch (error) {
      this.destroy(error);
    }
  }

  /** Requests the next piece of a streamed body. */
  read(): void {
    this.#isAwaited = true;
    this.#seconds = 0;
    this.#guarded(() => this.#supply());
  }

  /** Gets bytes of the socket, which are valid until it returns. Returns false to stop the reading. */
  receive(input: Buffer): boolean {
    if (this.#exchange === undefined) {
      this.destroy(closed());
      return false;
    }
    this.#guarded(() => {
      if (this.#memory === undefined) this.#parse(input);
      else {
        this.#memory.add(input);
        if (this.#isAwaited) this.#supply();
      }
    });
    return this.#memory === undefined || this.#memory.isEmpty;
  }

  /** Called every second. */
  tick(): void {
    this.#seconds += 1;
    const exchange = this.#exchange;
    if (exchange === undefined) {
      if (this.#isReferenced) this.#socket.unref(); // the process may end meanwhile
      this.#isReferenced = false;
      if (this.#seconds > Math.min(this.#rest, TIME_LIMITS.keepAlive / 1000)) this.destroy(closed());
    } else if (this.#parser.head.status < 200) {
      if (this.#isSending) this.#seconds = 0; // the speed of an upload is watched elsewhere
      if (this.#seconds > exchange.answerLimit / 1000) this.destroy(silent());
    } else {
      if (this.#memory !== undefined && !this.#isAwaited) this.#seconds = 0;
      if (this.#seconds > TIME_LIMITS.idle / 1000) this.destroy(stalled());
    }
  }

  /** Ends an exchange by closing the connection, unless it has ended already. */
  abandon(exchange: Exchange, error: unknown): void {
    if (this.#exchange === exchange) this.destroy(error);
  }

  /** Closes it. The error is that of the current exchange. */
  destroy(error: unknown): void {
    if (this.#isGone) return;
    this.#isGone = true;
    this.#socket.destroy();
    this.#owner.onGone(this);
    this.#endExchange()?.onError(error);
  }

  #send(exchange: Exchange): void {
    const { body } = exchange;
    const head = renderRequestHead(exchange);
    if (body === undefined || body instanceof Uint8Array) {
      const hasBody = body !== undefined && body.length > 0;
      if (body !== undefined && body.length !== exchange.length) throw wrongSize();
      if (hasBody) this.#socket.cork(); // one packet for both, if they fit
      this.#socket.write(head, 'latin1');
      if (hasBody) {
        this.#socket.write(body);
        this.#socket.uncork();
      }
      exchange.onSent();
    } else {
      this.#isSending = true;
      this.#socket.write(head, 'latin1');
      this.#sendBody(exchange, body).catch((error: unknown) => {
        if (this.#exchange === exchange) this.destroy(error);
      });
    }
  }

  /** Awaits each write, because the memory of a piece is used again once the next one is requested. */
  async #sendBody(exchange: Exchange, body: ByteStream): Promise<void> {
    let left = exchange.length ?? 0;
    for await (const piece of body) {
      if (this.#exchange !== exchange) return; // it was answered early
      left -= piece.length;
      if (left < 0) throw wrongSize();
      await this.#write(piece);
      this.#seconds = 0;
      if (left === 0) this.#onSent(exchange);
    }
    if (left > 0) throw wrongSize();
    this.#onSent(exchange); // a body of no bytes
  }

  #onSent(exchange: Exchange): void {
    if (this.#exchange !== exchange || !this.#isSending) return;
    this.#isSending = false;
    exchange.onSent();
  }

  #write(piece: Uint8Array): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#socket.write(piece, (error) => (error ? reject(error) : resolve()));
    });
  }

  /** A parser's error ends the connection. */
  #guarded(act: () => void): void {
    try {
      act();
    } catch (error) {
      this.destroy(error);
    }
  }

  /** Parses a response that is not streamed, as far as it has come. */
  #parse(input: Buffer): void {
    const parser = this.#parser;
    parser.feed(input);
    for (;;) {
      const exchange = this.#exchange;
      if (exchange === undefined) return; // it was aborted
      switch (parser.next()) {
        case 'starved':
          return;
        case 'head':
          if (exchange.onHead(parser.head)) return this.#startStream();
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

  #startStream(): void {
    if (this.#exchange === undefined) return; // it was aborted
    this.#memory = new StreamMemory();
    this.#memory.add(this.#parser.takeRest());
    if (this.#isAwaited) this.#supply();
  }

  /** Gives the waiting reader of a streamed body the next piece, as soon as there is one. */
  #supply(): void {
    const parser = this.#parser;
    while (this.#isAwaited) {
      const exchange = this.#exchange;
      const memory = this.#memory;
      if (exchange === undefined || memory === undefined) return;
      switch (parser.next()) {
        case 'starved':
          if (!memory.isEmpty) parser.feed(memory.take());
          else if (this.#isEnded) parser.finish();
          else return void this.#socket.resume();
          break;
        case 'piece':
          this.#isAwaited = false;
          this.#seconds = 0;
          exchange.onPiece(parser.piece);
          if (parser.isDone) return this.#finish(exchange);
          break;
        case 'end':
          return this.#finish(exchange);
        case 'head':
          break;
      }
    }
  }

  #finish(exchange: Exchange): void {
    const { head, hasSurplus } = this.#parser;
    const isStream = this.#memory !== undefined;
    const isSent = !this.#isSending && this.#socket.writableLength === 0;
    const isRead = !hasSurplus && (this.#memory?.isEmpty ?? true) && !this.#isEnded;
    const isFree = head.rest > 0 && isSent && isRead;
    this.#rest = head.rest;
    this.#endExchange();
    if (!isFree) this.destroy(closed());
    else {
      if (isStream) this.#socket.resume(); // the end of the connection is to be noticed
      this.#owner.onFree(this);
    }
    exchange.onEnd();
  }

  /** The exchange that has ended. */
  #endExchange(): Exchange | undefined {
    const exchange = this.#exchange;
    this.#exchange = undefined;
    this.#memory = undefined;
    this.#isAwaited = false;
    this.#isSending = false;
    this.#seconds = 0;
    return exchange;
  }

  #onEnd(): void {
    this.#isEnded = true;
    const exchange = this.#exchange;
    if (exchange === undefined) return this.destroy(closed());
    this.#guarded(() => {
      if (this.#memory !== undefined) {
        if (this.#isAwaited) this.#supply();
        return;
      }
      this.#parser.finish();
      this.#finish(exchange);
    });
  }
}

function closed(): ExchangeError {
  return new ExchangeError('unanswered', 'it closed the connection without an answer');
}

function silent(): ExchangeError {
  return new ExchangeError('silent', 'it took the request and did not answer in time');
}

function stalled(): ExchangeError {
  return new ExchangeError('stalled', 'it stopped in the middle of its answer');
}

function wrongSize(): ExchangeError {
  return new ExchangeError('body-size', 'its body has another size than it says');
}
