import { createServer, type Server, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';
import { turns } from './waiting.ts';

/** Text is latin1: `\x80` is one byte. */
export type Bytes = string | Uint8Array;

export interface RawRequest {
  /** `METHOD /path?query HTTP/1.1`. */
  readonly line: string;
  /** The line and the headers, without the empty line. */
  readonly head: string;
  /** By name in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** As long as its Content-Length. */
  readonly body: Buffer;
}

/** Serves one connection. What it throws fails the test. */
export type Play = (connection: RawConnection) => Promise<void>;

/** The end of the headers. */
const END = '\r\n\r\n';

/** A server that reads and writes bytes as the test says, and knows as much of HTTP as a request needs. */
export class RawServer {
  readonly connections: RawConnection[] = [];
  readonly failures: unknown[] = [];
  readonly #server: Server;

  /** Starts one for the running test, which fails if `play` fails. */
  static async start(play: Play): Promise<RawServer> {
    const server = new RawServer(play);
    await new Promise<void>((resolve) => server.#server.listen(0, '127.0.0.1', resolve));
    onTestFinished(async () => {
      await server.#close();
      if (server.failures.length > 0) throw server.failures[0];
    });
    return server;
  }

  private constructor(play: Play) {
    this.#server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
      const connection = new RawConnection(socket, this.connections.length);
      this.connections.push(connection);
      play(connection).catch((error: unknown) => this.failures.push(error));
    });
  }

  get host(): string {
    const address = this.#server.address();
    if (address === null || typeof address === 'string') throw new Error('the server has no port');
    return `127.0.0.1:${address.port}`;
  }

  get url(): string {
    return `http://${this.host}`;
  }

  /** Connections that the client has not closed. */
  get open(): number {
    return this.connections.filter(({ isClosed }) => !isClosed).length;
  }

  /** Every byte that came, as latin1. */
  get received(): string {
    return this.connections.map(({ received }) => received.toString('latin1')).join('');
  }

  async #close(): Promise<void> {
    for (const connection of this.connections) connection.reset();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }
}

/** One connection, from the server's side. */
export class RawConnection {
  readonly number: number;
  /** Bytes that the kernel has taken. */
  sent = 0;
  readonly #socket: Socket;
  readonly #pieces: Buffer[] = [];
  #size = 0;
  /** Bytes of requests that were returned. */
  #used = 0;
  #wake = () => {};
  #isEnded = false;

  constructor(socket: Socket, number: number) {
    this.#socket = socket;
    this.number = number;
    socket.on('data', (piece) => {
      this.#pieces.push(piece);
      this.#size += piece.length;
      this.#wake();
    });
    socket.on('error', () => {}); // a reset by the client
    socket.on('end', () => socket.end());
    for (const event of ['end', 'close']) socket.on(event, () => this.#onClosed());
  }

  /** True once either side has closed it; the server notices if it reads. */
  get isClosed(): boolean {
    return this.#isEnded || this.#socket.destroyed;
  }

  get received(): Buffer {
    return Buffer.concat(this.#pieces);
  }

  /** The next request with its body; undefined if the client closes the connection instead. */
  request(): Promise<RawRequest | undefined> {
    return this.#next(({ headers }) => Number(headers['content-length'] ?? 0));
  }

  /** The next request as soon as its headers are there, without its body. */
  head(): Promise<RawRequest | undefined> {
    return this.#next(() => 0);
  }

  /** Writes each piece by itself, some turns of the event loop apart, so that they arrive one by one. */
  async send(...pieces: readonly Bytes[]): Promise<void> {
    for (const piece of pieces) {
      if (this.#socket.destroyed || this.#socket.writableEnded) return;
      const bytes = typeof piece === 'string' ? Buffer.from(piece, 'latin1') : piece;
      await new Promise<void>((resolve) => {
        this.#socket.write(bytes, (error) => {
          if (error == null) this.sent += bytes.length;
          resolve();
        });
      });
      if (pieces.length > 1) await turns(2);
    }
  }

  /** Resolves when the client has closed the connection. */
  async closed(): Promise<void> {
    while (!this.isClosed) await this.#change();
  }

  /** Ends the server's half of the connection. */
  end(): void {
    this.#socket.end();
  }

  /** Closes the connection by RST. */
  reset(): void {
    // a reset after the end of its half would never complete, and keep the thread of the test alive
    if (this.#socket.writableEnded) this.#socket.destroy();
    else this.#socket.resetAndDestroy();
  }

  stopReading(): void {
    this.#socket.pause();
  }

  readOn(): void {
    this.#socket.resume();
  }

  #onClosed(): void {
    this.#isEnded = true;
    this.#wake();
  }

  #change(): Promise<void> {
    return new Promise((resolve) => {
      const before = this.#wake;
      this.#wake = () => {
        this.#wake = () => {};
        before();
        resolve();
      };
    });
  }

  async #next(bodyLengthOf: (request: RawRequest) => number): Promise<RawRequest | undefined> {
    let needed = 0;
    for (;;) {
      if (this.#size - this.#used > needed) {
        const request = parseRequest(this.received.subarray(this.#used));
        if (request !== undefined) {
          const length = bodyLengthOf(request);
          const headLength = request.head.length + END.length;
          if (request.body.length >= length) {
            this.#used += headLength + length;
            return { ...request, body: request.body.subarray(0, length) };
          }
          needed = headLength + length - 1;
        }
      }
      if (this.isClosed) return undefined;
      await this.#change();
    }
  }
}

function parseRequest(bytes: Buffer): RawRequest | undefined {
  const end = bytes.indexOf(END);
  if (end === -1) return undefined;
  const head = bytes.toString('latin1', 0, end);
  const [line = '', ...lines] = head.split('\r\n');
  const headers = Object.fromEntries(
    lines.map((text) => [
      text.slice(0, text.indexOf(':')).toLowerCase(),
      text.slice(text.indexOf(':') + 1).replace(/^[\t ]+|[\t ]+$/g, ''),
    ]),
  );
  return { line, head, headers, body: bytes.subarray(end + END.length) };
}
