// Covers src/adapters/scanners/trivy.ts
// Covers src/adapters/scanners/grype.ts
// Covers src/adapters/scanners/sarif.ts
// Covers src/adapters/scanners/scan-report.ts

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseScan, parseScanFile, parseVex } from '../../../src/adapters/scanners/parse-document.ts';
import { parseDigest } from '../../../src/image/digest.ts';
import { digest } from '../../builders/manifests.ts';
import { repositoryRoot } from '../../doubles/tools.ts';

const A = digest('a');

function fixture(name: string): string {
  return readFileSync(join(repositoryRoot(), 'fixtures/scans', name), 'utf8');
}

describe('a report of a scanner', () => {
  it.each(['trivy.json', 'grype.json', 'trivy.sarif'])('%s names its image by digest', (name) => {
    expect(parseScan(fixture(name)).digests).toEqual(new Set([A]));
  });

  it.each([
    ['trivy.json', 'linux/amd64'],
    ['grype.json', 'linux/arm64'],
    ['trivy.sarif', undefined],
  ])('%s has the platform %s', (name, platform) => {
    expect(parseScan(fixture(name)).platform).toBe(platform);
  });

  it('Trivy: has the vulnerabilities of all results', () => {
    const { vulnerabilities, references } = parseScan(fixture('trivy.json'));
    expect(references).toEqual(new Set(['gcr.io/k8s-staging-app/app:v1.0.0']));
    expect(vulnerabilities).toMatchObject([
      {
        id: 'CVE-2026-1001',
        severity: 'high',
        package: 'libssl3',
        version: '3.0.14-1',
        purl: { type: 'deb', name: 'debian/libssl3', version: '3.0.14-1' },
        fixedIn: '3.0.15-1',
      },
      { id: 'CVE-2026-1002', severity: 'critical', package: 'tar', purl: undefined, fixedIn: undefined },
      {
        id: 'GHSA-aaaa-bbbb-cccc',
        aliases: ['GO-2026-0001'],
        severity: 'unspecified',
        fixedIn: '0.23.0, 0.22.1',
      },
    ]);
  });

  it('Grype: has its matches, and those that its settings ignore as dismissed', () => {
    expect(parseScan(fixture('grype.json')).vulnerabilities).toMatchObject([
      { id: 'GHSA-aaaa-bbbb-cccc', aliases: ['CVE-2026-1003'], severity: 'high', fixedIn: '0.23.0' },
      { id: 'CVE-2026-1004', severity: 'minimal', package: 'coreutils', fixedIn: undefined },
      { id: 'CVE-2026-1005', dismissed: 'Grype: ignored' },
    ]);
  });

  it('Grype: a match that it ignores has the reason of its rule', () => {
    const match = {
      vulnerability: { id: 'CVE-2026-1', severity: 'High', fix: { state: 'fixed', versions: ['2'] } },
    };
    const rules = [{ namespace: 'vex', 'vex-status': 'not_affected', reason: 'unused' }];
    const ignoredMatches = [{ ...match, appliedIgnoreRules: rules }, match];
    const report = { matches: [], ignoredMatches, source: {} };
    expect(parseScan(JSON.stringify(report)).vulnerabilities).toMatchObject([
      { id: 'CVE-2026-1', dismissed: 'Grype: ignored: not_affected: unused' },
      { id: 'CVE-2026-1', dismissed: 'Grype: ignored' },
    ]);
  });

  it('SARIF: has the packages and fixes in its texts; without them a fix is possible', () => {
    expect(parseScan(fixture('trivy.sarif')).vulnerabilities).toEqual([
      {
        id: 'CVE-2026-1001',
        aliases: [],
        severity: 'high',
        package: 'libssl3t64',
        version: '3.0.14-1',
        fixedIn: '3.0.15-1',
      },
      {
        id: 'CVE-2026-1002',
        aliases: [],
        severity: 'critical',
        package: 'tar',
        version: '1.34',
        fixedIn: undefined,
      },
      {
        id: 'CVE-2026-1006',
        aliases: [],
        severity: 'low',
        package: '',
        version: '',
        fixedIn: '',
        dismissed: 'SARIF: suppressed: not reachable',
      },
    ]);
  });

  it('SARIF: Grype names a rule by vulnerability and package, and writes the fix into its help', () => {
    const text =
      'Vulnerability CVE-2026-1\nSeverity: medium\nPackage: zlib\nVersion: 1.2\nFix Version: none\nType: deb';
    const rules = [{ id: 'CVE-2026-1-zlib', help: { text } }];
    const results = [{ ruleId: 'CVE-2026-1-zlib', message: { text: 'A medium vulnerability' } }];
    const log = { version: '2.1.0', runs: [{ tool: { driver: { rules } }, results }] };
    expect(parseScan(JSON.stringify(log)).vulnerabilities).toMatchObject([
      { id: 'CVE-2026-1', severity: 'medium', package: 'zlib', version: '1.2', fixedIn: undefined },
    ]);
  });

  it.each([
    ['a result that is no problem', { kind: 'pass' }, ['vulnerability']],
    ['a result of an earlier log', { baselineState: 'absent' }, ['vulnerability']],
    ['a secret', {}, ['secret', 'security', 'CRITICAL']],
    ['a misconfiguration', {}, ['misconfiguration', 'security', 'HIGH']],
    ['a license', {}, ['license', 'security', 'HIGH']],
  ])('SARIF: %s is no vulnerability', (_what, fields, tags) => {
    const rules = [{ id: 'CVE-2026-1', properties: { tags } }];
    const results = [{ ruleId: 'CVE-2026-1', ...fields }];
    const log = { version: '2.1.0', runs: [{ tool: { driver: { rules } }, results }] };
    expect(parseScan(JSON.stringify(log)).vulnerabilities).toEqual([]);
  });

  it.each([
    [{}, []],
    [{ kind: 'fail' }, ['vulnerability', 'secret']],
    [{ kind: 'review', baselineState: 'unchanged' }, ['security']],
  ])('SARIF: a result with %j and the tags %j is a vulnerability', (fields, tags) => {
    const rules = [{ id: 'CVE-2026-1', properties: { tags } }];
    const log = {
      version: '2.1.0',
      runs: [{ tool: { driver: { rules } }, results: [{ ruleId: 'CVE-2026-1', ...fields }] }],
    };
    expect(parseScan(JSON.stringify(log)).vulnerabilities).toMatchObject([{ id: 'CVE-2026-1' }]);
  });

  it.each([
    ['SARIF without properties', { version: '2.1.0', runs: [] }],
    ['Grype of a directory', { matches: [], source: { type: 'directory', target: '/src' } }],
    ['Trivy without a name', { SchemaVersion: 2, ArtifactName: '' }],
  ])('in a file names its image: not %s', (_what, report) => {
    expect(() => parseScanFile(JSON.stringify(report))).toThrow('it does not name an image');
    expect(parseScan(JSON.stringify(report)).vulnerabilities).toEqual([]);
  });

  it('of a clean image has no vulnerability', () => {
    const clean = { SchemaVersion: 2, ArtifactName: 'a', Metadata: { RepoDigests: [`r@${A}`] } };
    expect(parseScan(JSON.stringify(clean))).toMatchObject({ digests: new Set([A]), vulnerabilities: [] });
  });

  it.each([
    ['', 'it is empty'],
    ['\n', 'it is empty'],
    ['no JSON', 'it is not a JSON object'],
    ['[]', 'it is not a JSON object'],
    ['{}', 'it is not a report of a known format: expected JSON of Trivy or Grype, or SARIF'],
    ['{"SchemaVersion":3,"ArtifactName":"a"}', 'a report of Trivy with SchemaVersion 3, expected 2'],
  ])('is not %j', (text, message) => {
    expect(() => parseScan(text)).toThrow(message);
  });

  it('with fields of other types, and with control characters, is read as far as possible', () => {
    const odd = {
      SchemaVersion: 2,
      ArtifactName: 7,
      Metadata: { RepoDigests: [7, null, 'r@sha256:short'] },
      Results: [
        null,
        { Vulnerabilities: 'none' },
        { Vulnerabilities: [{ VulnerabilityID: 'CVE\n::error::x', Severity: 9, PkgIdentifier: [] }] },
      ],
    };
    expect(parseScan(JSON.stringify(odd))).toMatchObject({
      digests: new Set(),
      vulnerabilities: [{ id: 'CVE ::error::x', severity: 'unspecified', fixedIn: undefined }],
    });
  });
});

