import { Agent, createServer, request as forward } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';

/** A server before another one that lets every request wait; requests wait side by side. */
export async function startLatencyFront(target: string, milliseconds: number) {
  const agent = new Agent({ keepAlive: true });
  const [hostname, port] = target.split(':');
  const server = createServer((incoming, outgoing) => {
    const pass = async () => {
      await wait(milliseconds);
      const { method, url: path, headers } = incoming;
      const onward = forward({ agent, hostname, port, method, path, headers }, (reply) => {
        outgoing.writeHead(reply.statusCode ?? 500, reply.headers);
        reply.pipe(outgoing);
      });
      onward.on('error', () => outgoing.destroy());
      incoming.pipe(onward);
    };
    void pass();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- it listens on a port
  const address = server.address() as AddressInfo;
  return {
    host: `127.0.0.1:${address.port}`,
    stop: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
        agent.destroy();
      }),
  };
}
