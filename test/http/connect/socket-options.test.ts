import { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { expect, it, onTestFinished, vi } from 'vitest';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { NetworkOptions } from '../../../src/http/connect/network-options.ts';
import { clientForTest, quiet, repositoryAt, tagOf } from '../../adapters/oci/client.ts';
import { PrivateCa } from '../../doubles/private-ca.ts';
import { haveTools } from '../../doubles/registry-auth.ts';

/** Both addresses are tried: nothing listens at the first one. */
const lookup: NetworkOptions['lookup'] = (_name, _options, callback) =>
  callback(null, [
    { address: '127.0.0.2', family: 4 },
    { address: '127.0.0.1', family: 4 },
  ]);

it.skipIf(!haveTools('openssl'))(
  'a TLS connection sends small writes at once, and notices a server that is gone',
  async () => {
    const ca = await PrivateCa.make();
    onTestFinished(() => ca.remove());
    const host = await startServer(ca);
    const noDelay = vi.spyOn(Socket.prototype, 'setNoDelay');
    const keepAlive = vi.spyOn(Socket.prototype, 'setKeepAlive');
    onTestFinished(() => {
      noDelay.mockRestore();
      keepAlive.mockRestore();
    });
    const { registry } = clientForTest({ network: { lookup, caFiles: [ca.cert] } });
    expect(await registry.resolve(repositoryAt({ host }, 'app'), tagOf('v1'), quiet())).toBeUndefined();
    const isOn = (socket: unknown, on: unknown) => socket instanceof TLSSocket && on === true;
    expect(noDelay.mock.calls.some(([on], place) => isOn(noDelay.mock.contexts[place], on))).toBe(true);
    expect(keepAlive.mock.calls.some(([on], place) => isOn(keepAlive.mock.contexts[place], on))).toBe(true);
  },
);

/** Has nothing. */
async function startServer(ca: PrivateCa): Promise<string> {
  const { cert, key } = await ca.issue('registry.test');
  const server = createServer(
    { cert: readFileSync(cert), key: readFileSync(key) },
    (_request, response) => void response.writeHead(404).end(),
  );
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  onTestFinished(() => new Promise<void>((done) => void server.close(() => done())));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server has no port');
  return `registry.test:${address.port}`;
}
