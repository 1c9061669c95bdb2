import { execFileSync } from 'node:child_process';
import { appendFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { EmbeddedRegistry } from '../../src/embedded-registry/embedded-registry.ts';
import { annotationsOf } from '../../src/image/oci-manifest.ts';
import { BUNDLE_ANNOTATIONS } from '../../src/signature/media-types.ts';
import { makeStatement } from '../../src/signature/statement.ts';
import { bundleReferrer, pushContent } from '../builders/signatures.ts';
import { runWithReport, temporaryDirectory } from '../doubles/run-cip.ts';
import { createSigstore } from '../doubles/sigstore.ts';
import { BUILDER, SOURCE, slsaV1 } from '../signature/policy/evidence-builders.ts';
import { APP, DIGESTS, signingWorld } from './signing-world.ts';

const SUMMARY = 'https://slsa.dev/verification_summary/v1';

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
  const { staging, production, flags } = await signingWorld();
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
