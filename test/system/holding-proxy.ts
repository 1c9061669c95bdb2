import { createServer, type IncomingMessage, type ServerResponse, request as send } from 'node:http';
import { onTestFinished } from 'vitest';

/** Stands before a registry, and holds back what a test wants to see held. */
export interface HoldingProxy {
  /** `127.0.0.1:PORT`. */
  readonly host: string;
  /** Holds the next request whose `METHOD path` is the one: before the registry gets it, or its answer after. */
  hold(which: RegExp | ((line: string) => boolean), moment?: Moment): Held;
  /** Breaks the next request whose `METHOD path` meets the pattern off, on both sides, after so many bytes of its body. */
  cut(pattern: RegExp, bytes: number): void;
  /** Requests with a body so far, as `METHOD bytes`. */
  readonly bodies: readonly string[];
  /** Resolves when nothing is under way to the registry any more, nor at it. */
  quiet(): Promise<void>;
}

/** When a request is held. Default `received`. */
export type Moment = 'received' | 'answered';

export interface Held {
  /** Resolves when the moment has come. */
  readonly arrived: Promise<void>;
  release(): void;
}

interface Hold {
  readonly isIt: (line: string) => boolean;
  readonly moment: Moment;
  /** Resolves when it is let go. */
  readonly stop: () => Promise<void>;
}

/** A proxy for the running test. */
export async function holdingProxy(upstream: string): Promise<HoldingProxy> {
  const holds: Hold[] = [];
  const cuts: { readonly pattern: RegExp; readonly bytes: number }[] = [];
  const bodies: string[] = [];
  const underWay = { count: 0 };
  const server = createServer((incoming, outgoing) => {
    const line = `${incoming.method} ${incoming.url}`;
    countBody(incoming, bodies);
    const cutPlace = cuts.findIndex(({ pattern }) => line.search(pattern) !== -1);
    const [cut] = cutPlace === -1 ? [] : cuts.splice(cutPlace, 1);
    if (cut !== undefined) return forwardPart(upstream, incoming, cut.bytes);
    const place = holds.findIndex(({ isIt }) => isIt(line));
    const [hold] = place === -1 ? [] : holds.splice(place, 1);
    void pass({ upstream, incoming, outgoing, underWay }, hold);
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
    quiet: async () => {
      // what a client has sent may be done after it is gone
      for (let turns = 0; turns < 20; turns = underWay.count > 0 ? 0 : turns + 1)
        await new Promise((resolve) => setImmediate(resolve));
    },
    cut: (pattern, bytes) => void cuts.push({ pattern, bytes }),
    hold: (which, moment = 'received') => {
      const arrived = deferred();
      const released = deferred();
      const isIt = typeof which === 'function' ? which : (line: string) => line.search(which) !== -1;
      const stop = () => {
        arrived.resolve();
        return released.promise;
      };
      holds.push({ isIt, moment, stop });
      return { arrived: arrived.promise, release: released.resolve };
    },
  };
}

interface Exchange {
  readonly upstream: string;
  readonly incoming: IncomingMessage;
  readonly outgoing: ServerResponse;
  readonly underWay: { count: number };
}

async function pass(exchange: Exchange, hold: Hold | undefined): Promise<void> {
  if (hold?.moment === 'received') await hold.stop();
  forward(exchange, hold?.moment === 'answered' ? hold.stop : async () => {});
}

function forward(
  { upstream, incoming, outgoing, underWay }: Exchange,
  beforeAnswer: () => Promise<void>,
): void {
  const [hostname, port] = upstream.split(':');
  const { method, url: path, headers } = incoming;
  const onward = send({ hostname, port, method, path, headers }, (answer) => {
    void beforeAnswer().then(() => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(outgoing);
    });
  });
  underWay.count += 1;
  onward.on('close', () => (underWay.count -= 1));
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
