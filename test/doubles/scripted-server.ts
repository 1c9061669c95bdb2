import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type OutgoingHttpHeaders,
  type ServerResponse,
} from 'node:http';
import type { Socket } from 'node:net';
import { onTestFinished } from 'vitest';

/** One request that is to come, and what it is answered with. */
export interface Step {
  /** `METHOD /path?query` as a whole, or a pattern for it. */
  readonly request: string | RegExp;
  /** Looks at the request; what it throws fails the test. */
  readonly check?: (request: ScriptedRequest) => void;
  /** Answers without reading the body of the request. */
  readonly early?: true;
  readonly answer: ScriptedAnswer | ((request: ScriptedRequest) => ScriptedAnswer | Promise<ScriptedAnswer>);
}

export type ScriptedAnswer =
  /** A well-formed answer. A record as `body` is sent as JSON. */
  | {
      readonly status: number;
      readonly headers?: Readonly<Record<string, string | readonly string[]>>;
      readonly body?: string | Uint8Array | Readonly<Record<string, unknown>>;
    }
  /** These very bytes on the socket, and what becomes of it then. */
  | { readonly raw: string | Uint8Array; readonly ending: 'close' | 'reset' | 'open' };

export interface ScriptedRequest {
  /** `METHOD /path?query`. */
  readonly line: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

export interface ScriptedServer {
  /** `127.0.0.1:PORT`. */
  readonly host: string;
  /** `http://127.0.0.1:PORT`. */
  readonly url: string;
  /** What came, in order of arrival. */
  readonly requests: readonly ScriptedRequest[];
  /** Connections that are open now. */
  readonly connections: number;
  /** Throws where a request came that was not to come, or one that was to come did not. */
  verify(): void;
  close(): Promise<void>;
}

/** A server that follows a script for the running test, which fails unless the script was followed to its end. */
export async function scriptedServer(steps: Script): Promise<ScriptedServer> {
  const server = await startScriptedServer(steps);
  onTestFinished(async () => {
    await server.close();
    server.verify();
  });
  return server;
}

/** The steps, in order; made from the address of the server where they need it. */
export type Script = readonly Step[] | ((url: string) => readonly Step[]);

/** The same without a test around it: whoever starts it verifies and closes it. */
export async function startScriptedServer(script: Script): Promise<ScriptedServer> {
  const requests: ScriptedRequest[] = [];
  const failures: string[] = [];
  let steps: readonly Step[] = [];

  const server = createServer((incoming, outgoing) => {
    void answer(incoming, outgoing).catch((error: unknown) => {
      failures.push(String(error));
      outgoing.destroy();
    });
  });
  const answer = async (incoming: IncomingMessage, outgoing: ServerResponse) => {
    const line = `${incoming.method} ${incoming.url}`;
    const number = requests.length;
    const partial = { line, headers: incoming.headers, body: Buffer.alloc(0) };
    requests.push(partial); // in order of arrival, not of the end of their bodies
    const step = steps[number];
    const request = step?.early ? partial : { ...partial, body: await readBody(incoming) };
    requests[number] = request;
    if (step === undefined || !meets(step.request, line)) {
      failures.push(`unexpected ${line}${step === undefined ? '' : `, expected ${String(step.request)}`}`);
      outgoing.writeHead(418).end('not in the script');
      return;
    }
    step.check?.(request);
    deliver(outgoing, typeof step.answer === 'function' ? await step.answer(request) : step.answer);
  };

  let connections = 0;
  server.on('connection', (socket) => {
    connections += 1;
    socket.on('close', () => (connections -= 1));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server has no port');
  const host = `127.0.0.1:${address.port}`;
  steps = typeof script === 'function' ? script(`http://${host}`) : script;

  return {
    host,
    url: `http://${host}`,
    requests,
    get connections() {
      return connections;
    },
    verify: () => {
      const unused = steps.slice(requests.length).map((step) => `never came: ${String(step.request)}`);
      if (failures.length + unused.length > 0) throw new Error([...failures, ...unused].join('\n'));
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** A status line, headers and body as text, for what node would not send. */
export function rawAnswer(head: readonly string[], body = ''): string {
  return `${head.join('\r\n')}\r\n\r\n${body}`;
}

function meets(expected: string | RegExp, line: string): boolean {
  return typeof expected === 'string' ? expected === line : line.search(expected) !== -1;
}

async function readBody(incoming: IncomingMessage): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of incoming as AsyncIterable<Buffer>) pieces.push(piece); // nobody sets an encoding
  return Buffer.concat(pieces);
}

/** Answers a request of a server that a test has made itself. */
export function deliver(outgoing: ServerResponse, answer: ScriptedAnswer): void {
  if ('raw' in answer) return deliverRaw(outgoing.socket, answer);
  const { status, headers = {}, body = '' } = answer;
  const isText = typeof body === 'string' || body instanceof Uint8Array;
  const bytes = Buffer.from(isText ? body : JSON.stringify(body));
  outgoing.writeHead(status, { 'content-length': String(bytes.length), ...copyHeaders(headers) });
  outgoing.end(outgoing.req.method === 'HEAD' ? undefined : bytes);
}

/** Node's type wants arrays that it may change. */
function copyHeaders(headers: Readonly<Record<string, string | readonly string[]>>): OutgoingHttpHeaders {
  const entries = Object.entries(headers).map(
    ([name, value]) => [name, typeof value === 'string' ? value : [...value]] as const,
  );
  return Object.fromEntries(entries);
}

function deliverRaw(socket: Socket | null, { raw, ending }: Extract<ScriptedAnswer, { raw: unknown }>): void {
  socket?.write(raw, () => {
    if (ending === 'close') socket.end();
    if (ending === 'reset') socket.resetAndDestroy();
  });
}
