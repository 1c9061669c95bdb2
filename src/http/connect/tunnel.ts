import { request } from 'node:http';
import type { Socket } from 'node:net';
import { invalidityOf, MAX_HEADER_BYTES } from '../../base/invalid-http.ts';
import { TIME_LIMITS } from '../../base/limits-and-retries.ts';
import { RegistryError } from '../../ports/registry-error.ts';
import { systemTimer } from '../time-limits.ts';
import type { Proxy } from './proxies.ts';

/**
 * Requests a tunnel to `target` (`host:port`) from a proxy, over a connection to the proxy. Resolves to that connection
 * once the tunnel is open.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9110#name-connect
 */
export function openTunnel(
  proxy: Proxy,
  { socket, target }: { socket: Socket; target: string },
): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const { authorization } = proxy;
    const asked = request({
      method: 'CONNECT',
      path: target,
      headers: { host: target, ...(authorization !== undefined && { 'proxy-authorization': authorization }) },
      createConnection: () => socket,
      maxHeaderSize: MAX_HEADER_BYTES,
    });
    const stopTimer = systemTimer(TIME_LIMITS.tunnel, () =>
      asked.destroy(new Error('it does not answer to CONNECT')),
    );
    const fail = (error: Error) => {
      stopTimer();
      socket.destroy();
      reject(error);
    };
    asked.once('error', (cause) => fail(unanswered(proxy, cause)));
    asked.once('connect', ({ statusCode = 0 }, _socket, early) => {
      if (statusCode !== 200) return fail(refused(proxy, { statusCode, target }));
      if (early.length > 0)
        return fail(failed(proxy, { why: 'it sent more than an answer', temporary: false }));
      stopTimer();
      resolve(socket);
    });
    asked.end();
  });
}

function unanswered(proxy: Proxy, cause: Error): RegistryError {
  const invalidity = invalidityOf(cause);
  return failed(proxy, {
    why: invalidity ?? cause.message,
    temporary: invalidity === undefined,
    cause,
  });
}

function refused(
  proxy: Proxy,
  { statusCode, target }: { statusCode: number; target: string },
): RegistryError {
  const hint =
    statusCode === 407 ? '; give its user and password as HTTPS_PROXY=http://USER:PASSWORD@HOST:PORT' : '';
  const why = `it answers ${statusCode} to CONNECT ${target}${hint}`;
  return failed(proxy, { why, temporary: statusCode >= 500 });
}

/** Names the proxy by its origin, because the rest of its URL is secret. */
export function failed(
  proxy: Proxy,
  { why, ...details }: { why: string; temporary: boolean; cause?: unknown },
): RegistryError {
  return new RegistryError('unreachable', `proxy ${proxy.origin}: ${why}`, details);
}
