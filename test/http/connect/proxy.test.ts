// Covers src/http/connect/connection-pools.ts
// Covers src/http/connect/tunnel.ts

import { createServer, request as httpRequest, type IncomingMessage } from 'node:http';
import { connect, type Socket } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { NetworkOptions } from '../../../src/http/connect/network-options.ts';
import {
  clientForTest,
  embeddedForTest,
  quiet,
  registryErrorOf,
  repositoryAt,
} from '../../adapters/oci/client.ts';
import { layer } from '../../builders/images.ts';
import { uploadBlob } from '../../system/contract/push-through-port.ts';
import { PrivateCa } from '../../doubles/private-ca.ts';
import { scriptedServer } from '../../doubles/scripted-server.ts';
import { hasTlsTools, startDockerRegistry } from '../../doubles/tls-servers.ts';

const BLOB = layer('blob');

/** A client's own resolver, which is not to be asked: behind a proxy it often knows no names. */
const noLookup: NetworkOptions['lookup'] = (hostname) => {
  throw new Error(`nobody was to ask for ${hostname}`);
};

interface ProxyDouble {
  readonly url: string;
  readonly host: string;
  /** First lines of the requests that came to it. */
  readonly lines: readonly string[];
  readonly passwords: readonly (string | undefined)[];
}

/** A proxy to which every name is this machine. With an answer it gives that one to every CONNECT. */
async function proxyForTest({ answer }: { answer?: string } = {}): Promise<ProxyDouble> {
  const lines: string[] = [];
  const passwords: (string | undefined)[] = [];
  const sockets = new Set<Socket>();
  const note = (request: IncomingMessage) => {
    lines.push(`${request.method} ${request.url}`);
    passwords.push(request.headers['proxy-authorization']);
  };
  const server = createServer((incoming, outgoing) => {
    note(incoming);
    const { port, pathname, search } = new URL(incoming.url ?? '');
    const { 'proxy-authorization': _mine, ...headers } = incoming.headers;
    const path = `${pathname}${search}`;
    const onwards = httpRequest(
      { host: '127.0.0.1', port, path, method: incoming.method, headers },
      (answer) => {
        outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(outgoing);
      },
    );
    incoming.pipe(onwards);
  });
  server.on('connect', (incoming, socket: Socket) => {
    note(incoming);
    sockets.add(socket);
    socket.on('error', () => {});
    if (answer !== undefined) {
      socket.end(answer);
      return;
    }
    const onwards = connect(Number(new URL(`http://${incoming.url}`).port), '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 Connected\r\n\r\n');
      socket.pipe(onwards).pipe(socket);
    });
    onwards.on('error', () => socket.destroy());
    sockets.add(onwards);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  const host = `127.0.0.1:${address.port}`;
  return { url: `http://${host}`, host, lines, passwords };
}

function clientBehind(env: Readonly<Record<string, string>>, network: Partial<NetworkOptions> = {}) {
  return (plainHttp: readonly string[] = []) =>
    clientForTest({ plainHttp, network: { env, lookup: noLookup, ...network } }).registry;
}

describe('a plain registry behind a proxy', () => {
  it('is asked through it, without a tunnel and without a name being looked up', async () => {
    const proxy = await proxyForTest();
    const server = await embeddedForTest();
    const host = server.host.replace('127.0.0.1', 'registry.test');
    const registry = clientBehind({ HTTP_PROXY: proxy.url })([host]);
    const repository = repositoryAt({ host }, 'app');
    await uploadBlob(registry, repository, { blob: BLOB });
    expect(await registry.hasBlob(repository, BLOB.digest, quiet())).toBe(true);
    expect(proxy.lines).toHaveLength(3);
    expect(proxy.lines[2]).toBe(`HEAD http://${host}/v2/app/blobs/${BLOB.digest}`);
  });

  it('is asked directly where it is loopback or NO_PROXY names it', async () => {
    const proxy = await proxyForTest();
    const server = await embeddedForTest();
    const host = server.host.replace('127.0.0.1', 'registry.test');
    const lookup: NetworkOptions['lookup'] = (_name, _options, callback) =>
      callback(null, [{ address: '127.0.0.1', family: 4 }]);
    const registry = clientBehind({ http_proxy: proxy.url, no_proxy: '.test' }, { lookup })([host]);
    await registry.hasBlob(repositoryAt({ host }, 'app'), BLOB.digest, quiet());
    await registry.hasBlob(repositoryAt(server, 'app'), BLOB.digest, quiet());
    expect(proxy.lines).toEqual([]);
    expect(server.requests).toHaveLength(2);
  });

  it.each(['http://169.254.169.254/x', 'http://metadata.google.internal/x', 'http://10.0.0.5/x'])(
    'does not lead the proxy to %s',
    async (location) => {
      const proxy = await proxyForTest();
      const server = await scriptedServer([
        { request: /^HEAD/, answer: { status: 307, headers: { location } } },
      ]);
      const host = server.host.replace('127.0.0.1', 'registry.test');
      const registry = clientBehind({ HTTP_PROXY: proxy.url, HTTPS_PROXY: proxy.url })([host]);
      const error = await registryErrorOf(
        registry.hasBlob(repositoryAt({ host }, 'app'), BLOB.digest, quiet()),
      );
      expect(error.message).toContain(`refused to connect to ${new URL(location).hostname}`);
      expect(proxy.lines).toHaveLength(1);
    },
  );
});