const SINGLE = parseDigest('sha256:fcb4f554b8c580c67c80491b89d08530dccb593e803522da898d1b07329c2c3a');
const INDEX = parseDigest('sha256:51dc2e2550d8b2bc1854a447f36450f390d6ee2aa35c74d9542dbe5c63344f0d');

function rowsOf(name: string) {
  return parseScan(fixture(`real/${name}`)).vulnerabilities.map(
    ({ id, severity, package: name, version, fixedIn }) => [id, severity, name, version, fixedIn],
  );
}

describe('a report that Grype 0.121.2 wrote', () => {
  const ARM64 = parseDigest('sha256:5ad453f7d47a46e4291c52a8fd72a5438a4a6e323cf3027076982fc2b42fa3e4');
  const THREE = [
    ['GHSA-aaaa-bbbb-cccc', 'critical', 'minimist', '1.2.5', '1.2.6'],
    ['CVE-2026-1002', 'critical', 'tar', '1.34+dfsg-1.2', undefined],
    ['CVE-2026-1001', 'high', 'libssl3', '3.0.14-1~deb12u1', '3.0.15-1~deb12u1'],
  ];

  it('has its vulnerabilities, with and without a fix, and those that a VEX document dismisses', () => {
    expect(rowsOf('grype.json')).toEqual([
      ...THREE,
      ['GHSA-dddd-eeee-ffff', 'high', 'minimist', '0.2.0', '1.2.6'],
      ['GHSA-dddd-eeee-ffff', 'high', 'minimist', '1.2.5', '1.2.6'],
      ['CVE-2026-1003', 'minimal', 'libc6', '2.36-9+deb12u7', undefined],
      ['CVE-2026-1005', 'unspecified', 'bash', '5.2.15-2+b7', '5.2.15-3'],
      ['CVE-2026-1004', 'critical', 'zlib1g', '1:1.2.13.dfsg-1', '1:1.2.13.dfsg-2'],
    ]);
    const { vulnerabilities } = parseScan(fixture('real/grype.json'));
    expect(vulnerabilities.map(({ dismissed }) => dismissed).filter(Boolean)).toEqual([
      'Grype: ignored: not_affected',
    ]);
    expect(vulnerabilities).toMatchObject([
      { aliases: ['CVE-2026-1006'], purl: { type: 'npm', name: 'minimist', version: '1.2.5' } },
      { purl: { type: 'deb', name: 'debian/tar', version: '1.34+dfsg-1.2' } },
      ...Array.from({ length: 6 }, () => ({})),
    ]);
  });

  it('names its image by digest, and an index with the platform', () => {
    expect(parseScanFile(fixture('real/grype.json'))).toMatchObject({
      digests: new Set([SINGLE]),
      platform: 'linux/amd64',
    });
    expect(parseScanFile(fixture('real/grype-arm64.json'))).toMatchObject({
      digests: new Set([INDEX, ARM64]),
      platform: 'linux/arm64',
    });
  });

  it('in SARIF has the version of each result, and a fix that is unknown where the rule is about another version', () => {
    expect(rowsOf('grype.sarif')).toEqual([
      ...THREE,
      ['GHSA-dddd-eeee-ffff', 'high', 'minimist', '0.2.0', '1.2.6'],
      ['GHSA-dddd-eeee-ffff', 'high', 'minimist', '1.2.5', ''],
      ['CVE-2026-1003', 'low', 'libc6', '2.36-9+deb12u7', undefined],
      ['CVE-2026-1005', 'low', 'bash', '5.2.15-2+b7', '5.2.15-3'],
    ]);
    expect(() => parseScanFile(fixture('real/grype.sarif'))).toThrow('it does not name an image');
  });
});

