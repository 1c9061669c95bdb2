// Covers src/http/connect/network-options.ts

import { rootCertificates } from 'node:tls';
import { describe, expect, it } from 'vitest';
import { completeNetworkOptions, type NetworkOptions } from '../../../src/http/connect/network-options.ts';
import {
  readCommonCas,
  readHostFiles,
  TlsFileError,
  type TlsFileErrorCode,
} from '../../../src/http/connect/tls-files.ts';
import { testdir } from '../../builders/testdir.ts';

const [A = '', B = '', C = '', D = ''] = rootCertificates;
const NO_CERTIFICATE = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n';

function read(options: Partial<NetworkOptions>): Promise<readonly string[]> {
  return readCommonCas(completeNetworkOptions({ systemBundles: [], ...options }));
}

async function expectError(
  promise: Promise<unknown>,
  code: TlsFileErrorCode,
  message: string,
): Promise<void> {
  const error: unknown = await promise.catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(TlsFileError);
  expect(error).toMatchObject({ code, message });
}

describe('the authorities for every host', () => {
  it('are those of every file, whatever stands between them', async () => {
    const at = await testdir({ a: `# one\n${A}\nand\r\n${B}`, c: C, d: D });
    const cas = await read({
      caFiles: [`${at}/a`, `${at}/c`],
      systemBundles: ['/nowhere', `${at}/d`, `${at}/a`],
    });
    expect(cas).toEqual([D, A, B, C]);
  });

  it('are those of SSL_CERT_FILE instead of the bundle of the system', async () => {
    const at = await testdir({ a: A, b: B });
    expect(await read({ systemBundles: [`${at}/a`], env: { SSL_CERT_FILE: `${at}/b` } })).toEqual([B]);
  });

  it('are those of every directory of SSL_CERT_DIR, and of NODE_EXTRA_CA_CERTS where it can be read', async () => {
    const at = await testdir({ 'x/a.pem': A, 'x/README': 'none', 'y/b.crt': B, c: C });
    const env = { SSL_CERT_DIR: `${at}/x:/nowhere:${at}/y`, NODE_EXTRA_CA_CERTS: `${at}/c` };
    expect(await read({ env })).toEqual([A, B, C]);
    expect(await read({ env: { NODE_EXTRA_CA_CERTS: '/nowhere' } })).toEqual([]);
  });

  it.each<[string, string | Uint8Array, TlsFileErrorCode, string]>([
    [
      'empty',
      '',
      'no-certificate',
      'has no certificate: expected PEM, which begins -----BEGIN CERTIFICATE-----',
    ],
    [
      'in DER',
      Buffer.from(A, 'base64'),
      'no-certificate',
      'has no certificate: expected PEM, which begins -----BEGIN CERTIFICATE-----',
    ],
    ['broken', NO_CERTIFICATE, 'bad-certificate', 'has a certificate that cannot be parsed'],
  ])('are not taken from a file of the user that is %s', async (_what, text, code, message) => {
    const at = await testdir({ ca: text });
    await expectError(read({ caFiles: [`${at}/ca`] }), code, `-ca-file: "${at}/ca" ${message}`);
    await expectError(
      read({ env: { SSL_CERT_FILE: `${at}/ca` } }),
      code,
      `SSL_CERT_FILE: "${at}/ca" ${message}`,
    );
  });

  it('are not taken from a file that is not there', async () => {
    await expectError(
      read({ caFiles: ['/nowhere/ca'] }),
      'unreadable',
      '-ca-file: "/nowhere/ca" cannot be read: ENOENT',
    );
  });
});

describe('the files of a host', () => {
  it('are authorities, and a client certificate with its key', async () => {
    const at = await testdir({
      'h:5000/b.crt': B,
      'h:5000/a.crt': A,
      'h:5000/client.cert': C,
      'h:5000/client.key': 'k',
    });
    expect(await readHostFiles([at], 'h:5000')).toEqual({
      cas: [A, B],
      client: { certFile: `${at}/h:5000/client.cert`, keyFile: `${at}/h:5000/client.key`, cert: C, key: 'k' },
    });
    expect(await readHostFiles([at], 'h')).toEqual({ cas: [], client: undefined });
  });

  it('are authorities of every directory, and the client certificate of the first', async () => {
    const first = await testdir({ 'h/a.crt': A });
    const second = await testdir({ 'h/b.crt': B, 'h/me.cert': C, 'h/me.key': 'second' });
    const third = await testdir({ 'h/me.cert': C, 'h/me.key': 'third' });
    const files = await readHostFiles(['/nowhere', first, second, third], 'h');
    expect(files).toMatchObject({ cas: [A, B], client: { key: 'second' } });
  });

  it.each([
    ['registry-1.docker.io', 'docker.io/ca.crt'],
    ['registry-1.docker.io', 'registry-1.docker.io/ca.crt'],
    ['r.test', 'r.test:443/ca.crt'],
    ['[::1]:5000', '[::1]:5000/ca.crt'],
  ])('of %s are found in %s', async (host, path) => {
    const at = await testdir({ [path]: A });
    expect((await readHostFiles([at], host)).cas).toEqual([A]);
  });

  it('are never those of a directory above', async () => {
    const at = await testdir({ 'ca.crt': A, 'certs.d/ca.crt': A });
    for (const host of ['.', '..', '../certs.d', '']) {
      expect((await readHostFiles([`${at}/certs.d`], host)).cas).toEqual([]);
    }
  });

  it.each<[string, Record<string, string>, TlsFileErrorCode, string]>([
    [
      'without its key',
      { 'h/client.cert': A },
      'no-pair',
      '"DIR/h/client.cert" has no key: expected "client.key" beside it (authorities end in .crt)',
    ],
    [
      'without its certificate',
      { 'h/client.key': 'k' },
      'no-pair',
      '"DIR/h/client.key" has no certificate: expected "client.cert" beside it',
    ],
    [
      'that is one of two',
      { 'h/a.cert': A, 'h/a.key': 'k', 'h/b.cert': B, 'h/b.key': 'k' },
      'no-pair',
      '"DIR/h": expected one client certificate, got a.cert, b.cert',
    ],
    [
      'that is none',
      { 'h/client.cert': 'x', 'h/client.key': 'k' },
      'no-certificate',
      'certs.d: "DIR/h/client.cert" has no certificate: expected PEM, which begins -----BEGIN CERTIFICATE-----',
    ],
  ])('are refused with a client certificate %s', async (_what, files, code, message) => {
    const at = await testdir(files);
    await expectError(readHostFiles([at], 'h'), code, message.replaceAll('DIR/', `${at}/`));
  });
});

describe('directories of hosts', () => {
  it("are podman's and docker's, those of the user first", () => {
    const { certDirectories } = completeNetworkOptions({ env: { HOME: '/home/me' } });
    expect(certDirectories).toEqual([
      '/home/me/.config/containers/certs.d',
      '/home/me/.config/docker/certs.d',
      '/home/me/.docker/certs.d',
      '/etc/containers/certs.d',
      '/etc/docker/certs.d',
    ]);
  });

  it('are those of the machine where there is no home', () => {
    expect(completeNetworkOptions().certDirectories).toEqual([
      '/etc/containers/certs.d',
      '/etc/docker/certs.d',
    ]);
  });
});
