import { readFileSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import {
  type AddressInfo,
  connect,
  createServer as createTcpServer,
  type Server,
  type Socket,
} from 'node:net';
import { networkInterfaces } from 'node:os';
import { createServer as createTlsServer } from 'node:tls';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import type { NetworkOptions } from '../../src/http/connect/network-options.ts';
import { createFetch } from '../../src/http/fetch.ts';
import { CANARY, type FakeGoogle } from '../adapters/google/fake-google.ts';
import { A, keyOf, scene } from '../adapters/google/scene.ts';
import { registryErrorOf } from '../adapters/oci/client.ts';
import { FakeClock } from '../doubles/fake-clock.ts';
import { type Issued, PrivateCa } from '../doubles/private-ca.ts';
import { scriptedServer } from '../doubles/scripted-server.ts';
import { hasTlsTools } from '../doubles/tls-servers.ts';

describe.skipIf(!hasTlsTools())('Google behind a certificate of a private authority', () => {
  let ca: PrivateCa;
  let issued: Record<'localhost' | 'google.test', Issued>;

  beforeAll(async () => {
    ca = await PrivateCa.make();
    issued = { localhost: await ca.issue('localhost'), 'google.test': await ca.issue('google.test') };
  });
  afterAll(() => ca.remove());

  /** A key whose token endpoint is such a server, for a program that trusts these. */
  async function setUp(
    caFiles: readonly string[],
    { host, env = {} }: { host: keyof typeof issued; env?: NetworkOptions['env'] },
  ) {
    let port = 0;
    const { google, token, refusal } = await scene({
      files: (fake) => ({ 'a.json': { ...keyOf(A, fake), token_uri: `https://${host}:${port}/token` } }),
      keyFiles: ['a.json'],
      before: async (fake) => {
        port = await tlsFront(fake, issued[host]);
      },
      options: { fetch: fetchOver({ env, caFiles, lookup: loopbackLookup }) },
    });
    return { google, token, refusal, port };
  }

  it('is refused if that authority is not trusted', async () => {
    const { refusal } = await setUp([], { host: 'localhost' });
    expect((await refusal()).message).toMatch(
      /certificate; if its certificate is right, trust its authority with -ca-file FILE or certs\.d\/localhost:\d+\/ca\.crt$/,
    );
  });

  it('makes tokens where the user does', async () => {
    const { token, google } = await setUp([ca.cert], { host: 'localhost' });
    expect(await token()).toBe(`${CANARY}.${A}.1`);
    expect(google.asked).toEqual([`jwt ${A}`]);
  });

  it('is asked through the proxy of the surroundings, unless it is on this machine', async () => {
    const proxy = await tunnelProxy();
    const env = { HTTPS_PROXY: `http://127.0.0.1:${proxy.port}` };
    const there = await setUp([ca.cert], { host: 'google.test', env });
    expect(await there.token()).toBe(`${CANARY}.${A}.1`);
    expect(proxy.asked).toEqual([`google.test:${there.port}`]);
    const here = await setUp([ca.cert], { host: 'localhost', env });
    await here.token();
    expect(proxy.asked).toHaveLength(1);
  });

  it.each(['*', 'google.test', '.test'])(
    'is asked without a proxy where NO_PROXY is %s',
    async (exception) => {
      const proxy = await tunnelProxy();
      const env = { HTTPS_PROXY: `http://127.0.0.1:${proxy.port}`, NO_PROXY: exception };
      const { token } = await setUp([ca.cert], { host: 'google.test', env });
      expect(await token()).toBe(`${CANARY}.${A}.1`);
      expect(proxy.asked).toEqual([]);
    },
  );
});

/** Loopback addresses have no proxy anyway. */
const OWN_ADDRESS = Object.values(networkInterfaces())
  .flatMap((addresses = []) => addresses)
  .find(
    ({ family, internal, address }) => family === 'IPv4' && !internal && !address.startsWith('169.254.'),
  )?.address;
if (OWN_ADDRESS === undefined) console.log('skipped: ranges of NO_PROXY: no address besides loopback');

describe.skipIf(OWN_ADDRESS === undefined)('Google at an address in a range of NO_PROXY', () => {
  /** A key whose token endpoint is at that address. The proxy is down. */
  async function setUp(noProxy: string) {
    const env = { HTTP_PROXY: 'http://127.0.0.1:1', NO_PROXY: noProxy };
    let port = 0;
    return scene({
      files: (fake) => ({
        'a.json': { ...keyOf(A, fake), token_uri: `http://${OWN_ADDRESS}:${port}/token` },
      }),
      keyFiles: ['a.json'],
      before: async (fake) => {
        const front = createTcpServer((socket) => join(socket, Number(fake.host.split(':')[1])));
        port = await listen(front, '0.0.0.0');
      },
      options: { fetch: fetchOver({ env }) },
    });
  }

  it('is asked without a proxy', async () => {
    const { token } = await setUp(`240.0.0.1, ${OWN_ADDRESS}/8`);
    expect(await token()).toBe(`${CANARY}.${A}.1`);
  });

  it('is asked through the proxy where the range is another one', async () => {
    const { refusal } = await setUp('240.0.0.0/8');
    expect(await refusal()).toMatchObject({ code: 'unavailable', message: expect.stringContaining('proxy') });
  });
});

describe('fetch over the HTTP stack', () => {
  it('sends the body of a form with its type, and names the program', async () => {
    const server = await scriptedServer([
      {
        request: 'POST /token',
        check: ({ headers, body }) => {
          expect(headers['content-type']).toMatch(/^application\/x-www-form-urlencoded/);
          expect(headers['user-agent']).toBe('cip/test');
          expect(body.toString()).toBe('a=1');
        },
        answer: { status: 200, headers: { 'content-type': 'application/json' }, body: '{"b":2}' },
      },
    ]);
    const fetch = fetchOver({});
    const response = await fetch(`${server.url}/token`, {
      method: 'POST',
      body: new URLSearchParams({ a: '1' }),
    });
    expect([response.status, await response.json()]).toEqual([200, { b: 2 }]);
  });

  it('hands out an answer without content', async () => {
    const server = await scriptedServer([{ request: 'DELETE /x', answer: { status: 204 } }]);
    expect((await fetchOver({})(`${server.url}/x`, { method: 'DELETE' })).status).toBe(204);
  });

  it('decodes gzip, within the limit of a body', async () => {
    const headers = { 'content-encoding': 'gzip' };
    const server = await scriptedServer([
      { request: 'GET /small', answer: { status: 200, headers, body: gzipSync('{"a":1}') } },
      {
        request: 'GET /bomb',
        answer: { status: 200, headers, body: gzipSync(Buffer.alloc(65 * 1024 * 1024)) },
      },
    ]);
    expect(await (await fetchOver({})(`${server.url}/small`)).json()).toEqual({ a: 1 });
    const error = await registryErrorOf(fetchOver({})(`${server.url}/bomb`));
    expect(error).toMatchObject({ code: 'unexpected', temporary: false });
  });

  it('waits as long as a service asks, and repeats a POST too', async () => {
    const server = await scriptedServer([
      { request: 'POST /x', answer: { status: 503, headers: { 'retry-after': '7' } } },
      { request: 'POST /x', answer: { status: 200, body: 'done' } },
    ]);
    const clock = new FakeClock();
    const response = await fetchOver({}, clock)(`${server.url}/x`, { method: 'POST', body: 'x' });
    expect([await response.text(), clock.waits]).toEqual(['done', [7000]]);
  });

  it('takes a refusal without a challenge as it is', async () => {
    const server = await scriptedServer([{ request: 'GET /x', answer: { status: 401 } }]);
    expect((await fetchOver({})(`${server.url}/x`)).status).toBe(401);
  });

  it('reaches a metadata service that the caller names', async () => {
    const server = await scriptedServer([{ request: 'GET /latest', answer: { status: 200 } }]);
    const fetch = fetchOver({ classify: () => 'forbidden' });
    expect((await fetch(`${server.url}/latest`)).status).toBe(200);
  });

  it('follows a redirect without the credentials of the first host, and to no metadata service', async () => {
    const other = await scriptedServer([
      {
        request: 'GET /y',
        check: ({ headers }) => expect(headers.authorization).toBeUndefined(),
        answer: { status: 200 },
      },
    ]);
    const server = await scriptedServer([
      { request: 'GET /x', answer: { status: 302, headers: { location: `${other.url}/y` } } },
      { request: 'GET /z', answer: { status: 302, headers: { location: 'http://169.254.169.254/latest' } } },
    ]);
    const fetch = fetchOver({});
    const headers = { authorization: 'Bearer x' };
    expect((await fetch(`${server.url}/x`, { headers })).status).toBe(200);
    await expect(fetch(`${server.url}/z`, { headers })).rejects.toThrow(
      'refused to connect to 169.254.169.254',
    );
  });
});

function fetchOver(network: Partial<NetworkOptions>, clock = new FakeClock()): typeof fetch {
  return createFetch({ network, clock, log: { write: () => {} }, userAgent: 'cip/test' }).fetch;
}

const loopbackLookup: NetworkOptions['lookup'] = (_name, _options, callback) =>
  callback(null, [{ address: '127.0.0.1', family: 4 }]);

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

async function listen(server: Server, address = '127.0.0.1'): Promise<number> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => sockets.add(socket));
  await new Promise<void>((resolve) => server.listen(0, address, resolve));
  onTestFinished(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- it listens on a port
  return (server.address() as AddressInfo).port;
}
