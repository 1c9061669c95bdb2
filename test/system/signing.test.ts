// Covers src/sign/run-signing.ts
// Covers src/cli/runtime/open-signing.ts
// Covers src/cli/commands/run/run-signing.ts
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { image } from '../builders/images.ts';
import { runCip, runWithReport, startWithReport, temporaryDirectory } from '../doubles/run-cip.ts';
import { findTool, runTool } from '../doubles/tools.ts';
import { poll } from '../doubles/waiting.ts';
import {
  APP,
  bundlesOf,
  DIGESTS,
  expectSigned,
  PROMOTION,
  SIGNATURE,
  signingWorld,
} from './signing-world.ts';
import { forEachPoint } from './stopped-runs.ts';

/** Milliseconds for all points, on a machine that is busy: a limit, not a measure. */
const TIMEOUT = 1_200_000;

describe('a promotion with a signer', () => {
  it('signs and attests what it promotes, and the next run signs nothing', async () => {
    const { production, flags } = await signingWorld();
    const first = await runWithReport(flags);
    expect(first.status, first.stderr).toBe(0);
    expect(first.report.signing?.summary).toMatchObject({ signed: 1, attested: 1, made: 5, failed: 0 });
    expect(first.stderr).toContain('1 signed (exit 0)');
    expectSigned(production, 'after the first run');
    const again = await runWithReport(flags);
    expect(again.report.signing?.summary).toMatchObject({ present: 1, signed: 0, made: 0 });
  });

  it('signs an image that was promoted before', async () => {
    const { production, flags } = await signingWorld();
    expect((await runCip([...flags, '-sign=false'])).status).toBe(0);
    expect(bundlesOf(production, APP.manifest.digest)).toEqual([]);
    const { report } = await runWithReport(flags);
    expect(report.signing?.summary).toMatchObject({ signed: 1 });
    expectSigned(production, 'after the second run');
  });

  it('without one makes no request for signatures', async () => {
    const { production, flags } = await signingWorld();
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
      const { flags } = await signingWorld();
      const { stderr } = await runCip([...flags, flag]);
      expect(stderr).toMatch(/WARNING .*names a registry that no manifest promotes to.*registry\.example/);
    },
  );

  it.each([
    ['is missing', undefined, /-identity-token="[^"]*": the token cannot be read/],
    ['has no token', 'garbage', /-identity-token="[^"]*": not an identity token/],
  ])('by a token whose file %s writes nothing', async (_what, text, message) => {
    const { production, flags } = await signingWorld();
    const file = join(temporaryDirectory(), 'token');
    if (text !== undefined) writeFileSync(file, text);
    const run = await runCip([...flags.slice(0, 2), `-identity-token=${file}`]);
    expect(run.status, run.stderr).toBe(2);
    expect(run.stderr).toMatch(message);
    expect(production.requests.map(({ method }) => method)).not.toContain('PUT');
  });

  it('that cannot store signatures keeps the image, ends with 1 and names it in every report', async () => {
    const { production, flags } = await signingWorld();
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
    const { production, flags, publicKey } = await signingWorld(contents);
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
      const { flags, publicKey } = await signingWorld();
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

/** The flags of a promotion, with a signing command in place of the key. */
function commandFlags(flags: readonly string[], command: string, publicKey: string): readonly string[] {
  return [...flags.slice(0, 2), `-sign-command=${command}`, `-sign-command-key=${publicKey}`];
}

describe('two promotions at once', () => {
  it.each([{ referrers: true }, { referrers: false }])(
    'leave images that the next run finds signed, with %j',
    async (options) => {
      const { production, flags } = await signingWorld([APP], options);
      await runCip([...flags, '-sign=false']);
      const runs = await Promise.all([runWithReport(flags), runWithReport(flags)]);
      for (const { status, stderr } of runs) expect(status, stderr).toBe(0);
      for (const digest of DIGESTS) expect(bundlesOf(production, digest)).toContain(SIGNATURE);
      expect((await runWithReport(flags)).report.signing?.summary).toMatchObject({ present: 1, made: 0 });
    },
  );
});

describe.skipIf(findTool('cosign') === undefined)('cosign', () => {
  it.each([
    { name: 'bundles and tags', options: {} },
    { name: 'bundles of a registry without the referrers API', options: { referrers: false } },
  ])('verifies the index and its children by $name', async ({ options }) => {
    const { production, flags, publicKey } = await signingWorld([APP], options);
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
    const measured = await signingWorld();
    await runCip(measured.flags);
    const writes = measured.production.requests.filter(({ method }) => method !== 'GET' && method !== 'HEAD');
    expect(writes.length).toBeGreaterThan(20);
    await forEachPoint(writes.length, 1, async (number) => {
      const { production, proxy, flags } = await signingWorld();
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
