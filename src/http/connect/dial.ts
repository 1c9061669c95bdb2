import { connect as connectTcp, isIP, type LookupFunction, type Socket } from 'node:net';
import { connect as connectTls, type ConnectionOptions, type SecureContext, type TLSSocket } from 'node:tls';
import { TIME_LIMITS } from '../../base/limits-and-retries.ts';
import { offAbort, onAbort } from '../../base/on-abort.ts';
import type { ReadBuffer } from '../http1/connection.ts';
import { ExchangeError } from '../http1/exchange-error.ts';
import { systemTimer } from '../time-limits.ts';

export interface Target {
  readonly hostname: string;
  readonly port: number;
}

export interface DialOptions {
  /** Unset: that of Node. */
  readonly lookup?: LookupFunction;
  /** Unset: Node allocates memory for each read. */
  readonly onread?: ReadBuffer;
  readonly signal: AbortSignal;
}

/** The target of a URL: a name or an address without brackets, and a port. */
export function targetOf({ protocol, hostname, port }: URL): Target {
  const byProtocol = protocol === 'https:' ? 443 : 80;
  return { hostname: hostname.replace(/^\[|\]$/g, ''), port: port === '' ? byProtocol : Number(port) };
}

/**
 * Resolves once connected. Throws the errors of Node, the reason of an aborted signal, and `ExchangeError` for a connection
 * that takes longer than `TIME_LIMITS.connect`.
 */
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

/** Milliseconds without traffic before TCP probes a connection. */
const KEEP_ALIVE_DELAY = 60_000;

/** Makes TLS connections that share a context, and resumes their sessions. */
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
    const options: ConnectionOptions & { onread?: ReadBuffer } = {
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

/** `connect` of node:tls ignores `onread` for a socket over a tunnel. */
function readInto({ buffer, callback }: ReadBuffer, socket: Socket): void {
  socket.on('data', (input) => {
    for (let start = 0; start < input.length; start += buffer.length) {
      const part = input.subarray(start, start + buffer.length);
      buffer.set(part);
      if (!callback(part.length)) socket.pause();
    }
  });
}

/** Resolves at the event. Throws for an error, the reason of an aborted signal, and after the limit of a connection. */
function connected(socket: Socket, event: 'connect' | 'secureConnect', signal: AbortSignal): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const tooSlow = () => fail(new ExchangeError('slow-connection', 'it could not be connected to in time'));
    const closed = () => fail(new ExchangeError('unanswered', 'it closed the connection'));
    const abort = () => fail(signal.reason);
    const stopTimer = systemTimer(TIME_LIMITS.connect, tooSlow);
    const release = () => {
      stopTimer();
      offAbort(signal, abort);
      socket.off('error', fail).off('close', closed);
    };
    const fail = (error: unknown) => {
      release();
      socket.on('error', () => {}); // what follows the first error
      socket.destroy();
      reject(error);
    };
    if (signal.aborted) return abort();
    onAbort(signal, abort);
    socket.once('error', fail).once('close', closed);
    socket.once(event, () => {
      release();
      resolve(socket);
    });
  });
}