describe.skipIf(!hasTlsTools())('a registry with TLS behind a proxy', () => {
  it('is asked through a tunnel, with the password of the proxy', async () => {
    const proxy = await proxyForTest();
    const ca = await PrivateCa.make();
    const server = await startDockerRegistry(await ca.issue('registry.test'));
    onTestFinished(async () => {
      await server.stop();
      ca.remove();
    });
    const host = `registry.test:${server.port}`;
    const env = { HTTPS_PROXY: proxy.url.replace('//', '//alice:wonder%20land@') };
    const registry = clientBehind(env, { caFiles: [ca.cert] })();
    const repository = repositoryAt({ host }, 'app');
    await uploadBlob(registry, repository, { blob: BLOB });
    expect(await registry.hasBlob(repository, BLOB.digest, quiet())).toBe(true);
    expect(new Set(proxy.lines)).toEqual(new Set([`CONNECT ${host}`]));
    const password = `Basic ${Buffer.from('alice:wonder land').toString('base64')}`;
    expect(new Set(proxy.passwords)).toEqual(new Set([password]));
  });
});

describe('a proxy', () => {
  async function refusal(env: Readonly<Record<string, string>>) {
    const registry = clientBehind(env)();
    const repository = repositoryAt({ host: 'registry.test' }, 'app');
    const error = await registryErrorOf(registry.hasBlob(repository, BLOB.digest, quiet()));
    expect(error.message).not.toContain('canary');
    return error;
  }

  it.each([
    [403, false, ''],
    [407, false, '; give its user and password as HTTPS_PROXY=http://USER:PASSWORD@HOST:PORT'],
    [502, true, ''],
  ])('that answers %i is named without its password', async (status, temporary, hint) => {
    const proxy = await proxyForTest({ answer: `HTTP/1.1 ${status} No\r\ncontent-length: 0\r\n\r\n` });
    const error = await refusal({ HTTPS_PROXY: `http://alice:canary@${proxy.host}` });
    expect(error).toMatchObject({ code: 'unreachable', temporary });
    expect(error.message).toBe(
      `HEAD https://registry.test/v2/app/blobs/${BLOB.digest}: ` +
        `proxy ${proxy.url}: it answers ${status} to CONNECT registry.test:443${hint}`,
    );
    expect(proxy.lines).toHaveLength(temporary ? 5 : 1);
  });

  it.each([
    [
      'is no HTTP',
      'SSH-2.0-OpenSSH_9.2\r\n',
      false,
      /: its answer is not valid HTTP: it does not begin with/,
    ],
    ['has a bad header', 'HTTP/1.1 200 OK\r\nBad\r\n\r\n', false, /: its answer is not valid HTTP: /],
    ['has large headers', `HTTP/1.1 403 No\r\nA: ${'a'.repeat(21_000)}\r\n\r\n`, false, /it answers 403/],
    [
      'has huge headers',
      `HTTP/1.1 403 No\r\nA: ${'a'.repeat(300 * 1024)}\r\n\r\n`,
      false,
      /the headers of its answer have more than 256 KiB/,
    ],
    ['breaks off', 'HTTP/1.1 200 O', true, /it closed the connection without an answer/],
  ])('whose answer %s is named with the reason', async (_what, answer, temporary, reason) => {
    const proxy = await proxyForTest({ answer });
    const error = await refusal({ HTTPS_PROXY: proxy.url });
    expect(error).toMatchObject({ code: 'unreachable', temporary });
    expect(error.message).toMatch(reason);
    expect(proxy.lines).toHaveLength(temporary ? 5 : 1);
  });

  it('that is not there is named without its password', async () => {
    const gone = await embeddedForTest();
    await gone.close();
    const error = await refusal({ HTTPS_PROXY: `http://alice:canary@${gone.host}` });
    expect(error).toMatchObject({ code: 'unreachable', temporary: true });
    expect(error.message).toContain(`proxy http://${gone.host}: connect ECONNREFUSED`);
  });

  it.skipIf(!hasTlsTools())(
    'whose certificate is not trusted is not asked again, and named with advice',
    async () => {
      const ca = await PrivateCa.make();
      const server = await startDockerRegistry(await ca.issue('localhost'));
      onTestFinished(async () => {
        await server.stop();
        ca.remove();
      });
      const host = `localhost:${server.port}`;
      const error = await refusal({ HTTPS_PROXY: `https://alice:canary@${host}` });
      expect(error).toMatchObject({ code: 'unreachable', temporary: false });
      expect(error.message).toMatch(
        /proxy https:\/\/localhost:\d+: unable to .*; if its certificate is right/,
      );
      expect(error.message).toContain(`-ca-file FILE or certs.d/${host}/ca.crt`);
    },
  );

  it('that cannot be one is refused without its password', async () => {
    const error = await refusal({ HTTPS_PROXY: 'socks5://alice:canary@proxy.test' });
    expect(error).toMatchObject({ code: 'unreachable', temporary: false });
    expect(error.message).toContain('HTTPS_PROXY is no proxy: expected http://HOST:PORT');
  });
});
