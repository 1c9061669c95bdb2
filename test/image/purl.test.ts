import { expect, it } from 'vitest';
import { parsePurl } from '../../src/image/purl.ts';

const DIGEST = `sha256:${'a'.repeat(64)}`;

it.each([
  ['pkg:deb/debian/openssl@3.0?arch=amd64', { type: 'deb', name: 'debian/openssl', version: '3.0' }],
  [
    'pkg:golang/golang.org/x/net@v0.20.0#sub',
    { type: 'golang', name: 'golang.org/x/net', version: 'v0.20.0' },
  ],
  ['pkg:npm/%40scope/name@1.0', { type: 'npm', name: '@scope/name', version: '1.0' }],
  ['pkg:npm/@scope/name', { type: 'npm', name: '@scope/name', version: undefined }],
  [`pkg:OCI/app@sha256%3A${'a'.repeat(64)}`, { type: 'oci', name: 'app', version: DIGEST }],
  [`pkg:oci/app@${DIGEST}`, { type: 'oci', name: 'app', version: DIGEST }],
  ['pkg:generic/100%', { type: 'generic', name: '100%', version: undefined }],
])('%s', (text, expected) => {
  expect(parsePurl(text)).toMatchObject(expected);
});

it('qualifiers are decoded', () => {
  const purl = parsePurl('pkg:oci/app?repository_url=gcr.io%2Fs%2Fapp&Tag=v1&x');
  expect(purl?.qualifiers).toEqual(
    new Map([
      ['repository_url', 'gcr.io/s/app'],
      ['tag', 'v1'],
    ]),
  );
});

it.each(['', 'app', 'pkg:', 'pkg:oci', 'pkg:oci/', 'pkg:/app', 'https://example.com'])(
  '%j is none',
  (text) => {
    expect(parsePurl(text)).toBeUndefined();
  },
);
