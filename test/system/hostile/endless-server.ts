import { createServer, type IncomingMessage } from 'node:http';
import { onTestFinished } from 'vitest';

export interface EndlessServer {
  /** `127.0.0.1:PORT`. */
  readonly host: string;
  /** `METHOD /path`, in order of arrival. */
  readonly requests: readonly string[];
  /** Bytes of bodies that the kernel has taken so far. */
  readonly sent: number;
  /** Resolves when nobody is connected any more. */
  readonly quiet: () => Promise<void>;
}

/** What an answer is before its body, which never ends. */
export interface Head {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Comes first, once. */
  readonly start?: string;
}

const PIECE = Buffer.alloc(64 * 1024, ' ');

/** A server for the running test that answers and answers, until the other side closes the connection. */
export async function endlessServer(
  head: (incoming: IncomingMessage, url: string) => Head,
): Promise<EndlessServer> {
  const requests: string[] = [];
  let sent = 0;
  let open = 0;
  let wake = () => {};
  const server = createServer((incoming, outgoing) => {
    requests.push(`${incoming.method} ${incoming.url}`);
    const { status, headers = {}, start = '' } = head(incoming, url);
    outgoing.writeHead(status, { connection: 'close', ...headers });
    if (incoming.method === 'HEAD') {
      outgoing.end();
      return;
    }
    outgoing.write(start);
    const pour = () => {
      while (!outgoing.destroyed) {
        sent += PIECE.length;
        if (!outgoing.write(PIECE)) return;
      }
    };
    outgoing.on('drain', pour);
    pour();
  });
  server.on('connection', (socket) => {
    open += 1;
    socket.on('error', () => {}); // the other side has had enough
    socket.on('close', () => {
      open -= 1;
      wake();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server has no port');
  const host = `127.0.0.1:${address.port}`;
  const url = `http://${host}`;
  onTestFinished(
    () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  );
  return {
    host,
    requests,
    get sent() {
      return sent;
    },
    quiet: async () => {
      // oxlint-disable-next-line no-unmodified-loop-condition -- the handlers above change it
      while (open > 0) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    },
  };
}
