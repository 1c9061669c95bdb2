// Covers src/http/connect/address-error.ts

import { describe, expect, it } from 'vitest';
import { classifyAddress } from '../../../src/http/connect/address-policy.ts';
import type { NetworkOptions } from '../../../src/http/connect/network-options.ts';
import {
  clientForTest,
  descriptorOf,
  keychainWith,
  quiet,
  registryErrorOf,
  repositoryAt,
} from '../../adapters/oci/client.ts';
import { image, layer } from '../../builders/images.ts';
import { runCip } from '../../doubles/run-cip.ts';
import { type Script, scriptedServer } from '../../doubles/scripted-server.ts';
import { manifestFlag } from '../staging.ts';

const HERE = '127.0.0.1';
const BLOB = layer('blob');
const METADATA = '169.254.169.254';

/** Ways to write addresses where clouds keep their keys. */
const SPELLINGS = [
  METADATA,
  '2852039166',
  '0xa9fea9fe',
  '0xA9.0xFE.0xA9.0xFE',
  '0251.0376.0251.0376',
  '169.254.43518',
  '%31%36%39.254.169.254',
  '169.254.169.254.',
  '%EF%BC%91%EF%BC%96%EF%BC%99.254.169.254',
  '[::ffff:169.254.169.254]',
  '[::ffff:a9fe:a9fe]',
  '[0:0:0:0:0:ffff:a9fe:a9fe]',
  '[64:ff9b::a9fe:a9fe]',
  '[2002:a9fe:a9fe::]',
  '[fe80::1]',
  '[fd00:ec2::254]',
  '169.254.170.2',
  '100.100.100.200',
  '168.63.129.16',
  'metadata.google.internal',
  'METADATA.google.internal.',
  '0.0.0.0',
  '0',
  '[::]',
];

type Client = ReturnType<typeof clientForTest>['registry'];
type Act = (registry: Client, repository: ReturnType<typeof repositoryAt>) => Promise<unknown>;

/** What a registry can lead to with its answers, and what makes a client go there. */
const WAYS: Readonly<Record<string, readonly [(target: string) => Script, Act]>> = {
  'a redirect': [
    (target) => [{ request: /^HEAD/, answer: { status: 307, headers: { location: `${target}/x` } } }],
    (registry, repository) => registry.hasBlob(repository, BLOB.digest, quiet()),
  ],
  'a second redirect': [
    (target) => [
      { request: /^HEAD/, answer: { status: 307, headers: { location: '/second' } } },
      { request: 'HEAD /second', answer: { status: 302, headers: { location: `${target}/x` } } },
    ],
    (registry, repository) => registry.hasBlob(repository, BLOB.digest, quiet()),
  ],
  'a blob': [
    (target) => [{ request: /^GET/, answer: { status: 307, headers: { location: `${target}/x` } } }],
    (registry, repository) => registry.openBlob(repository, descriptorOf(BLOB), quiet()),
  ],
  'a realm': [
    (target) => [
      {
        request: /^HEAD/,
        answer: { status: 401, headers: { 'www-authenticate': `Bearer realm="${target}/token"` } },
      },
    ],
    (registry, repository) => registry.hasBlob(repository, BLOB.digest, quiet()),
  ],
  'an upload': [
    (target) => [{ request: /^POST/, answer: { status: 202, headers: { location: `${target}/up` } } }],
    async (registry, repository) => {
      const session = await registry.startUpload(repository, quiet());
      await registry.cancelUpload(session, quiet()); // tells nobody when it is refused
      const open = () => Promise.resolve(BLOB.bytes);
      await registry.finishUpload({ session, blob: descriptorOf(BLOB), open }, quiet());
    },
  ],
};

const CASES = Object.entries(WAYS).map(([way, [script, act]]) => ({ way, script, act }));

/** Nobody is asked for the address of a name but those that are given, in turn. */
function names(
  known: Readonly<Record<string, readonly string[]>>,
  asked: string[] = [],
): Partial<NetworkOptions> {
  const turns = new Map<string, number>();
  return {
    lookup: (hostname, _options, callback) => {
      asked.push(hostname);
      const turn = turns.get(hostname) ?? 0;
      turns.set(hostname, turn + 1);
      const all = known[hostname];
      const address = all?.[Math.min(turn, all.length - 1)];
      if (address === undefined) throw new Error(`nobody was to ask for ${hostname}`);
      callback(null, [{ address, family: address.includes(':') ? 6 : 4 }]);
    },
  };
}

