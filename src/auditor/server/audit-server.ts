import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { messageOf } from '../../base/errors.ts';
import type { Answer, AuditedRequest } from '../auditor.ts';
import type { AuditorCounts } from '../counts.ts';
import type { Authorizer } from './authorizer.ts';
import { BodyBudget, readBody } from './read-body.ts';

export interface ServerOptions {
  readonly port: number;
  /** Undefined: every address of the machine. */
  readonly host: string | undefined;
  /** Messages in flight; more are refused with 429. */
  readonly maxMessages: number;
}

export interface ServerParts {
  readonly audit: (request: AuditedRequest, signal: AbortSignal) => Promise<Answer>;
  readonly authorize: Authorizer;
  /** Undefined if the service can judge messages, else why not. */
  readonly unreadiness: () => string | undefined;
  readonly renderMetrics: () => string;
  readonly counts: AuditorCounts;
  /** Called with unexpected errors: the client sees none of them. */
  readonly onError: (reason: string) => void;
  /** Abandons messages in flight. */
  readonly signal: AbortSignal;
}

export interface AuditServer {
  readonly port: number;
  /** Accepts no more messages. Resolves when those in flight are answered. */
  close(): Promise<void>;
}

const MAX_BODY_BYTES = 1024 * 1024;
const MAX_BODIES_BYTES = 64 * 1024 * 1024;
const MAX_HEADER_BYTES = 16 * 1024;
/** Milliseconds. */
const HEADERS_LIMIT = 10_000;
const REQUEST_LIMIT = 30_000;
/** Between two checks of these limits. */
const LIMITS_INTERVAL = 1_000;
/** Longer than a load balancer keeps an idle connection, so that it never uses one that is being closed. */
const KEEP_ALIVE = 65_000;
/** Connections beside those of messages: probes and scrapers. */
const SPARE_CONNECTIONS = 1_000;
/** Milliseconds for one message: Pub/Sub waits at most 600 s, and usually far less. */
const MESSAGE_LIMIT = 30_000;

/** Serves messages on every path, and `/healthz`, `/readyz` and `/metrics`. Throws if the address is not free. */
export async function startAuditServer(options: ServerOptions, parts: ServerParts): Promise<AuditServer> {
  const handler = new RequestHandler(options, parts);
  const server = createServer(
    {
      headersTimeout: HEADERS_LIMIT,
      requestTimeout: REQUEST_LIMIT,
      connectionsCheckingInterval: LIMITS_INTERVAL,
      keepAliveTimeout: KEEP_ALIVE,
      maxHeaderSize: MAX_HEADER_BYTES,
    },
    (request, response) => void handler.handle(request, response),
  );
  server.maxConnections = options.maxMessages + SPARE_CONNECTIONS;
  const port = await listen(server, options);
  return {
    port,
    close: () => {
      handler.stop();
      return new Promise((resolve) => {
        server.close(() => resolve());
        server.closeIdleConnections();
      });
    },
  };
}

class RequestHandler {
  readonly #options: ServerOptions;
  readonly #parts: ServerParts;
  readonly #budget = new BodyBudget(MAX_BODIES_BYTES);
  #isStopping = false;

  constructor(options: ServerOptions, parts: ServerParts) {
    this.#options = options;
    this.#parts = parts;
  }

