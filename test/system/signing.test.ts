// Covers src/sign/run-signing.ts
// Covers src/cli/runtime/open-signing.ts
// Covers src/cli/commands/run/run-signing.ts
import { generateKeyPairSync } from 'node:crypto';
import { execFileSync } from 'node:child_process';
import { appendFileSync, existsSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type {
  EmbeddedRegistry,
  EmbeddedRegistryOptions,
} from '../../src/embedded-registry/embedded-registry.ts';
import { cosignTagOf } from '../../src/image/attachment-tags.ts';
import { annotationsOf } from '../../src/image/oci-manifest.ts';
import { BUNDLE_ANNOTATIONS } from '../../src/signature/media-types.ts';
import { makeStatement } from '../../src/signature/statement.ts';
import { type Content, image, multiArch, push } from '../builders/images.ts';
import { bundleReferrer, pushContent } from '../builders/signatures.ts';
import { BUILDER, SOURCE, slsaV1 } from '../signature/policy/evidence-builders.ts';
import { runCip, runWithReport, startWithReport, temporaryDirectory } from '../doubles/run-cip.ts';
import { createSigstore } from '../doubles/sigstore.ts';
import { findTool, runTool } from '../doubles/tools.ts';
import { poll } from '../doubles/waiting.ts';
import { holdingProxy } from './holding-proxy.ts';
import { embedded, manifestFlag } from './staging.ts';
import { forEachPoint } from './stopped-runs.ts';

const APP = multiArch('app', { platforms: 2 });
const DIGESTS = [APP, ...APP.children].map(({ manifest }) => manifest.digest);
const SIGNATURE = 'https://sigstore.dev/cosign/sign/v1';
const SUMMARY = 'https://slsa.dev/verification_summary/v1';
const PROMOTION = 'https://k8s.io/promo-tools/promotion/v1';
/** Milliseconds for all points, on a machine that is busy: a limit, not a measure. */
const TIMEOUT = 1_200_000;

interface World {
  readonly staging: EmbeddedRegistry;
  readonly production: EmbeddedRegistry;
  readonly flags: readonly string[];
  readonly publicKey: string;
}

async function worldOf(
  contents: readonly Content[] = [APP],
  options: EmbeddedRegistryOptions = {},
): Promise<World & { readonly proxy: Awaited<ReturnType<typeof holdingProxy>> }> {
  const [staging, production] = [await embedded(), await embedded(options)];
  const proxy = await holdingProxy(production.host);
  for (const content of contents) push(staging, 'staging/app', content);
  const dmap = Object.fromEntries(contents.map(({ manifest }, index) => [manifest.digest, [`v${index}`]]));
  const manifest = { from: `${staging.host}/staging`, to: [`${proxy.host}/prod`], images: { app: dmap } };
  const directory = temporaryDirectory();
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const [keyFile, publicFile] = [join(directory, 'key.pem'), join(directory, 'key.pub')];
  writeFileSync(keyFile, privateKey.export({ type: 'pkcs8', format: 'pem' }));
  writeFileSync(publicFile, publicKey.export({ type: 'spki', format: 'pem' }));
  const flags = [await manifestFlag(manifest), '-confirm', `-sign-key=${keyFile}`];
  return { staging, production, proxy, flags, publicKey: publicFile };
}

function bundlesOf({ store }: EmbeddedRegistry, digest: (typeof DIGESTS)[number]): readonly string[] {
  return store
    .referrers('prod/app', digest)
    .map(({ bytes }) => annotationsOf({ bytes })[BUNDLE_ANNOTATIONS.predicateType] ?? '')
    .toSorted();
}

function expectSigned(production: EmbeddedRegistry, at: string): void {
  for (const [index, digest] of DIGESTS.entries()) {
    expect(bundlesOf(production, digest), at).toEqual(index === 0 ? [PROMOTION, SIGNATURE] : [SIGNATURE]);
    expect(production.store.manifest('prod/app', cosignTagOf(digest, 'sig')), at).toBeDefined();
  }
}

describe('a promotion with a signer', () => {
  it('signs and attests what it promotes, and the next run signs nothing', async () => {
    const { production, flags } = await worldOf();
    const first = await runWithReport(flags);
    expect(first.status, first.stderr).toBe(0);
    expect(first.report.signing?.summary).toMatchObject({ signed: 1, attested: 1, made: 5, failed: 0 });
    expect(first.stderr).toContain('1 signed (exit 0)');
    expectSigned(production, 'after the first run');
    const again = await runWithReport(flags);
    expect(again.report.signing?.summary).toMatchObject({ present: 1, signed: 0, made: 0 });
  });

  it('signs an image that was promoted before', async () => {
    const { production, flags } = await worldOf();
    expect((await runCip([...flags, '-sign=false'])).status).toBe(0);
    expect(bundlesOf(production, APP.manifest.digest)).toEqual([]);
    const { report } = await runWithReport(flags);
    expect(report.signing?.summary).toMatchObject({ signed: 1 });
    expectSigned(production, 'after the second run');
  });

  it('without one makes no request for signatures', async () => {
    const { production, flags } = await worldOf();
    const [manifest = '', confirm = ''] = flags;
    await runCip([manifest, confirm, '-carry=none']);
    production.clearRequests();
    const { report } = await runWithReport([manifest, confirm, '-carry=none']);
    expect(report.signing).toBeUndefined();
    expect(production.requests.length).toBe(1);
  });

  it.each(['-sign-canonical=registry.example', '-sign-reference=registry.example=a.example'])(
    'warns that no manifest promotes to the registry of %s',
    async (flag) => {
      const { flags } = await worldOf();
      const { stderr } = await runCip([...flags, flag]);
      expect(stderr).toMatch(/WARNING .*names a registry that no manifest promotes to.*registry\.example/);
    },
  );

  it.each([
    ['is missing', undefined, /-identity-token="[^"]*": the token cannot be read/],
    ['has no token', 'garbage', /-identity-token="[^"]*": not an identity token/],
  ])('by a token whose file %s writes nothing', async (_what, text, message) => {
    const { production, flags } = await worldOf();
    const file = join(temporaryDirectory(), 'token');
    if (text !== undefined) writeFileSync(file, text);
    const run = await runCip([...flags.slice(0, 2), `-identity-token=${file}`]);
    expect(run.status, run.stderr).toBe(2);
    expect(run.stderr).toMatch(message);
    expect(production.requests.map(({ method }) => method)).not.toContain('PUT');
  });

  it('that cannot store signatures keeps the image, ends with 1 and names it in every report', async () => {
    const { production, flags } = await worldOf();
    const path = /manifests\/sha256-.*\.sig$/;
    production.addFault({
      method: 'PUT',
      path,
      times: Number.POSITIVE_INFINITY,
      act: { kind: 'status', status: 403 },
    });
    const markdown = join(temporaryDirectory(), 'report.md');
    const run = await runWithReport([...flags, `-report-markdown=${markdown}`]);
    expect(run.status).toBe(1);
    expect(run.report.summary).toMatchObject({ copied: 1, failed: 0 });
    expect(run.report.signing?.summary).toMatchObject({ failed: 1, signed: 0 });
    expect(run.report.signing?.items).toMatchObject([{ outcome: 'failed', digest: APP.manifest.digest }]);
    expect(run.stderr).toMatch(/not signed: .*prod\/app@sha256:.*403/);
    expect(run.stderr).toContain('1 unsigned (exit 1)');
    production.clearFaults();
    const next = await runWithReport(flags);
    expect(next.status).toBe(0);
    expect(next.report.signing?.summary).toMatchObject({ signed: 1 });
    expectSigned(production, 'after the fault');
  });
});

describe('a signing command', () => {
  it.each([
    ['exits with 1', 'echo locked >&2; exit 1', /exit 1: locked/],
    ['writes garbage', 'echo garbage', /the output is not a signature/],
    ['floods', 'yes', /the output exceeds 16384 bytes/],
  ])('that %s leaves the images unsigned, in one line', async (_what, command, reason) => {
    const contents = [APP, image({ seed: 'two' })];
    const { production, flags, publicKey } = await worldOf(contents);
    const run = await runWithReport([...commandFlags(flags, command, publicKey)]);
    expect(run.status, run.stderr).toBe(1);
    expect(run.report.summary).toMatchObject({ copied: 2 });
    expect(run.report.signing?.items).toMatchObject([{ outcome: 'failed' }, { outcome: 'failed' }]);
    expect(run.report.findings).toMatchObject([{ rule: 'unsigned', message: expect.stringMatching(reason) }]);
    expect(production.store.referrers('prod/app', APP.manifest.digest)).toEqual([]);
  });

  it.each(['SIGINT', 'SIGTERM'] as const)(
    'that hangs is ended by %s, and its images are not attempted',
    async (signal) => {
      const { flags, publicKey } = await worldOf();
      const begun = join(temporaryDirectory(), 'begun');
      const command = `touch ${begun}; sleep 1000`;
      const cip = startWithReport(commandFlags(flags, command, publicKey));
      expect(await poll(60_000, () => Promise.resolve(existsSync(begun)))).toBe(true);
      cip.kill(signal);
      const { status, report, stderr } = await cip.ended;
      expect(status, stderr).toBe(signal === 'SIGINT' ? 130 : 143);
      expect(report?.signing?.items).toMatchObject([{ outcome: 'not-attempted' }]);
      expect((await runWithReport(flags)).report.signing?.summary).toMatchObject({ signed: 1 });
    },
  );
});

/** The flags of a world, with a command in the place of the key. */
function commandFlags(flags: readonly string[], command: string, publicKey: string): readonly string[] {
  return [...flags.slice(0, 2), `-sign-command=${command}`, `-sign-command-key=${publicKey}`];
}

describe('two promotions at once', () => {
  it.each([{ referrers: true }, { referrers: false }])(
    'leave images that the next run finds signed, with %j',
    async (options) => {
      const { production, flags } = await worldOf([APP], options);
      await runCip([...flags, '-sign=false']);
      const runs = await Promise.all([runWithReport(flags), runWithReport(flags)]);
      for (const { status, stderr } of runs) expect(status, stderr).toBe(0);
      for (const digest of DIGESTS) expect(bundlesOf(production, digest)).toContain(SIGNATURE);
      expect((await runWithReport(flags)).report.signing?.summary).toMatchObject({ present: 1, made: 0 });
    },
  );
});

describe('a verification summary', () => {
  it.each([
    ['SLSA_BUILD_LEVEL_3', 'PASSED', 3],
    ['SLSA_BUILD_LEVEL_2', 'PASSED', 2],
    ['SLSA_BUILD_LEVEL_UNEVALUATED', 'PASSED', undefined],
  ])('states %s', async (level, result, builderLevel) => {
    const { production, flags } = await attestedWorld(builderLevel);
    const run = await runWithReport(flags);
    expect(run.status, run.stderr).toBe(0);
    const [summary] = production.store
      .referrers('prod/app', APP.manifest.digest)
      .filter(({ bytes }) => annotationsOf({ bytes })[BUNDLE_ANNOTATIONS.predicateType] === SUMMARY);
    expect(statementIn(production, summary)).toMatchObject({
      subject: DIGESTS.map((digest) => ({ digest: { sha256: digest.slice('sha256:'.length) } })),
      predicate: {
        verificationResult: result,
        verifiedLevels: [level, 'K8S_PROMOTION_MANIFEST_REVIEWED'],
      },
    });
  });
});

/** A world whose image has provenance, and whose manifest is committed and trusts a builder of some level. */
async function attestedWorld(builderLevel: number | undefined) {
  const { staging, production, flags } = await worldOf();
  const sigstore = await createSigstore();
  const [issuer, identity] = ['https://accounts.google.com', 'builder@example.com'];
  const payload = makeStatement([{ digest: APP.manifest.digest }], slsaV1());
  const bundle = await sigstore.bundle(payload, await sigstore.certificate({ identity, issuer }));
  const { predicateType } = slsaV1();
  pushContent(staging, 'staging/app', bundleReferrer(bundle, APP, predicateType));
  const directory = temporaryDirectory();
  const root = join(directory, 'root.json');
  writeFileSync(root, sigstore.trustedRoot);
  const [manifest = '', ...others] = flags;
  const file = manifest.slice('-manifest='.length);
  if (builderLevel !== undefined) {
    const provenance = {
      mode: 'warn',
      signers: [`sigstore::${issuer}::${identity}`],
      builders: [{ id: BUILDER, level: builderLevel }],
      sources: [SOURCE],
    };
    appendFileSync(file, `provenance: ${JSON.stringify(provenance)}\n`);
  }
  const git = (...args: readonly string[]) =>
    execFileSync('git', ['-c', 'user.name=x', '-c', 'user.email=x', ...args], { cwd: dirname(file) });
  git('init', '-q');
  git('add', '.');
  git('commit', '-q', '-m', 'promote');
  return { production, flags: [manifest, ...others, `-trusted-root=${root}`, '-verification-summaries'] };
}

/** The statement in the bundle of a referrer. */
function statementIn({ store }: EmbeddedRegistry, referrer: { readonly bytes: Uint8Array } | undefined) {
  const { layers } = JSON.parse(Buffer.from(referrer?.bytes ?? []).toString());
  const bundle = JSON.parse(Buffer.from(store.blob('prod/app', layers[0].digest) ?? []).toString());
  return JSON.parse(Buffer.from(bundle.dsseEnvelope.payload, 'base64').toString());
}

describe.skipIf(findTool('cosign') === undefined)('cosign', () => {
  it.each([
    { name: 'bundles and tags', options: {} },
    { name: 'bundles of a registry without the referrers API', options: { referrers: false } },
  ])('verifies the index and its children by $name', async ({ options }) => {
    const { production, flags, publicKey } = await worldOf([APP], options);
    expect((await runCip(flags)).status).toBe(0);
    const trust = [`--key=${publicKey}`, '--insecure-ignore-tlog', '--allow-http-registry'];
    for (const digest of DIGESTS) {
      const reference = `${production.host}/prod/app@${digest}`;
      await runTool('cosign', ['verify', ...trust, reference]);
      await runTool('cosign', ['verify', ...trust, '--new-bundle-format=false', reference]);
    }
    const image = `${production.host}/prod/app@${APP.manifest.digest}`;
    await runTool('cosign', ['verify-attestation', ...trust, `--type=${PROMOTION}`, image]);
  });
});

describe('a signing that is killed', () => {
  it('at any write is completed by the next run', { timeout: TIMEOUT }, async () => {
    const measured = await worldOf();
    await runCip(measured.flags);
    const writes = measured.production.requests.filter(({ method }) => method !== 'GET' && method !== 'HEAD');
    expect(writes.length).toBeGreaterThan(20);
    await forEachPoint(writes.length, 1, async (number) => {
      const { production, proxy, flags } = await worldOf();
      let seen = 0;
      const isIt = (line: string) => /^(?!GET|HEAD)/.test(line) && ++seen === number;
      const held = proxy.hold(isIt, 'answered');
      const cip = startWithReport(flags, { time: 'held' });
      await Promise.race([held.arrived, cip.ended]);
      cip.kill('SIGKILL');
      await cip.ended;
      await proxy.quiet();
      const before = bundlesOf(production, DIGESTS[1] ?? APP.manifest.digest);
      const next = await runWithReport(flags);
      expect(next.status, `killed at ${number}: ${next.stderr}`).toBe(0);
      expectSigned(production, `killed at ${number}`);
      if (before.length > 0) expect(bundlesOf(production, DIGESTS[1] ?? APP.manifest.digest)).toEqual(before);
    });
  });
});
