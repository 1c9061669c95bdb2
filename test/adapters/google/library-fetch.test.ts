// Covers src/adapters/google/default-credentials.ts
// Covers src/base/invalid-http.ts

import { readFileSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, connect, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import type { Env } from '../../../src/adapters/google/default-credentials.ts';
import { createFetch } from '../../../src/adapters/google/library-fetch.ts';
import { type Issued, PrivateCa } from '../../doubles/private-ca.ts';
import { hasTlsTools } from '../../doubles/tls-servers.ts';
import { CANARY, type FakeGoogle } from './fake-google.ts';
import { A, keyOf, scene } from './scene.ts';

describe.skipIf(!hasTlsTools())('Google behind a certificate of a private authority', () => {
  let ca: PrivateCa;
  let issued: Record<'localhost' | 'google.test', Issued>;

  beforeAll(async () => {
    ca = await PrivateCa.make();
    issued = { localhost: await ca.issue('localhost'), 'google.test': await ca.issue('google.test') };
  });
  afterAll(() => ca.remove());

  /** A key whose token endpoint is such a server, for a program that trusts these. */
  async function setUp(cas: readonly string[], { host, env = {} }: { host: keyof typeof issued; env?: Env }) {
    let port = 0;
    const { google, token, refusal } = await scene({
      files: (fake) => ({ 'a.json': { ...keyOf(A, fake), token_uri: `https://${host}:${port}/token` } }),
      keyFiles: ['a.json'],
      before: async (fake) => {
        port = await tlsFront(fake, issued[host]);
      },
      options: { fetch: createFetch({ env, readCas: () => Promise.resolve(cas) }) },
    });
    return { google, token, refusal, port };
  }

  it('is refused where nobody trusts that authority', async () => {
    const { refusal } = await setUp([], { host: 'localhost' });
    expect((await refusal()).message).toMatch(
      /certificate; if its certificate is right, trust its authority with -ca-file FILE$/,
    );
  });

  it('makes tokens where the user does', async () => {
    const { token, google } = await setUp([ca.pem], { host: 'localhost' });
    expect(await token()).toBe(`${CANARY}.${A}.1`);
    expect(google.asked).toEqual([`jwt ${A}`]);
  });

  it('is asked through the proxy of the surroundings, unless it is on this machine', async () => {
    const proxy = await tunnelProxy();
    const env = { HTTPS_PROXY: `http://127.0.0.1:${proxy.port}` };
    const there = await setUp([ca.pem], { host: 'google.test', env });
    expect(await there.token()).toBe(`${CANARY}.${A}.1`);
    expect(proxy.asked).toEqual([`google.test:${there.port}`]);
    const here = await setUp([ca.pem], { host: 'localhost', env });
    await here.token();
    expect(proxy.asked).toHaveLength(1);
  });
});

/** The port of a server with TLS before the fake. */
async function tlsFront(fake: FakeGoogle, { cert, key }: Issued): Promise<number> {
  const files = { cert: readFileSync(cert), key: readFileSync(key) };
  return listen(createTlsServer(files, (socket) => join(socket, Number(fake.host.split(':')[1]))));
}

/** A proxy that leads to this machine, whatever name it is asked for. */
async function tunnelProxy() {
  const asked: string[] = [];
  const server = createHttpServer();
  server.on('connect', ({ url = '' }, socket) => {
    asked.push(url);
    socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
    join(socket, Number(url.split(':')[1]));
  });
  return { port: await listen(server), asked };
}

function join(socket: NodeJS.ReadWriteStream, port: number): void {
  const onward = connect(port, '127.0.0.1');
  socket.on('error', () => onward.destroy());
  onward.on('error', () => socket.end());
  socket.pipe(onward).pipe(socket);
}

async function listen(server: Server): Promise<number> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => sockets.add(socket));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- it listens on a port
  return (server.address() as AddressInfo).port;
}
