import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cosignTagOf } from '../../../src/image/attachment-tags.ts';
import type { EmbeddedRegistry } from '../../../src/embedded-registry/embedded-registry.ts';
import type { Digest } from '../../../src/image/digest.ts';
import { annotationsOf } from '../../../src/image/oci-manifest.ts';
import { BUNDLE_ANNOTATIONS } from '../../../src/signature/media-types.ts';
import { type Content, multiArch, push } from '../../builders/images.ts';
import { runWithReport, startWithReport } from '../../doubles/run-cip.ts';
import { runTool } from '../../doubles/tools.ts';
import { type HoldingProxy, holdingProxy } from '../holding-proxy.ts';
import { embedded, manifestFlag } from '../staging.ts';
import { hasSigstoreTools, type SigstoreStack, startSigstoreStack } from './stack.ts';

const EMAIL = 'promoter@example.com';
const PROMOTION = 'https://k8s.io/promo-tools/promotion/v1';
const SLOW = 600_000;

const APP = multiArch('app', { platforms: 5 });
const DIGESTS = digestsOf(APP);
/** One signature for all digests, one for the tag `.sig` of each, one attestation. */
const ENTRIES = 1 + DIGESTS.length + 1;

let stack: SigstoreStack;

describe.skipIf(!hasSigstoreTools())('a promotion that signs without a key', () => {
  beforeAll(async () => {
    stack = await startSigstoreStack();
  });

  afterAll(async () => {
    await stack?.stop();
  });

  it('makes signatures that cosign verifies, one entry of the log each, and none again', async () => {
    const { production, flags } = await worldOf();
    const first = await countEntries(() => runWithReport(flags));
    expect(first.run.status, first.run.stderr).toBe(0);
    expect(first.entries).toBe(ENTRIES);
    expect(first.run.report.signing?.summary).toMatchObject({ signed: 1, attested: 1, made: ENTRIES });
    for (const digest of DIGESTS) {
      await cosign(production, ['verify'], digest);
      await cosign(production, ['verify', '--new-bundle-format=false'], digest);
    }
    await cosign(production, ['verify-attestation', `--type=${PROMOTION}`], APP.manifest.digest);
    const second = await countEntries(() => runWithReport(flags));
    expect(second.entries).toBe(0);
    expect(second.run.report.signing?.summary).toMatchObject({ present: 1, signed: 0, made: 0 });
  });

  it('logs an index and its children as one entry, without tags and attestations', async () => {
    const { production, flags } = await worldOf();
    const bundleOnly = [...flags, '-sign-legacy=false', '-attest=false'];
    expect((await countEntries(() => runWithReport(bundleOnly))).entries).toBe(1);
    for (const digest of DIGESTS) await cosign(production, ['verify'], digest);
    expect((await countEntries(() => runWithReport(bundleOnly))).entries).toBe(0);
  });

  it('logs nothing twice that it had stored when it was killed', { timeout: SLOW }, async () => {
    const measured = await worldOf();
    await runWithReport([...measured.flags, '-sign=false']);
    measured.production.clearRequests();
    await runWithReport(measured.flags);
    const writes = measured.production.requests.filter(({ method }) => method !== 'GET' && method !== 'HEAD');
    for (let number = 1; number <= writes.length; number += 4) {
      const { production, proxy, flags } = await worldOf();
      await runWithReport([...flags, '-sign=false']);
      await killAtWrite(number, { proxy, flags });
      const stored = storedParts(production);
      const { run, entries } = await countEntries(() => runWithReport(flags));
      expect(run.status, `killed at write ${number}: ${run.stderr}`).toBe(0);
      expect(entries, `killed at write ${number}`).toBe(ENTRIES - stored);
      expect(storedParts(production), `killed at write ${number}`).toBe(ENTRIES);
    }
  });
});

interface World {
  readonly production: EmbeddedRegistry;
  readonly proxy: HoldingProxy;
  readonly flags: readonly string[];
}

async function worldOf(): Promise<World> {
  const [staging, production] = [await embedded(), await embedded()];
  const proxy = await holdingProxy(production.host);
  push(staging, 'staging/app', APP);
  const images = { app: { [APP.manifest.digest]: ['v1'] } };
  const manifest = { from: `${staging.host}/staging`, to: [`${proxy.host}/prod`], images };
  const token = join(stack.directory, 'token');
  writeFileSync(token, stack.issuer.token({ email: EMAIL, email_verified: true }));
  const services = [
    `-fulcio-url=${stack.fulcioUrl}`,
    `-rekor-url=${stack.rekorV1Url}`,
    `-trusted-root=${stack.trustedRoot}`,
  ];
  const flags = [await manifestFlag(manifest), '-confirm', `-identity-token=${token}`, ...services];
  return { production, proxy, flags };
}

async function countEntries<Run>(task: () => Promise<Run>): Promise<{ run: Run; entries: number }> {
  const before = stack.rekorV1Entries();
  const run = await task();
  return { run, entries: stack.rekorV1Entries() - before };
}

/** Kills a run once the registry has done this write. */
async function killAtWrite(number: number, { proxy, flags }: Pick<World, 'proxy' | 'flags'>): Promise<void> {
  let seen = 0;
  const isIt = (line: string) => /^(?!GET|HEAD)/.test(line) && ++seen === number;
  const held = proxy.hold(isIt, 'answered');
  const cip = startWithReport(flags, { time: 'held' });
  await Promise.race([held.arrived, cip.ended]);
  cip.kill('SIGKILL');
  await cip.ended;
  await proxy.quiet();
}

/** Number of signatures that the registry has, wherever they are attached. */
function storedParts({ store }: EmbeddedRegistry): number {
  const types = DIGESTS.flatMap((digest) =>
    store
      .referrers('prod/app', digest)
      .map(({ bytes }) => annotationsOf({ bytes })[BUNDLE_ANNOTATIONS.predicateType]),
  );
  const tags = DIGESTS.filter((digest) => store.manifest('prod/app', cosignTagOf(digest, 'sig')));
  return new Set(types).size + tags.length;
}

function digestsOf({ manifest, children }: Content): readonly Digest[] {
  return [manifest.digest, ...children.flatMap(digestsOf)];
}

/** Throws unless cosign accepts the image. */
async function cosign({ host }: EmbeddedRegistry, args: readonly string[], digest: Digest): Promise<void> {
  const trust = [
    `--trusted-root=${stack.trustedRoot}`,
    `--certificate-identity=${EMAIL}`,
    `--certificate-oidc-issuer=${stack.issuer.url}`,
    '--insecure-ignore-sct',
    '--allow-http-registry',
  ];
  await runTool('cosign', [...args, ...trust, `${host}/prod/app@${digest}`], {
    env: { TUF_ROOT: join(stack.directory, 'tuf') },
  });
}
