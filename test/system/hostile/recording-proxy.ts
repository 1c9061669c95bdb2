import { createServer, request as forward, type IncomingMessage } from 'node:http';
import { onTestFinished } from 'vitest';

/** What came to a front, with what it was to keep secret. */
export interface ProxyRequest {
  /** `METHOD url`. */
  readonly line: string;
  readonly authorization: string | undefined;
  readonly proxyAuthorization: string | undefined;
  readonly body: Buffer;
}

export interface ProxyAnswer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

export interface RecordingProxy {
  /** `127.0.0.1:PORT`. */
  readonly host: string;
  readonly requests: readonly ProxyRequest[];
  /** Bearer tokens that came, each once. */
  readonly tokens: ReadonlySet<string>;
}

/**
 * A server for the running test before another one: it sees the credentials that the registries of tests do not keep,
 * and may answer in their place. It serves as a proxy too, to one server or to one for each host.
 */
export async function startRecordingProxy(
  target: string | ((host: string) => string),
  answer: (request: ProxyRequest, url: string) => ProxyAnswer | undefined = () => undefined,
): Promise<RecordingProxy> {
  const requests: ProxyRequest[] = [];
  const tokens = new Set<string>();
  const server = createServer((incoming, outgoing) => {
    void readBody(incoming).then((body) => {
      const { authorization, 'proxy-authorization': proxyAuthorization } = incoming.headers;
      const seen = { line: `${incoming.method} ${incoming.url}`, authorization, proxyAuthorization, body };
      requests.push(seen);
      const [, token] = /^Bearer (.*)$/.exec(authorization ?? '') ?? [];
      if (token !== undefined) tokens.add(token);
      const own = answer(seen, `http://${host}`);
      if (own !== undefined) {
        outgoing.writeHead(own.status, own.headers ?? {}).end(own.body ?? '');
        return;
      }
      const url = new URL(incoming.url ?? '/', `http://${host}`); // a proxy is asked with the whole URL
      const path = `${url.pathname}${url.search}`;
      const [hostname, port] = (typeof target === 'string' ? target : target(url.host)).split(':');
      const onward = forward(
        { hostname, port, path, method: incoming.method, headers: incoming.headers },
        (reply) => {
          outgoing.writeHead(reply.statusCode ?? 500, reply.headers);
          reply.pipe(outgoing);
        },
      );
      onward.on('error', () => outgoing.destroy());
      onward.end(body);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server has no port');
  const host = `127.0.0.1:${address.port}`;
  onTestFinished(
    () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  );
  return { host, requests, tokens };
}

async function readBody(incoming: IncomingMessage): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of incoming as AsyncIterable<Buffer>) pieces.push(piece); // nobody sets an encoding
  return Buffer.concat(pieces);
}
