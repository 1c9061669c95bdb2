// Covers src/adapters/scanners/vex/openvex.ts
// Covers src/adapters/scanners/vex/cyclonedx.ts
// Covers src/adapters/scanners/vex/vex-image.ts

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseVex } from '../../../../src/adapters/scanners/parse-document.ts';
import { digest } from '../../../builders/manifests.ts';
import { repositoryRoot } from '../../../doubles/tools.ts';

const A = digest('a');
const NOVEMBER = Date.parse('2026-11-01T00:00:00Z');

function statementsOf(name: string) {
  return parseVex(readFileSync(join(repositoryRoot(), 'fixtures/scans', name), 'utf8'));
}

it('OpenVEX: a statement has its images, and the packages that it is limited to', () => {
  expect(statementsOf('openvex.json')).toMatchObject([
    {
      vulnerabilities: ['CVE-2026-1001', 'GHSA-1111-2222-3333'],
      products: [{ digest: A, packages: [{ type: 'deb', name: 'debian/libssl3', version: undefined }] }],
      dismisses: true,
      status: 'not_affected: vulnerable_code_not_in_execute_path',
      time: NOVEMBER,
    },
    {
      products: [{ repository: 'gcr.io/k8s-staging-app/app', tag: 'v1.0.0' }],
      dismisses: true,
      time: Date.parse('2026-11-02T00:00:00Z'),
    },
    { vulnerabilities: ['CVE-2026-1002'], products: [] },
    { products: [{ repository: 'gcr.io/k8s-staging-app/app', tag: undefined }], dismisses: false },
  ]);
});

it('CycloneDX: a statement is about the image of the document, or a package in it', () => {
  expect(statementsOf('cyclonedx-vex.json')).toMatchObject([
    {
      vulnerabilities: ['CVE-2026-1001'],
      products: [{ digest: A, packages: [{ name: 'debian/libssl3', version: '3.0.14-1' }] }],
      dismisses: true,
      status: 'not_affected: code_not_reachable: no server in it',
      time: NOVEMBER,
    },
    {
      vulnerabilities: ['GHSA-aaaa-bbbb-cccc', 'CVE-2026-1003'],
      products: [{ digest: A }],
      dismisses: false,
    },
    { vulnerabilities: ['CVE-2026-1007'], products: [], dismisses: true },
  ]);
});

describe('the image of a product', () => {
  it.each([
    [`pkg:oci/app@${A}`, [{ digest: A }]],
    [`pkg:docker/app@${A}`, [{ digest: A }]],
    [`gcr.io/s/app@${A}`, [{ digest: A }]],
    [`gcr.io/s/app:v1@${A}`, [{ digest: A }]],
    ['gcr.io/s/app:v1', [{ repository: 'gcr.io/s/app', tag: 'v1' }]],
    ['localhost:5000/s/app', [{ repository: 'localhost:5000/s/app', tag: undefined }]],
    ['pkg:oci/app?repository_url=https://gcr.io/s/app', [{ repository: 'gcr.io/s/app', tag: undefined }]],
    [`pkg:oci/app@${A}?arch=arm64`, [{ digest: A, architecture: 'arm64' }]],
    ['pkg:oci/app', []],
    ['pkg:oci/app@v1?repository_url=gcr.io/s/app', []],
    ['pkg:docker/app?repository_url=gcr.io/s/app', []],
    [`pkg:deb/debian/tar@${A}`, []],
    ['app', []],
    ['', []],
  ])('%j', (product, expected) => {
    const statement = { vulnerability: 'CVE-1', products: [product], status: 'fixed' };
    const document = { '@context': 'https://openvex.dev/ns', statements: [statement] };
    expect(parseVex(JSON.stringify(document))).toEqual([
      { vulnerabilities: ['CVE-1'], products: expected, dismisses: true, status: 'fixed', time: 0 },
    ]);
  });

  it('is its digest alone, if one of its names has one', () => {
    const product = { '@id': 'gcr.io/s/app', identifiers: { purl: `pkg:oci/app@${A}` } };
    const statement = { vulnerability: { name: 'CVE-1' }, products: [product], status: 'fixed' };
    const document = { '@context': 'https://openvex.dev/ns/v0.2.0', statements: [statement] };
    expect(parseVex(JSON.stringify(document))[0]?.products).toEqual([{ digest: A }]);
  });
});
