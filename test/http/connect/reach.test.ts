import type { LookupAddress } from 'node:dns';
import { describe, expect, it } from 'vitest';
import { type AddressClass, classifyAddress } from '../../../src/http/connect/address-policy.ts';
import type { NetworkOptions } from '../../../src/http/connect/network-options.ts';
import { clientForTest, quiet, registryErrorOf, repositoryAt } from '../../adapters/oci/client.ts';
import { layer } from '../../builders/images.ts';
import { type Script, scriptedServer } from '../../doubles/scripted-server.ts';

const HERE = '127.0.0.1';
const BLOB = layer('blob');

/** Names and the addresses that they lead to. */
type Names = Readonly<Record<string, readonly string[]>>;

/** A network in which loopback may pass for anything, and names lead where the test says. */
function networkOf({ names, here }: { names: Names; here: AddressClass }): Partial<NetworkOptions> {
  return {
    lookup: (hostname, _options, callback) => {
      const addresses = names[hostname];
      if (addresses === undefined) throw new Error(`nobody was to ask for ${hostname}`);
      const all: LookupAddress[] = addresses.map((address) => ({
        address,
        family: address.includes(':') ? 6 : 4,
      }));
      callback(null, all);
    },
    classify: (address) => (address === HERE ? here : classifyAddress(address)),
  };
}

interface Place {
  /** What the address of the registry passes for. */
  readonly here: AddressClass;
  /** Where the name `inner.test` leads. */
  readonly inner: readonly string[];
  readonly classify?: NetworkOptions['classify'];
  /** Hosts that the registry may lead to. */
  readonly trusts?: readonly string[];
}

/** A registry on this machine by the name of `registry.test`, and a client for it. */
async function registryThatLeads(script: Script, { here, inner, classify, trusts = [] }: Place) {
  const server = await scriptedServer(script);
  const host = server.host.replace(HERE, 'registry.test');
  const network = networkOf({ names: { 'registry.test': [HERE], 'inner.test': inner }, here });
  const { registry } = clientForTest({
    plainHttp: [host],
    network: { ...network, ...(classify && { classify }) },
    trustedRealms: new Set(trusts.map((trusted) => `${host}=${trusted}`)),
  });
  const repository = repositoryAt({ host }, 'app');
  return { registry, host, repository, hasBlob: () => registry.hasBlob(repository, BLOB.digest, quiet()) };
}

/** Says something else each time: all servers of a test have the same address. */
function inTurn(...classes: AddressClass[]): NetworkOptions['classify'] {
  return () => classes.shift() ?? 'forbidden';
}

function redirectTo(location: string): Script {
  return [{ request: /^HEAD/, answer: { status: 307, headers: { location } } }];
}

describe('a registry', () => {
  it.each<[string, readonly string[]]>([
    ['link-local', ['169.254.169.254']],
    ['link-local in IPv6', ['fe80::1', 'fd00:ec2::254']],
    ['mapped', ['::ffff:169.254.169.254']],
    ['this host', ['0.0.0.0']],
  ])(
    'whose name leads to an address that is %s is refused before anything is sent',
    async (_what, addresses) => {
      const network = networkOf({ names: { 'registry.test': addresses }, here: 'loopback' });
      const { registry, traffic } = clientForTest({ network });
      const asked = registry.hasBlob(repositoryAt({ host: 'registry.test' }, 'app'), BLOB.digest, quiet());
      const error = await registryErrorOf(asked);
      expect(error).toMatchObject({ code: 'unreachable', temporary: false });
      expect(error.message).toContain(
        `refused to connect to registry.test (${addresses[0]}): a link-local, metadata`,
      );
      expect(traffic.hosts().get('registry.test')?.retries).toBe(0);
    },
  );

  it.each(['169.254.169.254', '[fe80::1]', '[::ffff:a9fe:a9fe]', '0.0.0.0:5000'])(
    'that is itself such an address is refused: %s',
    async (host) => {
      const { registry } = clientForTest();
      const asked = registry.hasBlob(repositoryAt({ host }, 'app'), BLOB.digest, quiet());
      const error = await registryErrorOf(asked);
      expect(error).toMatchObject({ code: 'unreachable', temporary: false });
      expect(error.message).toContain('a link-local, metadata or unusable address');
    },
  );

  it('is asked at those of its addresses that may be', async () => {
    const server = await scriptedServer([{ request: /^HEAD/, answer: { status: 404 } }]);
    const host = server.host.replace(HERE, 'registry.test');
    const network = networkOf({ names: { 'registry.test': ['169.254.1.1', HERE] }, here: 'loopback' });
    const { registry } = clientForTest({ plainHttp: [host], network });
    expect(await registry.hasBlob(repositoryAt({ host }, 'app'), BLOB.digest, quiet())).toBe(false);
  });

  it('is refused where its address turns out to be another one than its name gave', async () => {
    const server = await scriptedServer([]);
    const classes: AddressClass[] = ['public', 'forbidden'];
    const host = server.host.replace(HERE, 'registry.test');
    const network = {
      ...networkOf({ names: { 'registry.test': [HERE] }, here: 'public' }),
      classify: () => classes.shift() ?? 'forbidden',
    };
    const { registry } = clientForTest({ plainHttp: [host], network });
    const error = await registryErrorOf(
      registry.hasBlob(repositoryAt({ host }, 'app'), BLOB.digest, quiet()),
    );
    expect(error.message).toContain(`refused to connect to registry.test (${HERE})`);
    expect(server.requests).toEqual([]);
  });
});

