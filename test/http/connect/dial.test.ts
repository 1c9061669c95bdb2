import { once } from 'node:events';
import { describe, expect, it, onTestFinished } from 'vitest';
import { dialTcp, TlsDialer } from '../../../src/http/connect/dial.ts';
import { createSecureContext } from 'node:tls';
import { createWire } from '../../../src/http/wire.ts';
import { completeNetworkOptions } from '../../../src/http/connect/network-options.ts';
import { RawServer } from '../../doubles/raw-server.ts';
import { turns } from '../../doubles/waiting.ts';
import { allClosed, outcomeOf, requestTo, soon } from '../hostile/asking.ts';

const REASON = new Error('enough');

function targetOf(server: RawServer) {
  return { hostname: '127.0.0.1', port: Number(new URL(server.url).port) };
}

describe('many connections that are dialed at a time', () => {
  it('cause no warning of node about listeners of their signal', async () => {
    const warnings: Error[] = [];
    const note = (warning: Error) => warnings.push(warning);
    process.on('warning', note);
    onTestFinished(() => void process.off('warning', note));
    const server = await RawServer.start((connection) => connection.closed());
    const { signal } = new AbortController();
    const dials = Array.from({ length: 40 }, () => dialTcp(targetOf(server), { signal }));
    for (const socket of await Promise.all(dials)) socket.destroy();
    await turns(2);
    expect(warnings).toEqual([]);
  });
});

describe('a dial', () => {
  it.each(['before', 'after'])('that is aborted %s it begins closes its socket', async (when) => {
    const server = await RawServer.start((connection) => connection.closed());
    const stop = new AbortController();
    if (when === 'before') stop.abort(REASON);
    const dialed = dialTcp(targetOf(server), { signal: stop.signal });
    stop.abort(REASON);
    await expect(dialed).rejects.toBe(REASON);
    await allClosed(server);
  });

  it('of TLS fails when the tunnel beneath it is closed', async () => {
    const server = await RawServer.start((connection) => connection.closed());
    const { signal } = new AbortController();
    const tunnel = await dialTcp(targetOf(server), { signal });
    const target = { hostname: 'registry.test', port: 443 };
    const dialed = new TlsDialer(createSecureContext()).dial(target, { signal, tunnel });
    tunnel.destroy();
    await once(tunnel, 'close');
    await expect(dialed).rejects.toThrow();
  });
});

describe('a proxy that does not answer to CONNECT', () => {
  it('is left at once when the wire is closed', async () => {
    const proxy = await RawServer.start(async (connection) => {
      await connection.request();
      await connection.closed();
    });
    const network = completeNetworkOptions({ env: { HTTPS_PROXY: proxy.url } });
    const wire = createWire({ originOf: () => 'https://registry.test', network });
    const url = new URL('https://registry.test/x');
    const asked = outcomeOf(wire.send({ ...requestTo(proxy, '/x'), url }));
    await soon('the request arrives', () => proxy.received.includes('CONNECT'));
    await wire.close();
    await allClosed(proxy);
    expect(await asked).toMatchObject({ code: 'unreachable', temporary: false });
  });
});