  /** From now on, each response closes its connection. */
  stop(): void {
    this.#isStopping = true;
  }

  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { counts, onError } = this.#parts;
    try {
      if (request.method === 'POST') await this.#message(request, response);
      else this.#get(request, response);
    } catch (error) {
      onError(messageOf(error));
      this.#respond(response, 500, 'internal error\n');
    }
    const { statusCode, headersSent } = response;
    if (!headersSent) return; // the client has gone
    counts.responses.set(statusCode, (counts.responses.get(statusCode) ?? 0) + 1);
  }

  #get(request: IncomingMessage, response: ServerResponse): void {
    const { method } = request;
    const path = pathOf(request);
    if (method !== 'GET' && method !== 'HEAD')
      return this.#respond(response, 405, 'use POST\n', { allow: 'POST' });
    if (path === '/healthz') return this.#respond(response, 200, 'ok\n');
    if (path === '/readyz') {
      const reason = this.#parts.unreadiness();
      return this.#respond(response, reason === undefined ? 200 : 503, `${reason ?? 'ready'}\n`);
    }
    if (path === '/metrics') {
      const type = 'text/plain; version=0.0.4; charset=utf-8';
      return this.#respond(response, 200, this.#parts.renderMetrics(), { 'content-type': type });
    }
    this.#respond(response, 405, 'use POST for messages\n', { allow: 'POST' });
  }

  async #message(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { counts } = this.#parts;
    if (counts.inFlight >= this.#options.maxMessages) return this.#refuseBusy(response);
    counts.inFlight += 1;
    try {
      const read = await readBody(request, { limit: MAX_BODY_BYTES, budget: this.#budget });
      switch (read.kind) {
        case 'gone':
          return;
        case 'busy':
          return this.#refuseBusy(response);
        case 'too-large':
          return this.#respond(response, 413, `a message has at most ${MAX_BODY_BYTES} bytes\n`, CLOSE);
        case 'body':
          return await this.#audit(request, read.body, response).finally(() =>
            this.#budget.release(read.body.length),
          );
      }
    } finally {
      counts.inFlight -= 1;
    }
  }

  async #audit(request: IncomingMessage, body: Buffer, response: ServerResponse): Promise<void> {
    const { authorize, audit, signal } = this.#parts;
    const { headers } = request;
    const authorization = await authorize(headers, body);
    if (authorization.kind === 'refused')
      return this.#respond(response, 401, `${authorization.reason}\n`, { 'www-authenticate': 'Bearer' });
    if (authorization.kind === 'unavailable')
      return this.#respond(response, 503, `${authorization.reason}\n`);
    const limit = new AbortController();
    const late = () => limit.abort(new Error(`not judged within ${MESSAGE_LIMIT / 1000} s`));
    const timer = setTimeout(late, MESSAGE_LIMIT);
    const stop = () => limit.abort(new Error('the service is stopping'));
    signal.addEventListener('abort', stop);
    try {
      const answer = await audit({ headers, body, path: pathOf(request) }, limit.signal);
      this.#respond(response, answer.status, answer.body);
    } finally {
      clearTimeout(timer);
      signal.removeEventListener('abort', stop);
    }
  }

  #refuseBusy(response: ServerResponse): void {
    this.#respond(response, 429, 'too many messages in flight\n', { 'retry-after': '1', ...CLOSE });
  }

  #respond(
    response: ServerResponse,
    status: number,
    text: string,
    headers: Readonly<Record<string, string>> = {},
  ): void {
    if (response.headersSent || response.destroyed) return;
    response.writeHead(status, {
      'content-type': 'text/plain; charset=utf-8',
      'x-content-type-options': 'nosniff',
      'content-length': Buffer.byteLength(text),
      ...(this.#isStopping ? CLOSE : {}),
      ...headers,
    });
    response.end(response.req.method === 'HEAD' ? undefined : text);
  }
}

/** The path without the query, which may have a token in it. */
function pathOf({ url = '/' }: IncomingMessage): string {
  return url.split('?', 1).join('');
}

/** For responses to requests whose body has not been read. */
const CLOSE = { connection: 'close' } as const;

function listen(server: Server, { port, host }: ServerOptions): Promise<number> {
  return new Promise((resolve, reject) => {
    server.on('error', reject);
    server.listen({ port, ...(host === undefined ? {} : { host }) }, () => {
      const bound = server.address();
      resolve(bound !== null && typeof bound === 'object' ? bound.port : port);
    });
  });
}