describe('an answer of a registry', () => {
  it.each<[AddressClass, string, string]>([
    ['public', '10.0.0.5', 'private'],
    ['public', '::1', 'loopback'],
    ['public', '127.0.0.9', 'loopback'],
    ['private', '127.0.0.9', 'loopback'],
    ['loopback', '169.254.169.254', 'link-local'],
  ])('at a %s address leads to no name with the address %s', async (here, address, word) => {
    const { hasBlob } = await registryThatLeads(redirectTo('http://inner.test/x?sig=secret'), {
      here,
      inner: [address],
    });
    const error = await registryErrorOf(hasBlob());
    expect(error).toMatchObject({ code: 'unreachable', temporary: false });
    expect(error.message).toContain(
      `http://inner.test/x?sig=REDACTED: refused to connect to inner.test (${address}): a ${word}`,
    );
  });

  it.each(['http://10.0.0.5/', 'http://localhost:9/', 'http://[::1]:9/', 'https://192.168.0.1/'])(
    'at a public address does not lead to %s',
    async (location) => {
      const { hasBlob } = await registryThatLeads(redirectTo(location), { here: 'public', inner: [] });
      expect((await registryErrorOf(hasBlob())).message).toContain('refused to connect to');
    },
  );

  it.each<AddressClass>(['loopback', 'private', 'public'])(
    'at a %s address leads to others like it',
    async (here) => {
      const inner = await scriptedServer([{ request: 'HEAD /x', answer: { status: 200 } }]);
      const location = `http://${inner.host.replace(HERE, 'inner.test')}/x`;
      const { hasBlob } = await registryThatLeads(redirectTo(location), { here, inner: [HERE] });
      expect(await hasBlob()).toBe(true);
    },
  );

  it('leads nearer where the user says that it may', async () => {
    const inner = await scriptedServer([{ request: 'HEAD /x', answer: { status: 200 } }]);
    const innerHost = inner.host.replace(HERE, 'inner.test');
    const place = { here: 'public', inner: [HERE] } as const;
    // of the registry and then of the other: what its name gave, and what was connected to
    const classes = ['public', 'public', 'private', 'private'] as const;
    const script = redirectTo(`http://${innerHost}/x`);
    const refused = await registryThatLeads(script, { ...place, classify: inTurn(...classes) });
    const { message } = await registryErrorOf(refused.hasBlob());
    expect(message).toContain(`; if that is right, allow it with -trust-realm=${refused.host}=${innerHost}`);
    const trusts = [innerHost];
    const allowed = await registryThatLeads(script, { ...place, classify: inTurn(...classes), trusts });
    expect(await allowed.hasBlob()).toBe(true);
  });

  it('uses no connection that was made for a registry which the user named', async () => {
    const near = await scriptedServer([{ request: /^HEAD/, answer: { status: 404 } }]);
    const { registry, hasBlob } = await registryThatLeads(redirectTo(`http://${near.host}/x`), {
      here: 'public',
      inner: [],
      classify: inTurn('loopback', 'loopback', 'public', 'public', 'loopback'),
    });
    await registry.hasBlob(repositoryAt(near, 'app'), BLOB.digest, quiet());
    expect((await registryErrorOf(hasBlob())).message).toContain(
      `refused to connect to ${HERE}: a loopback address`,
    );
  });

  it('leads a token request to no inner host', async () => {
    const challenge = { 'www-authenticate': 'Bearer realm="http://inner.test/token"' };
    const { hasBlob, host } = await registryThatLeads(
      [{ request: /^HEAD/, answer: { status: 401, headers: challenge } }],
      {
        here: 'public',
        inner: ['10.0.0.5'],
      },
    );
    const error = await registryErrorOf(hasBlob());
    expect(error.message).toContain('refused to connect to inner.test (10.0.0.5)');
    expect(error.message).toContain(`-trust-realm=${host}=inner.test`);
  });

  it.each([307, 308])('leads a write to no inner host: %i', async (status) => {
    const headers = { location: 'http://inner.test/up' };
    const script = [{ request: /^POST/, answer: { status, headers } }];
    const { registry, host, repository } = await registryThatLeads(script, {
      here: 'public',
      inner: ['10.0.0.5'],
    });
    const error = await registryErrorOf(registry.startUpload(repository, quiet()));
    expect(error.message).toContain('refused to connect to inner.test (10.0.0.5)');
    expect(error.message).toContain(`-trust-realm=${host}=inner.test`);
  });

  it('leads an upload to no inner host', async () => {
    const headers = { location: 'http://inner.test/up' };
    const { registry, repository } = await registryThatLeads(
      [{ request: /^POST/, answer: { status: 202, headers } }],
      {
        here: 'public',
        inner: ['10.0.0.5'],
      },
    );
    const session = await registry.startUpload(repository, quiet());
    const blob = { mediaType: 'x', digest: BLOB.digest, size: BLOB.bytes.length };
    const upload = { session, blob, open: () => Promise.resolve(BLOB.bytes) };
    const error = await registryErrorOf(registry.finishUpload(upload, quiet()));
    expect(error.message).toContain('refused to connect to inner.test (10.0.0.5)');
  });
});
