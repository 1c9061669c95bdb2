import { describe, expect, it } from 'vitest';
import { Dismissals } from '../../../src/checks/vulnerabilities/dismissals.ts';
import type { AllowedVulnerability } from '../../../src/checks/vulnerabilities/gate-options.ts';
import { parsePurl } from '../../../src/image/purl.ts';
import type { VexProduct, VexStatement, Vulnerability } from '../../../src/ports/vulnerabilities.ts';
import { digest, repository } from '../../builders/manifests.ts';

const [INDEX, PLATFORM, OTHER] = [digest('a'), digest('b'), digest('c')];
const IMAGE = {
  digests: new Set([INDEX, PLATFORM]),
  platform: 'linux/arm/v7',
  repositories: new Set(['gcr.io/s/app', 'p.io/p/app']),
  tags: new Set(['v1']),
};
const FOUND: Vulnerability = {
  id: 'CVE-1',
  aliases: ['GHSA-1'],
  severity: 'high',
  package: 'openssl',
  version: '3.0',
  purl: parsePurl('pkg:deb/debian/openssl@3.0?arch=amd64'),
  fixedIn: '3.1',
};

function allowing(entry: Partial<AllowedVulnerability>, found = FOUND) {
  const allowed = [{ vulnerability: 'CVE-1', reason: 'not reachable', ...entry }];
  return new Dismissals(allowed, { statements: [], today: '2026-11-20' }).assess(found, IMAGE);
}

function statement(product: VexProduct, more: Partial<VexStatement> = {}): VexStatement {
  return {
    vulnerabilities: ['CVE-1'],
    products: [product],
    dismisses: true,
    status: 'fixed',
    time: 0,
    ...more,
  };
}

function withVex(...statements: readonly VexStatement[]) {
  return new Dismissals([], { statements, today: '2026-11-20' });
}

function isDismissed(product: VexProduct, found = FOUND): boolean {
  return withVex(statement(product)).assess(found, IMAGE).kind === 'dismissed';
}

describe('an exception', () => {
  it.each([
    {},
    { vulnerability: 'cve-1' },
    { vulnerability: 'GHSA-1' },
    { vulnerability: 'CVE-*' },
    { image: 'gcr.io/s/*' },
    { image: 'p.io/p/app' },
    { package: 'open*' },
    { expires: '2026-11-20' },
  ])('%j dismisses the vulnerability', (entry) => {
    expect(allowing(entry)).toEqual({ kind: 'dismissed', reason: 'allowed: not reachable' });
  });

  it.each([
    { vulnerability: 'CVE-10' },
    { image: 'gcr.io/s' },
    { image: 'gcr.io/other/*' },
    { package: 'tar' },
  ])('%j is about others', (entry) => {
    expect(allowing(entry)).toEqual({ kind: 'counts' });
  });

  it('no longer counts after its last day', () => {
    expect(allowing({ expires: '2026-11-19' })).toEqual({ kind: 'counts', allowedUntil: '2026-11-19' });
  });
});