describe.each(CASES)(
  '$way (GHSA-xf85-363p-868w, GHSA-x2f5-332j-9xwq, ggcr #2243, #2291)',
  ({ script, act }) => {
    it('leads to no metadata service, however its address is written', async () => {
      for (const spelling of SPELLINGS) {
        const server = await scriptedServer(script(`http://${spelling}`));
        const asked: string[] = [];
        const { registry } = clientForTest({ network: names({}, asked) });
        const error = await registryErrorOf(act(registry, repositoryAt(server, 'app')));
        expect(error, spelling).toMatchObject({ code: 'unreachable', temporary: false });
        expect(error.message).toMatch(/refused to connect to .*: a link-local, metadata or unusable address/);
        expect(asked).toEqual([]);
      }
    });

    it.each([METADATA, 'fe80::1', '::ffff:169.254.169.254', 'fd00:ec2::254', '0.0.0.0'])(
      'leads to no name whose address is %s (ggcr #2440)',
      async (address) => {
        const server = await scriptedServer(script('http://innocent.test'));
        const { registry } = clientForTest({ network: names({ 'innocent.test': [address] }) });
        const error = await registryErrorOf(act(registry, repositoryAt(server, 'app')));
        expect(error).toMatchObject({ code: 'unreachable', temporary: false });
        expect(error.message).toContain(`refused to connect to innocent.test (${address})`);
      },
    );

    it('leads there with nobody’s permission', async () => {
      const server = await scriptedServer(script(`http://${METADATA}`));
      const trustedRealms = new Set([`${server.host}=${METADATA}`]);
      const keychain = keychainWith({ kind: 'basic', username: 'alice', password: 'pw' });
      const { registry } = clientForTest({ network: names({}), trustedRealms, keychain });
      const error = await registryErrorOf(act(registry, repositoryAt(server, 'app')));
      expect(error.message).toContain('refused to connect to');
      expect(error.message).not.toContain('if that is right');
    });

    it('leads there through no proxy, which would be asked where we cannot see', async () => {
      const proxy = await scriptedServer([]);
      const server = await scriptedServer(script(`http://${METADATA}`));
      const env = { HTTP_PROXY: proxy.url };
      const { registry } = clientForTest({ network: { ...names({}), env } });
      const error = await registryErrorOf(act(registry, repositoryAt(server, 'app')));
      expect(error.message).toContain('refused to connect to');
      expect(proxy.connections).toBe(0);
    });

    it('of a registry that looks public leads to nothing on this machine', async () => {
      const inner = await scriptedServer([]);
      const server = await scriptedServer(script(inner.url));
      const host = server.host.replace(HERE, 'registry.test');
      // the registry is taken for a public one, by its name and by its connection, and what it leads to as it is
      const classes = ['public', 'public'] as const;
      let turn = 0;
      const classify: NetworkOptions['classify'] = (address) => classes[turn++] ?? classifyAddress(address);
      const network = { ...names({ 'registry.test': [HERE] }), classify };
      const { registry } = clientForTest({ plainHttp: [host], network });
      const error = await registryErrorOf(act(registry, repositoryAt({ host }, 'app')));
      expect(error.message).toContain('a loopback address, and the registry that leads there is not at one');
      expect(inner.connections).toBe(0);
    });
  },
);

describe('a name that leads elsewhere when it is asked again (DNS rebinding, ggcr #2440)', () => {
  it('is judged each time: what it was before does not count', async () => {
    const server = await scriptedServer([
      {
        request: 'HEAD /v2/app/blobs/' + BLOB.digest,
        answer: { status: 404, headers: { connection: 'close' } },
      },
    ]);
    const host = server.host.replace(HERE, 'rebound.test');
    const network = names({ 'rebound.test': [HERE, METADATA] });
    const { registry } = clientForTest({ plainHttp: [host], network });
    const repository = repositoryAt({ host }, 'app');
    expect(await registry.hasBlob(repository, BLOB.digest, quiet())).toBe(false);
    const error = await registryErrorOf(registry.hasBlob(repository, BLOB.digest, quiet()));
    expect(error.message).toContain(`refused to connect to rebound.test (${METADATA})`);
  });
});

describe('a whole run against a registry that leads to a metadata service', () => {
  it('ends with a refusal, though the user allows it', async () => {
    const { digest } = image({ seed: 'metadata' }).manifest;
    const headers = { 'www-authenticate': `Bearer realm="http://${METADATA}/computeMetadata/v1/token"` };
    const server = await scriptedServer([{ request: /^HEAD/, answer: { status: 401, headers } }]);
    const flag = await manifestFlag({
      from: `${server.host}/from`,
      to: [`${server.host}/to`],
      images: { app: { [digest]: ['v1'] } },
    });
    const { status, stderr } = await runCip([flag, `-trust-realm=${server.host}=${METADATA}`, '-confirm']);
    expect(status).toBe(1);
    expect(stderr).toContain(`refused to connect to ${METADATA}: a link-local, metadata or unusable address`);
  });
});
