// Covers src/cli/commands/sigcheck.ts
// Covers src/cli/commands/run/run-sigcheck.ts
// Covers src/cli/flags/options/sigcheck-options.ts
// Covers src/cli/runtime/open-sigcheck.ts
// Covers src/report/sigcheck/sigcheck.ts
// Covers src/report/sigcheck/advise-sigcheck.ts

import { generateKeyPairSync } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { EmbeddedRegistry } from '../../src/embedded-registry/embedded-registry.ts';
import { parseReport } from '../../src/report/parse-report.ts';
import { encodeBundle } from '../../src/signature/bundle.ts';
import { SIGN_PREDICATE } from '../../src/signature/media-types.ts';
import { makeSimpleSigning } from '../../src/signature/simple-signing.ts';
import { makeStatement } from '../../src/signature/statement.ts';
import { type Content, image, multiArch, push, pushOverHttp } from '../builders/images.ts';
import { testdir } from '../builders/testdir.ts';
import { startRealRegistry } from '../doubles/real-registries.ts';
import { type CipOptions, runCip, startCip } from '../doubles/run-cip.ts';
import { createSigstore, IDENTITY, ISSUER } from '../doubles/sigstore.ts';
import { storeBundle, storeSignatureTag } from './sigstore/store-signatures.ts';
import { embedded, thinFiles, writesOf } from './staging.ts';

const APP = image({ seed: 'app' });
const MULTI = multiArch('multi', { platforms: 2 });

function keyPair() {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return {
    pem: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    pub: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
  };
}

/** Two regions that hold what the manifests want, without signatures, and two keys. */
async function production() {
  const regions = [await embedded(), await embedded()] as const;
  for (const region of regions) {
    push(region, 'prod/app', APP, 'v1');
    push(region, 'prod/app', MULTI, 'v2');
  }
  const images = { app: { [APP.manifest.digest]: ['v1'], [MULTI.manifest.digest]: ['v2'] } };
  const to = regions.map(({ host }) => `${host}/prod`);
  const [own, other] = [keyPair(), keyPair()];
  const directory = await testdir({
    ...thinFiles({ project: { from: `${regions[0].host}/staging`, to, images } }),
    'own.pem': own.pem,
    'own.pub': own.pub,
    'other.pem': other.pem,
    'other.pub': other.pub,
  });
  const path = (name: string) => join(directory, name);
  const where = `-thin-manifest-dir=${directory}`;
  const check = (flags: readonly string[], options?: CipOptions) =>
    runCip(['sigcheck', where, ...flags], options);
  return { regions, path, where, check, byOwn: `-signature-key=${path('own.pub')}` };
}

/**
 * An image with a bundle and one with a tag `.sig`, signed without a key. The clock of the log
 * is `skew` milliseconds ahead of the certificates, which are valid for minutes.
 */
async function signedByCertificates(skew: number) {
  const [sigstore, registry] = [await createSigstore({ skew }), await embedded()];
  const by = await sigstore.certificate();
  const [bundled, tagged] = [APP, image({ seed: 'tagged' })];
  for (const content of [bundled, tagged]) push(registry, 'prod/app', content);
  const at = (content: Content) => ({ registry, repository: 'prod/app', image: content });
  const statement = makeStatement([bundled.manifest], { predicateType: SIGN_PREDICATE, predicate: {} });
  storeBundle(at(bundled), encodeBundle(await sigstore.bundle(statement, by)), SIGN_PREDICATE);
  const { digest } = tagged.manifest;
  const payload = makeSimpleSigning({ dockerReference: `${registry.host}/prod/app`, digest });
  const { timestamp: _, ...signature } = await sigstore.simpleSigning(payload, by); // the time is that of the log
  storeSignatureTag(at(tagged), signature);
  const images = { app: { [bundled.manifest.digest]: ['v1'], [digest]: ['v2'] } };
  const project = { from: `${registry.host}/staging`, to: [`${registry.host}/prod`], images };
  const cwd = await testdir({ ...thinFiles({ project }), 'root.json': sigstore.trustedRoot });
  const signer = [`-certificate-identity=${IDENTITY}`, `-certificate-oidc-issuer=${ISSUER}`];
  const flags = [
    '-thin-manifest-dir=.',
    '-trusted-root=root.json',
    '-attest=false',
    '-carry=none',
    ...signer,
  ];
  return { registry, check: () => runCip(['sigcheck', ...flags], { cwd }) };
}

