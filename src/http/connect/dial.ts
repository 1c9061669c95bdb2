import { connect as connectTcp, isIP, type LookupFunction, type Socket } from 'node:net';
import { connect as connectTls, type ConnectionOptions, type SecureContext, type TLSSocket } from 'node:tls';
import { TIME_LIMITS } from '../../base/limits-and-retries.ts';
import type { Inlet } from '../http1/connection.ts';
import { ExchangeError } from '../http1/exchange-error.ts';

export interface Target {
  readonly hostname: string;
  readonly port: number;
}

export interface DialOptions {
  readonly lookup?: LookupFunction;
  /** The memory that the socket reads into. Unset: node allocates some for each read. */
  readonly onread?: Inlet;
  readonly signal: AbortSignal;
}

/** The target of a URL: a name or an address without brackets, and a port. */
export function targetOf({ protocol, hostname, port }: URL): Target {
  const byProtocol = protocol === 'https:' ? 443 : 80;
  return { hostname: hostname.replace(/^\[|\]$/g, ''), port: port === '' ? byProtocol : Number(port) };
}

/** Resolves once connected. Throws the errors of node, and `ExchangeError` for a connection that takes too long. */
export function dialTcp(
  { hostname, port }: Target,
  { lookup, onread, signal }: DialOptions,
): Promise<Socket> {
  const socket = connectTcp({
    host: hostname,
    port,
    noDelay: true,
    keepAlive: true,
    keepAliveInitialDelay: KEEP_ALIVE_DELAY,
    ...(lookup && { lookup }),
    ...(onread && { onread }),
  });
  return connected(socket, 'connect', signal);
}

const KEEP_ALIVE_DELAY = 60_000;

/** TLS connections that share a context, and resume each other's sessions. */
export class TlsDialer {
  readonly #secureContext: SecureContext;
  readonly #sessions = new Map<string, Buffer>();

  constructor(secureContext: SecureContext) {
    this.#secureContext = secureContext;
  }

  /** Over a new connection, or over `tunnel`. Throws like `dialTcp`, and for a certificate that is not trusted. */
  dial(
    { hostname, port }: Target,
    { lookup, onread, signal, tunnel }: DialOptions & { readonly tunnel?: Socket },
  ): Promise<Socket> {
    const key = `${hostname}:${port}`;
    const session = this.#sessions.get(key);
    const options: ConnectionOptions & { onread?: Inlet } = {
      host: hostname,
      port,
      servername: isIP(hostname) === 0 ? hostname : '',
      secureContext: this.#secureContext,
      ALPNProtocols: ['http/1.1'],
      ...(session && { session }),
      ...(lookup && { lookup }),
      ...(tunnel === undefined ? onread && { onread } : { socket: tunnel }),
    };
    const socket: TLSSocket = connectTls(options);
    socket.on('session', (next) => this.#sessions.set(key, next));
    // node ignores these options of a TLS connection
    socket.once('connect', () => socket.setNoDelay(true).setKeepAlive(true, KEEP_ALIVE_DELAY));
    if (tunnel !== undefined && onread !== undefined) readInto(onread, socket);
    return connected(socket, 'secureConnect', signal);
  }
}

/** A socket over a tunnel takes no `onread`. */
function readInto(inlet: Inlet, socket: Socket): void {
  const { buffer } = inlet;
  socket.on('data', (input) => {
    for (let start = 0; start < input.length; start += buffer.length) {
      const part = input.subarray(start, start + buffer.length);
      buffer.set(part);
      if (!inlet.callback(part.length)) socket.pause();
    }
  });
}

function connected(socket: Socket, event: 'connect' | 'secureConnect', signal: AbortSignal): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(
      () => fail(new ExchangeError('slow-connection', 'it could not be connected to in time')),
      TIME_LIMITS.connect,
    );
    const abort = () => fail(signal.reason);
    const release = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', abort);
      socket.off('error', fail);
    };
    const fail = (error: unknown) => {
      release();
      socket.on('error', () => {}); // what follows the first error
      socket.destroy();
      reject(error);
    };
    if (signal.aborted) return abort();
    signal.addEventListener('abort', abort);
    socket.once('error', fail);
    socket.once(event, () => {
      release();
      resolve(socket);
    });
  });
}