describe('a report that Trivy 0.74.0 wrote', () => {
  const OPENSSL = ['CVE-2026-1001', 'high', 'libssl3', '3.0.14-1~deb12u1', '3.0.15-1~deb12u1'];
  const ZLIB = ['CVE-2026-1004', 'critical', 'zlib1g', '1:1.2.13.dfsg-1', '1:1.2.13.dfsg-2'];
  const TAR = ['CVE-2026-1002', 'critical', 'tar', '1.34+dfsg-1.2', undefined];
  const MINIMIST = ['CVE-2026-1006', 'critical', 'minimist', '1.2.5', '1.2.6'];
  const FIRST = [
    ['CVE-2026-1005', 'unspecified', 'bash', '5.2.15-2+b7', '5.2.15-3'],
    ['CVE-2026-1003', 'low', 'libc6', '2.36-9+deb12u7', undefined],
  ];

  it('has its vulnerabilities, with and without a fix, and those that an ignore file or a VEX document dismisses', () => {
    expect(rowsOf('trivy.json')).toEqual([...FIRST, TAR, OPENSSL, ZLIB, MINIMIST]);
    const { vulnerabilities } = parseScan(fixture('real/trivy.json'));
    expect(vulnerabilities.flatMap(({ id, dismissed }) => (dismissed ? [`${id} ${dismissed}`] : []))).toEqual(
      [
        'CVE-2026-1001 Trivy: ignored: accepted until the next release',
        'CVE-2026-1004 Trivy: not_affected: vulnerable_code_not_in_execute_path',
      ],
    );
    expect(vulnerabilities.at(-1)).toMatchObject({
      aliases: ['GHSA-aaaa-bbbb-cccc'],
      purl: { type: 'npm', name: 'minimist', version: '1.2.5' },
    });
    expect(vulnerabilities[2]).toMatchObject({
      purl: { type: 'deb', name: 'debian/tar', version: '1.34+dfsg-1.2' },
    });
  });

  it('names its image by digest, and an index with the platform', () => {
    expect(parseScanFile(fixture('real/trivy.json'))).toMatchObject({
      digests: new Set([SINGLE]),
      platform: 'linux/amd64',
    });
    expect(parseScanFile(fixture('real/trivy-arm64.json'))).toMatchObject({
      digests: new Set([INDEX]),
      platform: 'linux/arm64',
    });
  });

  it('in SARIF has the fields of the scanner, whatever the description of a vulnerability says', () => {
    expect(rowsOf('trivy.sarif')).toEqual([...FIRST, OPENSSL, TAR, ZLIB, MINIMIST]);
    const { digests, platform } = parseScanFile(fixture('real/trivy.sarif'));
    expect({ digests, platform }).toEqual({ digests: new Set([SINGLE]), platform: undefined });
  });
});

it('Trivy: a modified finding of another status counts, and one of another kind is none', () => {
  const Finding = { VulnerabilityID: 'CVE-2026-1', PkgName: 'tar', Severity: 'HIGH' };
  const ExperimentalModifiedFindings = [
    { Type: 'vulnerability', Status: 'affected', Statement: 'lower severity', Finding },
    { Type: 'vulnerability', Status: 'fixed', Finding },
    { Type: 'secret', Status: 'ignored', Finding: { RuleID: 'key' } },
  ];
  const report = { SchemaVersion: 2, ArtifactName: 'a', Results: [{ ExperimentalModifiedFindings }] };
  expect(parseScan(JSON.stringify(report)).vulnerabilities).toEqual([
    expect.not.objectContaining({ dismissed: expect.anything() }),
    expect.objectContaining({ id: 'CVE-2026-1', severity: 'high', dismissed: 'Trivy: fixed' }),
  ]);
});

it.each([
  ['no JSON', 'it is not a JSON object'],
  ['{"@context":"https://example.com"}', 'it is not a VEX document of a known format'],
])('a VEX document is not %j', (text, message) => {
  expect(() => parseVex(text)).toThrow(message);
});
