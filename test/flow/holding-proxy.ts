import { createServer, type IncomingMessage, request as send, type ServerResponse } from 'node:http';
import { onTestFinished } from 'vitest';

/** Stands before a registry, and holds back what a test wants to see held. */
export interface HoldingProxy {
  /** `127.0.0.1:PORT`. */
  readonly host: string;
  /** Holds the next request whose `METHOD path` is the one: before the registry gets it, or its answer after. */
  hold(which: RegExp | ((line: string) => boolean), moment?: Moment): Held;
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
  const server = createServer((incoming, outgoing) => {
    const line = `${incoming.method} ${incoming.url}`;
    const place = holds.findIndex(({ isIt }) => isIt(line));
    const [hold] = place === -1 ? [] : holds.splice(place, 1);
    void pass({ upstream, incoming, outgoing }, hold);
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
}

async function pass(exchange: Exchange, hold: Hold | undefined): Promise<void> {
  if (hold?.moment === 'received') await hold.stop();
  forward(exchange, hold?.moment === 'answered' ? hold.stop : async () => {});
}

function forward({ upstream, incoming, outgoing }: Exchange, beforeAnswer: () => Promise<void>): void {
  const [hostname, port] = upstream.split(':');
  const { method, url: path, headers } = incoming;
  const onward = send({ hostname, port, method, path, headers }, (answer) => {
    void beforeAnswer().then(() => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(outgoing);
    });
  });
  onward.on('error', () => outgoing.destroy());
  outgoing.on('close', () => onward.destroy());
  incoming.pipe(onward);
}

function deferred(): { promise: Promise<void>; resolve: () => void } {
  let resolve = () => {};
  const promise = new Promise<void>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}