const writesIn = (regions: readonly EmbeddedRegistry[]) => regions.flatMap(writesOf);

describe('cip sigcheck', () => {
  it('exits 1 with what is unsigned, in every form of the report, and writes nothing', async () => {
    const { regions, check, byOwn, path } = await production();
    const [json, markdown, page] = ['r.json', 'r.md', 'r.html'].map(path);
    const files = [`-report=${json}`, `-report-markdown=${markdown}`, `-report-html=${page}`];
    const { status, stdout, stderr } = await check([byOwn, ...files]);
    expect(status, stderr).toBe(1);
    expect(stdout).toBe('');
    expect(stderr).toMatch(/^Signatures: 2 images at 2 destinations\n/);
    expect(stderr).toMatch(
      /\nChecked the signatures of 2 images at 2 destinations: 0 signed, 4 unsigned \(exit 1\)\n$/,
    );
    expect(stderr).toMatch(
      new RegExp(`ERROR   unsigned prod/app@${APP.manifest.digest} → .*: no signature; no attestation`),
    );
    const report = parseReport(await readFile(json ?? '', 'utf8'));
    expect(report).toMatchObject({ mode: 'sigcheck', confirmed: false, summary: { edges: 4, unsigned: 4 } });
    expect(await readFile(markdown ?? '', 'utf8')).toMatch(/^## Image signatures\n/);
    expect(await readFile(page ?? '', 'utf8')).toContain('unsigned');
    expect(writesIn(regions)).toEqual([]);
  });

  it('repairs with a signer; then a check is clean, and a second repair writes nothing', async () => {
    const { regions, check, byOwn, path } = await production();
    const repair = ['-confirm', `-sign-key=${path('own.pem')}`];
    const first = await check(repair);
    expect(first.status, first.stderr).toBe(0);
    expect(first.stderr).toMatch(/: 0 signed, 4 repaired \(exit 0\)\n$/);
    expect((await check([byOwn])).stderr).toMatch(/: 4 signed \(exit 0\)\n$/);
    for (const region of regions) region.clearRequests();
    expect((await check(repair)).stderr).toMatch(/: 4 signed \(exit 0\)\n$/);
    expect(writesIn(regions)).toEqual([]);
  });

  it('is kpromo sigcheck, with flags before and after it', async () => {
    const { check, where, byOwn, path } = await production();
    await check(['-confirm', `-sign-key=${path('own.pem')}`]);
    const args = ['--from-days=7', 'sigcheck', where, byOwn];
    const { status, stderr } = await runCip(args, { program: 'kpromo' });
    expect(status, stderr).toBe(0);
    expect(stderr).toContain('checked whatever their age');
  });

  it('names signatures by another key, and those of nobody it knows', async () => {
    const { check, path, byOwn } = await production();
    await check(['-confirm', `-sign-key=${path('other.pem')}`]);
    const unknown = await check([byOwn]);
    expect(unknown.status).toBe(1);
    expect(unknown.stderr).toMatch(/: 0 signed, 4 signed by others \(exit 1\)\n$/);
    const own = await check([`-sign-key=${path('own.pem')}`]);
    expect(own.stderr).toContain('no signature by the signer of this run');
    const byDefault = await check([]);
    expect(byDefault.stderr).toContain('no signature by krel-trust@k8s-releng-prod.iam.gserviceaccount.com');
  });

  it.each([
    ['valid when they were made', 0, /: 2 signed \(exit 0\)\n$/],
    ['expired then', 11 * 60_000, /: 0 signed, 2 with invalid signatures \(exit 1\)\n$/],
    ['not yet valid then', -60_000, /: 0 signed, 2 with invalid signatures \(exit 1\)\n$/],
  ])('judges a bundle and a tag .sig whose certificates were %s', async (_, skew, end) => {
    const { registry, check } = await signedByCertificates(skew);
    const { status, stderr } = await check();
    expect(stderr).toMatch(end);
    expect(status).toBe(skew === 0 ? 0 : 1);
    const refused = stderr.match(/^ERROR {3}refused .*: no valid signature: .*certificate.*$/gm) ?? [];
    expect(refused).toHaveLength(skew === 0 ? 0 : 2);
    expect(writesOf(registry)).toEqual([]);
  });

  it('checks images by reference', async () => {
    const { regions, check, path } = await production();
    await check(['-confirm', `-sign-key=${path('own.pem')}`, '-attest=false']);
    const reference = `${regions[0].host}/prod/app:v1`;
    const key = `-signature-key=${path('own.pub')}`;
    const signed = await runCip(['sigcheck', reference, key]);
    expect(signed.status, signed.stderr).toBe(0);
    expect(signed.stderr).toMatch(/Checked the signatures of 1 image: 1 signed \(exit 0\)\n$/);
    const missing = await runCip(['sigcheck', `${regions[0].host}/prod/app:v9`, key]);
    expect(missing.status).toBe(1);
    expect(missing.stderr).toContain('v9 does not exist');
  });

  it('exits 1 where a registry does not answer', async () => {
    const { regions, check, byOwn } = await production();
    await regions[1].close();
    const { status, stderr } = await check([byOwn, '-deadline=2s']);
    expect(status).toBe(1);
    expect(stderr).toContain(regions[1].host);
  });

  it('completes the repair of a run that was killed', async () => {
    const { regions, where, check, byOwn, path } = await production();
    const repair = ['-confirm', `-sign-key=${path('own.pem')}`];
    regions[1].addFault({ kind: 'manifest-put', skip: 2, act: { kind: 'stall' } });
    const running = startCip(['sigcheck', where, ...repair]);
    const puts = () => regions[1].requests.filter(({ kind }) => kind === 'manifest-put').length;
    await expect.poll(puts, { timeout: 20_000 }).toBeGreaterThan(2);
    running.kill('SIGKILL');
    await running.ended;
    const again = await check(repair);
    expect(again.status, again.stderr).toBe(0);
    expect((await check([byOwn])).stderr).toMatch(/: 4 signed \(exit 0\)\n$/);
  });

  it('repairs in a registry without the referrers API', { timeout: 60_000 }, async () => {
    const registry = await startRealRegistry('distribution-2.8');
    onTestFinished(() => registry.stop());
    const { host } = registry;
    await pushOverHttp(`http://${host}`, 'prod/app', MULTI, ['v1']);
    const images = { app: { [MULTI.manifest.digest]: ['v1'] } };
    const { pem, pub } = keyPair();
    const project = { from: `${host}/staging`, to: [`${host}/prod`], images };
    const cwd = await testdir({ ...thinFiles({ project }), 'own.pem': pem, 'own.pub': pub });
    const check = (...flags: readonly string[]) =>
      runCip(['sigcheck', '-thin-manifest-dir=.', ...flags], { cwd });
    expect((await check('-signature-key=own.pub')).stderr).toMatch(/: 0 signed, 1 unsigned \(exit 1\)\n$/);
    const repair = ['-confirm', '-sign-key=own.pem'];
    expect((await check(...repair)).stderr).toMatch(/: 0 signed, 1 repaired \(exit 0\)\n$/);
    expect((await check('-signature-key=own.pub')).stderr).toMatch(/: 1 signed \(exit 0\)\n$/);
    const before = (await registry.requestLog())?.length ?? 0;
    expect((await check(...repair)).status).toBe(0);
    const after = (await registry.requestLog())?.slice(before) ?? [];
    expect(after.filter(({ method }) => method !== 'GET' && method !== 'HEAD')).toEqual([]);
  });

  it.each([
    [[], /no images given: add -thin-manifest-dir=DIR/],
    [['-confirm', 'x.io/app:v1'], /-confirm needs a signer: give -signer-account/],
    [['x.io/app'], /has no tag and no digest/],
    [['x.io/app:v1', '-manifest=m.yaml'], /two scopes of a check: give one/],
    [['x.io/app:v1', '-from-days=soon'], /-from-days is a whole number of 0 or more, not "soon"/],
    [['x.io/app:v1', '-from-days=1', '-to-days=3'], /leave no time between them/],
    [['x.io/app:v1', '-attestations-since=24.9.'], /-attestations-since is a date/],
    [['x.io/app:v1', '-signature-key=none.pub'], /none\.pub/],
    [['x.io/app:v1', '-certificate-identity-regexp=('], /is not RE2/],
    [['x.io/app:v1', '-manifest-diff-since=1d'], /checks all that the manifests promote/],
  ])('%j is exit 2', async (args, message) => {
    const { status, stderr } = await runCip(['sigcheck', ...args]);
    expect(stderr).toMatch(message);
    expect(status).toBe(2);
  });
});
