import type { Socket } from 'node:net';
import { TIME_LIMITS } from '../../base/limits-and-retries.ts';
import { messageOf } from '../../base/errors.ts';
import { offAbort, onAbort } from '../../base/on-abort.ts';
import { RegistryError } from '../../ports/registry-error.ts';
import { ExchangeError, unanswered } from '../http1/exchange-error.ts';
import { renderRequestHead } from '../http1/request-head.ts';
import { ResponseParser } from '../http1/response-parser.ts';
import { systemTimer } from '../time-limits.ts';
import type { Proxy } from './proxies.ts';

export interface TunnelOptions {
  /** A connection to the proxy. */
  readonly socket: Socket;
  /** `host:port`. */
  readonly target: string;
  readonly signal: AbortSignal;
}

/**
 * Requests a tunnel from a proxy. Resolves to the connection to the proxy once the tunnel is open. Throws `RegistryError`,
 * and the reason of an aborted signal.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9110#name-connect
 */
export async function openTunnel(proxy: Proxy, { socket, target, signal }: TunnelOptions): Promise<Socket> {
  const { authorization } = proxy;
  const headers = {
    host: target,
    ...(authorization !== undefined && { 'proxy-authorization': authorization }),
  };
  try {
    socket.write(renderRequestHead({ method: 'CONNECT', target, headers }), 'latin1');
    const status = await readStatus(socket, signal);
    if (status !== 200) throw refused(proxy, { status, target });
    return socket;
  } catch (error) {
    socket.destroy();
    signal.throwIfAborted();
    throw error instanceof RegistryError ? error : noTunnel(proxy, error);
  }
}

/** The status of the answer to CONNECT. The socket is paused after it. */
function readStatus(socket: Socket, signal: AbortSignal): Promise<number> {
  const parser = new ResponseParser();
  parser.begin('CONNECT');
  return new Promise((resolve, reject) => {
    const stopTimer = systemTimer(TIME_LIMITS.tunnel, () =>
      fail(new ExchangeError('silent', 'it does not answer to CONNECT')),
    );
    const abort = () => fail(signal.reason);
    const release = () => {
      stopTimer();
      offAbort(signal, abort);
      socket.pause();
      socket.off('data', parse).off('error', fail).off('close', end);
    };
    const fail = (error: unknown) => {
      release();
      socket.on('error', () => {}); // what follows the first error
      reject(error);
    };
    const end = () => fail(unanswered());
    const parse = (input: Buffer) => {
      try {
        parser.feed(input);
        while (parser.next() === 'head' && parser.head.status < 200);
        if (parser.head.status < 200) return;
        if (parser.hasSurplus) throw new ExchangeError('invalid', 'it sent more than an answer');
        release();
        resolve(parser.head.status);
      } catch (error) {
        fail(error);
      }
    };
    if (signal.aborted) return abort();
    onAbort(signal, abort);
    socket.on('data', parse).once('error', fail).once('close', end);
  });
}

function noTunnel(proxy: Proxy, cause: unknown): RegistryError {
  const isInvalid = cause instanceof ExchangeError && cause.isInvalid;
  const why = isInvalid ? `its answer is not valid HTTP: ${messageOf(cause)}` : messageOf(cause);
  return failed(proxy, { why, temporary: !isInvalid, cause });
}

function refused(proxy: Proxy, { status, target }: { status: number; target: string }): RegistryError {
  const hint =
    status === 407 ? '; give its user and password as HTTPS_PROXY=http://USER:PASSWORD@HOST:PORT' : '';
  const why = `it answers ${status} to CONNECT ${target}${hint}`;
  return failed(proxy, { why, temporary: status >= 500 });
}

/** Names the proxy by its origin, because the rest of its URL is secret. */
export function failed(
  proxy: Proxy,
  { why, ...details }: { why: string; temporary: boolean; cause?: unknown },
): RegistryError {
  return new RegistryError('unreachable', `proxy ${proxy.origin}: ${why}`, details);
}
