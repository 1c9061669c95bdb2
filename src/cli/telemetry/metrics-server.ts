import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { isIPv6 } from 'node:net';
import { messageOf } from '../../base/errors.ts';
import type { Secrets } from '../../base/secrets.ts';
import type { Log } from '../../ports/log.ts';
import type { MetricsTarget } from '../flags/options/metrics-option.ts';
import { InputError } from '../flags/usage-error.ts';
import { EXPOSITION_TYPE, renderExposition } from './exposition.ts';
import type { ObservedRun, Sink } from './run-observer.ts';

type Address = Extract<MetricsTarget, { kind: 'address' }>;

interface ServerParts {
  readonly read: () => ObservedRun;
  readonly log: Log;
  readonly secrets: Secrets;
}

/** Scrapers of one run; more connections are closed. */
const MAX_CONNECTIONS = 20;
/** Milliseconds for the headers of a request. */
const REQUEST_LIMIT = 10_000;

/**
 * Serves the metrics at `/metrics` until the run ends, and keeps no process alive. Throws an `InputError` if the address
 * is not free.
 */
export async function serveMetrics(address: Address, { read, log, secrets }: ServerParts): Promise<Sink> {
  const server = createServer(
    { headersTimeout: REQUEST_LIMIT, requestTimeout: REQUEST_LIMIT },
    (request, response) => answer(request, response, () => secrets.redact(renderExposition(read()))),
  );
  server.maxConnections = MAX_CONNECTIONS;
  const port = await listen(server, address);
  server.unref();
  log.write('info', 'serving metrics', { url: `http://${formatAddress({ ...address, port })}/metrics` });
  return {
    close: async () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

function answer(request: IncomingMessage, response: ServerResponse, render: () => string): void {
  const path = (request.url ?? '').split('?')[0];
  if (path !== '/metrics') return refuse(response, 404, 'not found: the metrics are at /metrics\n');
  if (request.method !== 'GET' && request.method !== 'HEAD') return refuse(response, 405, 'use GET\n');
  const body = Buffer.from(render());
  response.writeHead(200, { 'content-type': EXPOSITION_TYPE, 'content-length': body.length });
  response.end(request.method === 'HEAD' ? undefined : body);
}

function refuse(response: ServerResponse, status: 404 | 405, text: string): void {
  const allow = status === 405 ? { allow: 'GET, HEAD' } : {};
  response.writeHead(status, { 'content-type': 'text/plain', ...allow }).end(text);
}

/** Resolves to the port. */
function listen(server: Server, address: Address): Promise<number> {
  return new Promise((resolve, reject) => {
    server.on('error', (error) => {
      reject(new InputError(`cannot serve metrics at ${formatAddress(address)}: ${explain(error)}`));
    });
    server.listen(address.port, address.host, () => {
      const bound = server.address();
      resolve(bound !== null && typeof bound === 'object' ? bound.port : address.port);
    });
  });
}

function explain(error: Error): string {
  const code = 'code' in error ? error.code : undefined;
  if (code === 'EADDRINUSE') return 'the port is in use: choose another, or :0 for a free one';
  if (code === 'EACCES') return 'permission denied: choose a port above 1023';
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND') return 'the host is not an address of this machine';
  return messageOf(error);
}

function formatAddress({ host, port }: Pick<Address, 'host' | 'port'>): string {
  return `${isIPv6(host) ? `[${host}]` : host}:${port}`;
}
