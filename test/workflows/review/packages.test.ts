// Covers src/workflows/review/compare-packages.ts
import { describe, expect, it } from 'vitest';
import { comparePackages } from '../../../src/workflows/review/compare-packages.ts';
import { type PackageList, parseSbom } from '../../../src/workflows/review/packages.ts';
import { cyclonedx, spdx } from '../../builders/review-images.ts';

function parse(document: unknown): PackageList | undefined {
  return parseSbom(Buffer.from(JSON.stringify(document)));
}

function listOf(document: unknown): Record<string, string[]> {
  const list = parse(document);
  return Object.fromEntries(
    Array.from(list?.packages ?? [], ([name, versions]) => [name, Array.from(versions)]),
  );
}

describe('an SBOM', () => {
  it('has the same names in both formats', () => {
    const packages = { 'deb/debian/curl': ['8'], 'deb/debian/zlib': ['1'] };
    expect(listOf(cyclonedx('curl@8', 'zlib@1'))).toEqual(packages);
    expect(listOf(spdx('curl@8', 'zlib@1'))).toEqual(packages);
  });

  it('of CycloneDX has nested components, and no files', () => {
    const components = [
      { type: 'file', name: '/bin/sh' },
      { type: 'library', group: 'org.x', name: 'a', version: '1', components: [{ name: 'b', version: '2' }] },
      { type: 'library', name: 'a', purl: 'pkg:npm/%40scope/a@1.0.0?x=y#z' },
      null,
      7,
    ];
    expect(listOf({ bomFormat: 'CycloneDX', components })).toEqual({
      'org.x/a': ['1'],
      b: ['2'],
      'npm/%40scope/a': [''],
    });
  });

  it('of SPDX has neither the image nor its files', () => {
    const purl = (referenceLocator: string) => [{ referenceType: 'purl', referenceLocator }];
    const packages = [
      { name: 'app', primaryPackagePurpose: 'CONTAINER' },
      { name: 'app', externalRefs: purl('pkg:oci/app@sha256:1') },
      { name: 'a', versionInfo: '1' },
      { name: 'a', versionInfo: '2' },
      { name: '__proto__', versionInfo: '1' },
    ];
    const list = parse({ spdxVersion: 'SPDX-2.3', packages })?.packages;
    expect(Array.from(list ?? [], ([name, versions]) => [name, Array.from(versions)])).toEqual([
      ['a', ['1', '2']],
      ['__proto__', ['1']],
    ]);
  });

  it.each([
    ['no JSON', Buffer.from('SPDXVersion: SPDX-2.3')],
    ['another document', Buffer.from('{"spdx":1}')],
    ['SPDX 3', Buffer.from('{"@context":"https://spdx.org/rdf/3.0.1/spdx-context.jsonld","@graph":[]}')],
    ['an attestation of another kind', Buffer.from('{"predicateType":"x","predicate":{"buildType":"y"}}')],
    ['endless wrappers', Buffer.from(`${'{"predicate":'.repeat(50)}{}${'}'.repeat(50)}`)],
  ])('is not %s', (_what, bytes) => {
    expect(parseSbom(bytes)).toBeUndefined();
  });
});

describe('a comparison of packages', () => {
  const list = (...entries: readonly (readonly [string, ...string[]])[]) => ({
    packages: new Map(entries.map(([name, ...versions]) => [name, new Set(versions)])),
  });

  it('has what was gained, lost and changed, sorted', () => {
    const before = list(['b', '1'], ['a', '1'], ['lost', '1'], ['same', '1']);
    const after = list(['same', '1'], ['a', '2'], ['b', '2', '1'], ['gained', '']);
    expect(comparePackages(before, after)).toEqual({
      gained: [{ name: 'gained', before: null, after: '' }],
      lost: [{ name: 'lost', before: '1', after: null }],
      changed: [
        { name: 'a', before: '1', after: '2' },
        { name: 'b', before: '1', after: '1, 2' },
      ],
      unchanged: 1,
      counts: { gained: 1, lost: 1, changed: 2 },
    });
  });

  it('counts what is beyond its limit', () => {
    const many = list(...Array.from({ length: 1500 }, (_, n) => [`p${n}`, '1'] as const));
    const { gained, counts } = comparePackages(list(), many);
    expect([gained.length, counts.gained]).toEqual([1000, 1500]);
  });
});
