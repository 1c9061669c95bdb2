import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import { expect, it, onTestFinished } from 'vitest';
import { clientForTest, quiet, repositoryAt, tagOf } from '../../adapters/oci/client.ts';
import { PrivateCa } from '../../doubles/private-ca.ts';
import { haveTools } from '../../doubles/registry-auth.ts';

it.skipIf(!haveTools('openssl'))(
  'a registry that speaks HTTP/2 is spoken to in HTTP/1.1: nothing else is offered to it',
  async () => {
    const ca = await PrivateCa.make();
    onTestFinished(() => ca.remove());
    const { host, offered } = await startServer(ca);
    const { registry } = clientForTest({
      network: {
        lookup: (_name, _options, callback) => callback(null, [{ address: '127.0.0.1', family: 4 }]),
        caFiles: [ca.cert],
      },
    });
    expect(await registry.resolve(repositoryAt({ host }, 'app'), tagOf('v1'), quiet())).toBeUndefined();
    expect(offered).toEqual([['http/1.1']]);
  },
);

/** Has nothing; `offered` is what each connection has offered to speak. */
async function startServer(ca: PrivateCa) {
  const offered: (readonly string[])[] = [];
  const { cert, key } = await ca.issue('registry.test');
  const server = createServer(
    {
      cert: readFileSync(cert),
      key: readFileSync(key),
      ALPNCallback: ({ protocols }) => {
        offered.push(protocols);
        return protocols.includes('h2') ? 'h2' : protocols[0];
      },
    },
    (_request, response) => void response.writeHead(404).end(),
  );
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  onTestFinished(() => new Promise<void>((done) => void server.close(() => done())));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server has no port');
  return { host: `registry.test:${address.port}`, offered };
}