describe('a VEX statement', () => {
  it.each<readonly [string, readonly VexStatement[], readonly string[]]>([
    ['of the image', [statement({ digest: INDEX })], []],
    ['of another image', [statement({ digest: OTHER })], ['CVE-1']],
    ['without an image', [statement({ digest: OTHER }, { products: [] })], ['CVE-1']],
    ['of another package', [statement({ digest: INDEX, packages: [] })], ['CVE-1']],
    ['of another image that dismisses nothing', [statement({ digest: OTHER }, { dismisses: false })], []],
    ['of another vulnerability', [statement({ digest: OTHER }, { vulnerabilities: ['CVE-2'] })], []],
    ['by an alias', [statement({ digest: OTHER }, { vulnerabilities: ['ghsa-1'] })], ['ghsa-1']],
    [
      'that a later one replaces',
      [statement({ digest: INDEX }), statement({ digest: INDEX }, { dismisses: false, time: 1 })],
      [],
    ],
  ])('%s is unapplied only if its vulnerability counts', (_what, statements, unapplied) => {
    const dismissals = withVex(...statements);
    dismissals.assess(FOUND, IMAGE);
    expect(dismissals.unapplied()).toEqual(unapplied);
  });

  it.each<readonly [string, VexProduct]>([
    ['the digest of the index', { digest: INDEX }],
    ['the digest of the platform', { digest: PLATFORM }],
    ['its architecture', { digest: INDEX, architecture: 'arm' }],
    ['the repository', { repository: repository('gcr.io/s/app') }],
    ['the tag', { repository: repository('p.io/p/app'), tag: 'v1' }],
    ['the package', { digest: INDEX, packages: [purl('pkg:deb/debian/openssl@3.0')] }],
    [
      'the package of its architecture',
      { digest: INDEX, packages: [purl('pkg:deb/debian/openssl?arch=amd64')] },
    ],
    ['the package of any version', { digest: INDEX, packages: [purl('pkg:deb/debian/openssl')] }],
  ])('about %s dismisses the vulnerability', (_what, product) => {
    expect(isDismissed(product)).toBe(true);
  });

  it.each<readonly [string, VexProduct]>([
    ['another digest', { digest: OTHER }],
    ['another architecture', { digest: INDEX, architecture: 'arm64' }],
    ['another repository', { repository: repository('gcr.io/s/app2') }],
    ['another tag', { repository: repository('gcr.io/s/app'), tag: 'v2' }],
    ['another package', { digest: INDEX, packages: [purl('pkg:deb/debian/tar')] }],
    ['another version of the package', { digest: INDEX, packages: [purl('pkg:deb/debian/openssl@3.2')] }],
    [
      'the package of another architecture',
      { digest: INDEX, packages: [purl('pkg:deb/debian/openssl?arch=arm64')] },
    ],
    [
      'the package of a distribution that is unknown',
      { digest: INDEX, packages: [purl('pkg:deb/debian/openssl?distro=sid')] },
    ],
    ['a package of another type', { digest: INDEX, packages: [purl('pkg:rpm/debian/openssl')] }],
    ['packages that could not be read', { digest: INDEX, packages: [] }],
  ])('about %s does not', (_what, product) => {
    expect(isDismissed(product)).toBe(false);
  });

  it('names a package of a scanner without package URLs by its name and version', () => {
    const found = { ...FOUND, purl: undefined };
    const of = (name: string) => isDismissed({ digest: INDEX, packages: [purl(name)] }, found);
    expect(of('pkg:deb/debian/openssl')).toBe(true);
    expect(of('pkg:deb/debian/openssl@3.0')).toBe(true);
    expect(of('pkg:deb/debian/openssl@3.2')).toBe(false);
    expect(of('pkg:deb/debian/tar')).toBe(false);
  });

  it('names a vulnerability by any of its names', () => {
    const other = statement({ digest: INDEX }, { vulnerabilities: ['CVE-9', 'ghsa-1'] });
    expect(withVex(other).assess(FOUND, IMAGE)).toEqual({ kind: 'dismissed', reason: 'VEX: fixed' });
  });

  it('is overridden by a later one', () => {
    const [earlier, later] = [
      statement({ digest: INDEX }, { time: 1 }),
      statement({ repository: repository('gcr.io/s/app') }, { time: 2, dismisses: false }),
    ];
    expect(withVex(later, earlier).assess(FOUND, IMAGE).kind).toBe('counts');
    expect(withVex({ ...later, time: 0 }, earlier).assess(FOUND, IMAGE).kind).toBe('dismissed');
  });
});

it('the assessment of the source itself holds', () => {
  const found = { ...FOUND, dismissed: 'VEX: NOT_AFFECTED' };
  expect(withVex().assess(found, IMAGE)).toEqual({ kind: 'dismissed', reason: 'VEX: NOT_AFFECTED' });
});

function purl(text: string) {
  const parsed = parsePurl(text);
  if (parsed === undefined) throw new Error(text);
  return parsed;
}
