import { createServer, type IncomingMessage, request as send, type ServerResponse } from 'node:http';
import { onTestFinished } from 'vitest';

/** Stands before a registry, and holds back what a test wants to see held. */
export interface HoldingProxy {
  /** `127.0.0.1:PORT`. */
  readonly host: string;
  /** Holds the next request whose `METHOD path` meets the pattern. */
  hold(pattern: RegExp): Held;
  /** Breaks the next request whose `METHOD path` meets the pattern off, on both sides, after so many bytes of its body. */
  cut(pattern: RegExp, bytes: number): void;
  /** Requests with a body so far, as `METHOD bytes`. */
  readonly bodies: readonly string[];
}

export interface Held {
  /** Resolves when the request is here. */
  readonly arrived: Promise<void>;
  release(): void;
}

interface Hold {
  readonly pattern: RegExp;
  readonly arrive: () => void;
  readonly released: Promise<void>;
}

/** A proxy for the running test. */
export async function holdingProxy(upstream: string): Promise<HoldingProxy> {
  const holds: Hold[] = [];
  const cuts: { readonly pattern: RegExp; readonly bytes: number }[] = [];
  const bodies: string[] = [];
  const server = createServer((incoming, outgoing) => {
    const line = `${incoming.method} ${incoming.url}`;
    countBody(incoming, bodies);
    const cutPlace = cuts.findIndex(({ pattern }) => line.search(pattern) !== -1);
    const [cut] = cutPlace === -1 ? [] : cuts.splice(cutPlace, 1);
    if (cut !== undefined) return forwardPart(upstream, incoming, cut.bytes);
    const place = holds.findIndex(({ pattern }) => line.search(pattern) !== -1);
    const [hold] = place === -1 ? [] : holds.splice(place, 1);
    if (hold === undefined) return forward(upstream, incoming, outgoing);
    hold.arrive();
    void hold.released.then(() => forward(upstream, incoming, outgoing));
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  onTestFinished(
    () =>
      new Promise<void>((done) => {
        server.close(() => done());
        server.closeAllConnections();
      }),
  );
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the proxy has no port');
  return {
    host: `127.0.0.1:${address.port}`,
    bodies,
    cut: (pattern, bytes) => void cuts.push({ pattern, bytes }),
    hold: (pattern) => {
      const arrived = deferred();
      const released = deferred();
      holds.push({ pattern, arrive: arrived.resolve, released: released.promise });
      return { arrived: arrived.promise, release: released.resolve };
    },
  };
}

function forward(upstream: string, incoming: IncomingMessage, outgoing: ServerResponse): void {
  const [hostname, port] = upstream.split(':');
  const { method, url: path, headers } = incoming;
  const onward = send({ hostname, port, method, path, headers }, (answer) => {
    outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
    answer.pipe(outgoing);
  });
  onward.on('error', () => outgoing.destroy());
  outgoing.on('close', () => onward.destroy());
  incoming.pipe(onward);
}

/** A connection of its own is cut when the upstream has taken the part. */
function forwardPart(upstream: string, incoming: IncomingMessage, bytes: number): void {
  const [hostname, port] = upstream.split(':');
  const { method, url: path, headers } = incoming;
  const onward = send({ hostname, port, method, path, headers, agent: false });
  onward.on('error', () => {}); // it is what was asked for
  let left = bytes;
  incoming.on('data', (piece: Buffer) => {
    const part = piece.subarray(0, left);
    left -= part.length;
    if (left > 0) return void onward.write(part);
    incoming.pause();
    onward.write(part, () => {
      onward.destroy();
      incoming.socket.resetAndDestroy();
    });
  });
}

function countBody(incoming: IncomingMessage, bodies: string[]): void {
  const { method, headers } = incoming;
  const length = Number(headers['content-length'] ?? 0);
  if (length > 0) bodies.push(`${method} ${length}`);
}

function deferred(): { promise: Promise<void>; resolve: () => void } {
  let resolve = () => {};
  const promise = new Promise<void>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}
