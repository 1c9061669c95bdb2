// Covers src/http/connect/dialer.ts
// Covers src/http/connect/tls-contexts.ts

import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import type { NetworkOptions } from '../../../src/http/connect/network-options.ts';
import {
  clientForTest,
  descriptorOf,
  quiet,
  readAll,
  registryErrorOf,
  repositoryAt,
  tagOf,
} from '../../adapters/oci/client.ts';
import { image, layer } from '../../builders/images.ts';
import { uploadBlob } from '../../system/contract/push-through-port.ts';
import { type Issued, PrivateCa } from '../../doubles/private-ca.ts';
import { scriptedServer } from '../../doubles/scripted-server.ts';
import type { RunningProgram } from '../../doubles/start-program.ts';
import { hasTlsTools, startDockerRegistry, startMutualTls } from '../../doubles/tls-servers.ts';

/** Every name is on this machine: loopback addresses themselves are spoken to in http. */
const lookup: NetworkOptions['lookup'] = (_name, _options, callback) =>
  callback(null, [{ address: '127.0.0.1', family: 4 }]);

describe.skipIf(!hasTlsTools())('a registry with a certificate of a private authority', () => {
  let ca: PrivateCa;
  let server: RunningProgram;
  let host: string;
  let certs: string;

  beforeAll(async () => {
    ca = await PrivateCa.make();
    server = await startDockerRegistry(await ca.issue('registry.test'));
    host = `registry.test:${server.port}`;
    certs = mkdtempSync(join(tmpdir(), 'cip-certs-'));
    mkdirSync(join(certs, host));
    writeFileSync(join(certs, host, 'ours.crt'), `of our own making\n${ca.pem}`);
  });
  afterAll(async () => {
    await server.stop();
    ca.remove();
    rmSync(certs, { recursive: true });
  });

  /** A client that knows no authority but node's, unless told. */
  function clientWith(network: Partial<NetworkOptions>) {
    return clientForTest({
      network: { lookup, certDirectories: [], systemBundles: [], ...network },
    }).registry;
  }

  it.each<[string, () => Partial<NetworkOptions>]>([
    ['a file of the user', () => ({ caFiles: [ca.cert] })],
    ['SSL_CERT_FILE', () => ({ env: { SSL_CERT_FILE: ca.cert } })],
    ['SSL_CERT_DIR', () => ({ env: { SSL_CERT_DIR: ca.directory } })],
    ['NODE_EXTRA_CA_CERTS', () => ({ env: { NODE_EXTRA_CA_CERTS: ca.cert } })],
    ['the bundle of the system', () => ({ systemBundles: ['/nowhere/ca.crt', ca.cert] })],
    ['certs.d', () => ({ certDirectories: ['/nowhere', certs] })],
  ])('takes and gives an image once %s names it', async (_what, network) => {
    const registry = clientWith(network());
    const repository = repositoryAt({ host }, 'app');
    const content = image({ seed: 'tls', layers: [layer('large', 700_000)] });
    for (const blob of content.blobs) await uploadBlob(registry, repository, { blob });
    await registry.putManifest(repository, { reference: tagOf('v1'), manifest: content.manifest }, quiet());
    expect(await registry.resolve(repository, tagOf('v1'), quiet())).toBe(content.manifest.digest);
    const [blob] = content.blobs;
    if (blob === undefined) throw new Error('no blob');
    const body = await registry.openBlob(repository, descriptorOf(blob), quiet());
    expect((await readAll(body)).equals(blob.bytes)).toBe(true);
  });

  it('is refused otherwise, once, and the message says what to do', async () => {
    const registry = clientWith({});
    const error = await registryErrorOf(registry.list(repositoryAt({ host }, 'app'), quiet()));
    expect(error).toMatchObject({ code: 'unreachable', temporary: false });
    expect(error.message).toBe(
      `GET https://${host}/v2/app/tags/list: UNABLE_TO_VERIFY_LEAF_SIGNATURE: unable to verify the first certificate` +
        `; if its certificate is right, trust its authority with -ca-file FILE or certs.d/${host}/ca.crt`,
    );
  });

  it('is refused where it is another host than its certificate says', async () => {
    const other = { host: `other.test:${server.port}` };
    const registry = clientWith({ caFiles: [ca.cert] });
    const error = await registryErrorOf(registry.list(repositoryAt(other, 'app'), quiet()));
    expect(error).toMatchObject({ code: 'unreachable', temporary: false });
    expect(error.message).toContain('ERR_TLS_CERT_ALTNAME_INVALID');
  });

  it('is not trusted for its directory in certs.d by another host', async () => {
    const stranger = await startDockerRegistry(await ca.issue('stranger.test'));
    const registry = clientWith({ certDirectories: [certs] });
    const repository = repositoryAt({ host: `stranger.test:${stranger.port}` }, 'app');
    const error = await registryErrorOf(registry.list(repository, quiet()));
    await stranger.stop();
    expect(error.message).toContain('UNABLE_TO_VERIFY_LEAF_SIGNATURE');
  });

  it('names the file of authorities that cannot be used', async () => {
    const registry = clientWith({ caFiles: ['/nowhere/ca.crt'] });
    const error = await registryErrorOf(registry.list(repositoryAt({ host }, 'app'), quiet()));
    expect(error).toMatchObject({ code: 'unreachable', temporary: false });
    expect(error.message).toBe(
      `GET https://${host}/v2/app/tags/list: -ca-file: "/nowhere/ca.crt" cannot be read: ENOENT`,
    );
  });

  it('is trusted where a registry leads to it that has its authority in certs.d', async () => {
    const location = `https://${host}/v2/led/tags/list`;
    const leads = await scriptedServer(
      ['a', 'b'].map(() => ({ request: /^GET/, answer: { status: 307, headers: { location } } })),
    );
    const led = (directories: readonly string[]) => {
      const network = { lookup, certDirectories: directories, systemBundles: [] };
      const { registry } = clientForTest({ network, plainHttp: [leads.host] });
      return registry.list(repositoryAt(leads, 'app'), quiet());
    };
    const { message } = await registryErrorOf(led([]));
    expect(message).toContain('UNABLE_TO_VERIFY_LEAF_SIGNATURE');
    mkdirSync(join(certs, 'led', leads.host), { recursive: true });
    copyFileSync(ca.cert, join(certs, 'led', leads.host, 'ca.crt'));
    expect(await led([join(certs, 'led')])).toEqual({ kind: 'missing' });
  });

  it('at a loopback name is asked in https once it has a directory in certs.d, and the refusal says so', async () => {
    const local = await startDockerRegistry(await ca.issue('localhost'));
    onTestFinished(() => local.stop());
    const repository = repositoryAt({ host: `localhost:${local.port}` }, 'app');
    const ask = (network: Partial<NetworkOptions>) =>
      clientWith(network).resolve(repository, tagOf('v1'), quiet());
    const { message } = await registryErrorOf(ask({}));
    expect(message).toContain(
      `the request used http; if the host speaks https, put its authority as ca.crt in certs.d/localhost:${local.port}`,
    );
    mkdirSync(join(certs, `localhost:${local.port}`));
    copyFileSync(ca.cert, join(certs, `localhost:${local.port}`, 'ca.crt'));
    expect(await ask({ certDirectories: [certs] })).toBeUndefined();
  });

  describe('behind nginx that asks for a client certificate', () => {
    let behind: RunningProgram;
    let nginx: RunningProgram;
    let guarded: string;
    let alice: Issued;

    beforeAll(async () => {
      behind = await startDockerRegistry();
      alice = await ca.issue('alice');
      nginx = await startMutualTls(await ca.issue('guarded.test'), { ca: ca.cert, behind });
      guarded = `guarded.test:${nginx.port}`;
      const directory = join(certs, guarded);
      mkdirSync(directory);
      copyFileSync(alice.cert, join(directory, 'client.cert'));
      copyFileSync(alice.key, join(directory, 'client.key'));
    });
    afterAll(async () => {
      await nginx.stop();
      await behind.stop();
    });

    it('takes an image from who has one in certs.d', async () => {
      const registry = clientWith({ caFiles: [ca.cert], certDirectories: [certs] });
      const repository = repositoryAt({ host: guarded }, 'app');
      const content = image({ seed: 'mutual', layers: 1 });
      for (const blob of content.blobs) await uploadBlob(registry, repository, { blob });
      await registry.putManifest(repository, { reference: tagOf('v1'), manifest: content.manifest }, quiet());
      expect(await registry.resolve(repository, tagOf('v1'), quiet())).toBe(content.manifest.digest);
    });

    it('refuses anybody else in words', async () => {
      const registry = clientWith({ caFiles: [ca.cert] });
      const error = await registryErrorOf(registry.list(repositoryAt({ host: guarded }, 'app'), quiet()));
      expect(error).toMatchObject({ code: 'refused', status: 400 });
      expect(error.message).toContain('No required SSL certificate was sent');
    });

    it('gets a hint where there is no room for words', async () => {
      const asked = (network: Partial<NetworkOptions>) =>
        clientWith({ caFiles: [ca.cert], ...network }).resolve(
          repositoryAt({ host: guarded }, 'none'),
          tagOf('v1'),
          quiet(),
        );
      const { message } = await registryErrorOf(asked({}));
      expect(message).toContain(
        `if the host requires a client certificate, put client.cert and client.key in certs.d/${guarded}`,
      );
      expect(await asked({ certDirectories: [certs] })).toBeUndefined();
    });

    it.each([
      ['junk', 'is no key: expected PEM, which begins -----BEGIN PRIVATE KEY-----'],
      [() => readFileSync(join(ca.directory, 'ca.key')), 'is not the key of '],
    ])('refuses a file that is not its key', async (key, words) => {
      const junk = mkdtempSync(join(tmpdir(), 'cip-certs-'));
      onTestFinished(() => rmSync(junk, { recursive: true }));
      mkdirSync(join(junk, guarded));
      copyFileSync(alice.cert, join(junk, guarded, 'client.cert'));
      writeFileSync(join(junk, guarded, 'client.key'), typeof key === 'string' ? key : key());
      const registry = clientWith({ caFiles: [ca.cert], certDirectories: [junk] });
      const error = await registryErrorOf(registry.list(repositoryAt({ host: guarded }, 'app'), quiet()));
      expect(error.message).toContain(`"${join(junk, guarded, 'client.key')}" ${words}`);
    });

    it('is not shown it by the answer of another registry', async () => {
      const elsewhere = await scriptedServer([
        {
          request: /^GET/,
          answer: { status: 307, headers: { location: `https://${guarded}/v2/app/tags/list` } },
        },
      ]);
      const registry = clientWith({ caFiles: [ca.cert], certDirectories: [certs] });
      const error = await registryErrorOf(registry.list(repositoryAt(elsewhere, 'app'), quiet()));
      expect(error.message).toContain('No required SSL certificate was sent');
    });
  });
});

describe('a registry that speaks http where https is expected', () => {
  it('is named in the option that helps', async () => {
    const server = await scriptedServer([]);
    const host = server.host.replace('127.0.0.1', 'plain.test');
    const { registry } = clientForTest({ network: { lookup } });
    const error = await registryErrorOf(registry.list(repositoryAt({ host }, 'app'), quiet()));
    expect(error).toMatchObject({ code: 'unreachable', temporary: false });
    expect(error.message).toMatch(
      new RegExp(
        `^GET https://${host}/v2/app/tags/list: \\w+: .*; if ${host} speaks plain http, say so with -plain-http ${host}$`,
      ),
    );
  });
});
