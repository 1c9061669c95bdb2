// Covers src/checks/signatures/build-levels.ts
// Covers src/checks/signatures/describe-outcome.ts
// Covers src/checks/signatures/evidence-reader.ts
// Covers src/checks/signatures/guarded-images.ts
// Covers src/checks/signatures/judge-if-present.ts
// Covers src/checks/signatures/judge-image.ts
import { beforeAll, describe, expect, it } from 'vitest';
import type { ProvenancePolicy } from '../../../src/signature/policy/policy.ts';
import { attach } from '../../builders/attachments.ts';
import { type Content, image, index, multiArch } from '../../builders/images.ts';
import { registryName } from '../../builders/manifests.ts';
import { bundleReferrer, cosignManifest, pushContent, pushTag } from '../../builders/signatures.ts';
import { createSigstore, newKey, type Sigstore } from '../../doubles/sigstore.ts';
import { BUILDER, slsaV02, slsaV1 } from '../../signature/policy/evidence-builders.ts';
import { policy, PROVENANCE, rule, SIGN, STAGING, STAGING_ISSUER, Staging } from './verifying.ts';

const APP = image({ seed: 'app' });
const OTHER = image({ seed: 'other' });
const SPDX = { predicateType: 'https://spdx.dev/Document', predicate: { large: 'x' } };
const SIGNED = { signatures: policy('require', { signers: [STAGING] }) };
const BUILT = { provenance: policy('require', PROVENANCE) };
const FLAGS = { signers: [STAGING] };

let sigstore: Sigstore;
beforeAll(async () => {
  sigstore = await createSigstore();
});

function wanted(content: Content = APP, tag = 'v1') {
  return { app: { [content.manifest.digest]: [tag] } };
}

describe('a run without a policy and without flags', () => {
  it('sends no request', async () => {
    const staging = await Staging.open(sigstore);
    staging.push(APP);
    const off = { signatures: { mode: 'off', at: { file: 'm', line: 1, column: 1 } } } as const;
    const { findings, requests } = await staging.verify([staging.manifest(wanted(), off)]);
    expect(findings).toEqual([]);
    expect(requests).toEqual([]);
  });
});

describe('the policy of signatures', () => {
  it.each([
    ['the tag .sig', (staging: Staging) => staging.sign(APP)],
    ['a bundle', (staging: Staging) => staging.attest(APP, SIGN)],
    [
      'a bundle about the image and another one',
      (staging: Staging) => staging.attest(APP, SIGN, { about: [OTHER, APP] }),
    ],
  ])('is satisfied by %s', async (_what, sign) => {
    const staging = await Staging.open(sigstore);
    staging.push(APP);
    const attachment = await sign(staging);
    const { findings, counts, acceptedOf } = await staging.verify([staging.manifest(wanted(), SIGNED)]);
    expect(findings).toEqual([]);
    expect(counts).toMatchObject({ copy: 1, blocked: 0 });
    expect(await acceptedOf(APP)).toContain(attachment.manifest.digest);
  });

  it.each<[string, (staging: Staging) => Promise<unknown>, RegExp]>([
    ['nothing', async () => {}, /it has no signature$/],
    ['an attestation', (staging) => staging.attest(APP, slsaV1()), /it has no signature$/],
    [
      'the signature of another image under the right tag',
      (staging) => staging.sign(APP, { about: OTHER }),
      /the tag \.sig is about sha256:\w+, not about this one/,
    ],
    [
      'a bundle about other images',
      (staging) => staging.attest(APP, SIGN, { about: [OTHER] }),
      /is about sha256:/,
    ],
    [
      'another issuer',
      async (staging) =>
        staging.sign(APP, {
          by: await staging.staff('staging@example.iam.gserviceaccount.com', 'https://evil.example'),
        }),
      /is signed by sigstore::https:\/\/evil\.example::staging/,
    ],
    [
      'an identity that contains the signer',
      async (staging) =>
        staging.sign(APP, { by: await staging.staff('x-staging@example.iam.gserviceaccount.com') }),
      /is signed by .*::x-staging@/,
    ],
  ])('is violated by %s', async (_what, sign, reason) => {
    const staging = await Staging.open(sigstore);
    staging.push(APP);
    await sign(staging);
    const { findings, counts } = await staging.verify([staging.manifest(wanted(), SIGNED)]);
    expect(findings).toMatchObject([
      { rule: 'signatures', level: 'error', message: expect.stringMatching(reason), at: { file: 'm.yaml' } },
    ]);
    expect(findings[0]?.message).toMatch(
      /staging\/app@sha256:\w+ violates the policy 'signatures' at m\.yaml:9:1: /,
    );
    expect(findings[0]?.advice).toMatch(/sign it as one of the signers/);
    expect(counts).toMatchObject({ copy: 0, blocked: 1 });
  });

  it('that only warns blocks nothing, and accepts nothing', async () => {
    const staging = await Staging.open(sigstore);
    staging.push(APP);
    await staging.sign(APP, { about: OTHER });
    const manifest = staging.manifest(wanted(), { signatures: policy('warn', { signers: [STAGING] }) });
    const { findings, counts, acceptedOf } = await staging.verify([manifest]);
    expect(findings).toMatchObject([{ rule: 'signatures', level: 'warn' }]);
    expect(counts).toMatchObject({ copy: 1, blocked: 0 });
    expect(await acceptedOf(APP)).toEqual(new Set());
  });

  it('may trust a key', async () => {
    const [key, stranger] = [newKey(), newKey()];
    const spki = key.publicKey.export({ type: 'spki', format: 'pem' }).toString();
    const byKey = { signatures: policy('require', { signers: [rule(`key::${spki}`)] }) };
    const staging = await Staging.open(sigstore);
    for (const one of [APP, OTHER]) staging.push(one);
    await staging.sign(APP, { by: key });
    await staging.sign(OTHER, { by: stranger });
    const images = { app: { [APP.manifest.digest]: ['v1'], [OTHER.manifest.digest]: ['v2'] } };
    const { findings, counts } = await staging.verify([staging.manifest(images, byKey)], { keys: [key] });
    expect(findings).toMatchObject([
      { message: expect.stringMatching(/cannot be verified: not signed by any public key/) },
    ]);
    expect(counts).toMatchObject({ copy: 1, blocked: 1 });
  });

  it('blocks the edges of its own project alone', async () => {
    const staging = await Staging.open(sigstore);
    for (const path of ['staging/app', 'free/app']) staging.push(APP, path);
    const { host } = staging.registry;
    const strict = staging.manifest(wanted(), SIGNED);
    const free = { ...staging.manifest(wanted(), {}, ['elsewhere']), file: 'free.yaml' };
    const source = { ...free.source, name: registryName(`${host}/free`) };
    const { findings, counts } = await staging.verify([strict, { ...free, source }]);
    expect(findings.flatMap(({ edges }) => edges)).toEqual([`${host}/prod/app:v1`]);
    expect(counts).toMatchObject({ copy: 1, blocked: 1 });
  });

  it('holds for images below its source, whichever manifest promotes them', async () => {
    const staging = await Staging.open(sigstore);
    staging.push(APP, 'staging/nested/app');
    const { host } = staging.registry;
    const nested = staging.manifest(wanted());
    const source = { ...nested.source, name: registryName(`${host}/staging/nested`) };
    const above = staging.manifest({ none: { [OTHER.manifest.digest]: [] } }, SIGNED);
    const { findings } = await staging.verify([{ ...nested, source }, above]);
    expect(findings).toMatchObject([
      { edges: [`${host}/prod/app:v1`], message: expect.stringMatching(/nested\/app@/) },
    ]);
  });
});

describe('requests', () => {
  it('are the same for one destination and for 22 with three tags each', async () => {
    const counts = await Promise.all(
      [1, 22].map(async (destinations) => {
        const staging = await Staging.open(sigstore);
        staging.push(APP);
        await staging.sign(APP);
        await staging.attest(APP, slsaV1());
        const paths = Array.from({ length: destinations }, (_, number) => `prod${number}`);
        const images = { app: { [APP.manifest.digest]: ['v1', 'v2', 'v3'] } };
        const verified = await staging.verify([staging.manifest(images, { ...SIGNED, ...BUILT }, paths)]);
        expect(verified.findings).toEqual([]);
        return verified.requests.toSorted();
      }),
    );
    expect(counts[0]).toEqual(counts[1]);
    expect(counts[0]).toEqual([
      'GET blob-get',
      'GET blob-get',
      'GET manifest-get',
      'GET manifest-get',
      'GET referrers',
      'GET tags',
    ]);
  });

  it('are a listing and a list of referrers for an image without any', async () => {
    const staging = await Staging.open(sigstore);
    staging.push(APP);
    const { findings, requests } = await staging.verify([staging.manifest(wanted())], FLAGS);
    expect(findings).toEqual([]);
    expect(requests.toSorted()).toEqual(['GET referrers', 'GET tags']);
  });

  it('are one for a bundle that only its manifest names, and so is its finding', async () => {
    const staging = await Staging.open(sigstore, { referrers: false });
    staging.push(APP);
    const bundle = await staging.attest(APP, SIGN, { by: newKey() });
    attach(staging.registry, 'staging/app', APP, bundle); // cosign 3 writes no annotations into this index
    const { findings, requests } = await staging.verify([staging.manifest(wanted())], FLAGS);
    expect(findings).toMatchObject([
      { rule: 'signatures', message: expect.stringMatching(/signed by a key/) },
    ]);
    expect(requests.filter((one) => one === 'GET blob-get')).toHaveLength(1);
  });

  it('are bounded: of ten thousand referrers 64 are read, and the rest is no answer', async () => {
    const staging = await Staging.open(sigstore);
    staging.push(APP);
    for (let number = 0; number < 10_000; number += 1) {
      pushContent(
        staging.registry,
        'staging/app',
        bundleReferrer(Buffer.from(`{"n":${number}}`), APP, SIGN.predicateType),
      );
    }
    const { findings, requests } = await staging.verify([staging.manifest(wanted(), SIGNED)]);
    expect(findings).toMatchObject([
      {
        level: 'error',
        message: expect.stringMatching(/cannot be checked by the policy .*64 attachments of 10000 were read/),
      },
    ]);
    expect(requests.filter((one) => one === 'GET manifest-get')).toHaveLength(64);
    expect(requests.filter((one) => one === 'GET blob-get')).toHaveLength(64);
  });
});

describe('a registry that does not answer', () => {
  const down = { kind: 'status', status: 503 } as const;
  it.each([
    ['the list of referrers', { kind: 'referrers', times: Infinity, act: down } as const],
    ['a bundle', { kind: 'blob-get', times: Infinity, act: down } as const],
  ])('%s: unanswered, which `require` takes for a violation', async (_what, fault) => {
    const staging = await Staging.open(sigstore);
    staging.push(APP);
    await staging.attest(APP, SIGN);
    const manifest = (mode: 'warn' | 'require') =>
      staging.manifest(wanted(), { signatures: policy(mode, { signers: [STAGING] }) });
    staging.registry.addFault(fault);
    const required = await staging.verify([manifest('require')]);
    expect(required.findings).toMatchObject([
      {
        level: 'error',
        message: expect.stringMatching(/cannot be checked by the policy 'signatures' .*503/),
        advice: 'resolve the reason, then run again',
      },
    ]);
    expect(required.counts).toMatchObject({ copy: 0, blocked: 1 });
    const warned = await staging.verify([manifest('warn')]);
    expect(warned.findings).toMatchObject([{ level: 'warn' }]);
    expect(warned.counts).toMatchObject({ copy: 1, blocked: 0 });
  });
});

describe('the policy of provenance', () => {
  it.each([
    ['v1', slsaV1()],
    ['v0.2', slsaV02()],
  ])('is satisfied by SLSA provenance %s', async (_what, statement) => {
    const staging = await Staging.open(sigstore);
    staging.push(APP);
    const attestation = await staging.attest(APP, statement);
    const { findings, acceptedOf } = await staging.verify([staging.manifest(wanted(), BUILT)]);
    expect(findings).toEqual([]);
    expect(await acceptedOf(APP)).toContain(attestation.manifest.digest);
  });

  it('is satisfied by the tag .att', async () => {
    const staging = await Staging.open(sigstore);
    staging.push(APP);
    const { makeStatement } = await import('../../../src/signature/statement.ts');
    const payload = makeStatement([{ digest: APP.manifest.digest }], slsaV1());
    const content = cosignManifest([await sigstore.envelope(payload, await staging.staff())]);
    pushTag(staging.registry, { repository: 'staging/app', image: APP, suffix: 'att' }, content);
    expect((await staging.verify([staging.manifest(wanted(), BUILT)])).findings).toEqual([]);
  });

  it.each<[string, Partial<ProvenancePolicy>, (staging: Staging) => Promise<unknown>, RegExp]>([
    ['nothing', {}, async () => {}, /it has no provenance by a trusted signer$/],
    ['a signature', {}, (staging) => staging.sign(APP), /it has no provenance/],
    [
      'provenance of another image',
      {},
      (staging) => staging.attest(APP, slsaV1(), { about: [OTHER] }),
      /is about sha256:\w+, not about this one/,
    ],
    [
      'provenance by another signer',
      {},
      async (staging) => staging.attest(APP, slsaV1(), { by: await staging.staff('x@example.com') }),
      /is signed by sigstore::.*::x@example.com/,
    ],
    [
      'another source',
      {},
      (staging) => staging.attest(APP, slsaV1({ source: 'github.com/evil/app' })),
      /names the source/,
    ],
    [
      'a missing SBOM',
      { predicateTypes: [SPDX.predicateType] },
      (staging) => staging.attest(APP, slsaV1()),
      /no trusted signer has attested https:\/\/spdx/,
    ],
  ])('is violated by %s', async (_what, change, attest, reason) => {
    const staging = await Staging.open(sigstore);
    staging.push(APP);
    await attest(staging);
    const policies = { provenance: policy('require', { ...PROVENANCE, ...change }) };
    const { findings, counts } = await staging.verify([staging.manifest(wanted(), policies)]);
    expect(findings).toMatchObject([
      { rule: 'provenance', level: 'error', message: expect.stringMatching(reason) },
    ]);
    expect(counts).toMatchObject({ blocked: 1 });
  });

  it('accepts the further attestations that it wants', async () => {
    const staging = await Staging.open(sigstore);
    staging.push(APP);
    await staging.attest(APP, slsaV1());
    const sbom = await staging.attest(APP, SPDX);
    const policies = {
      provenance: policy('require', { ...PROVENANCE, predicateTypes: [SPDX.predicateType] }),
    };
    const { findings, acceptedOf } = await staging.verify([staging.manifest(wanted(), policies)]);
    expect(findings).toEqual([]);
    expect(await acceptedOf(APP)).toContain(sbom.manifest.digest);
  });
});

describe('the level of an image', () => {
  const TWO = { ...PROVENANCE, builders: [{ id: BUILDER, level: 2, signers: [] }] };

  it.each([
    ['that of its provenance', 3, { provenance: policy('warn', PROVENANCE) }],
    ['that of its builder', 2, { provenance: policy('require', TWO) }],
    ['not evaluated without a policy', 'unevaluated', {}],
    [
      'failed if it violates a policy that only warns',
      'failed',
      { provenance: policy('warn', { ...PROVENANCE, sources: ['github.com/another/app'] }) },
    ],
  ])('is %s', async (_what, level, policies) => {
    const staging = await Staging.open(sigstore);
    staging.push(APP);
    await staging.attest(APP, slsaV1());
    const { levelOf } = await staging.verify([staging.manifest(wanted(), policies)]);
    expect(levelOf(APP.manifest.digest)).toBe(level);
  });

  it('is not evaluated if its registry does not answer', async () => {
    const staging = await Staging.open(sigstore);
    staging.push(APP);
    staging.registry.addFault({
      path: /referrers/,
      times: Number.POSITIVE_INFINITY,
      act: { kind: 'status', status: 403 },
    });
    const policies = { provenance: policy('warn', PROVENANCE) };
    const { levelOf } = await staging.verify([staging.manifest(wanted(), policies)]);
    expect(levelOf(APP.manifest.digest)).toBe('unevaluated');
  });

  it('is the lowest of its sources', async () => {
    const staging = await Staging.open(sigstore);
    staging.push(APP);
    staging.push(APP, 'staging/copy');
    await staging.attest(APP, slsaV1());
    const images = { ...wanted(), copy: { [APP.manifest.digest]: ['v1'] } };
    const policies = { provenance: policy('warn', PROVENANCE) };
    const { levelOf } = await staging.verify([staging.manifest(images, policies)]);
    expect(levelOf(APP.manifest.digest)).toBe('failed');
  });
});

describe('provenance of an index', () => {
  const INDEX = multiArch('index', { platforms: 3 });

  async function stagingWith(attest: (staging: Staging) => Promise<unknown>) {
    const staging = await Staging.open(sigstore);
    staging.push(INDEX);
    await attest(staging);
    return await staging.verify([staging.manifest(wanted(INDEX), BUILT)]);
  }

  it('may be that of all its platforms', async () => {
    const { findings } = await stagingWith((staging) =>
      Promise.all(INDEX.children.map((child) => staging.attest(child, slsaV1()))),
    );
    expect(findings).toEqual([]);
  });

  it('is violated if one platform has none', async () => {
    const { findings } = await stagingWith((staging) =>
      Promise.all(INDEX.children.slice(1).map((child) => staging.attest(child, slsaV1()))),
    );
    expect(findings).toMatchObject([
      { message: expect.stringMatching(/1 of its 3 platforms fail: linux\/amd64: it has no provenance/) },
    ]);
  });

  it('that fails is not outweighed by its platforms', async () => {
    const { findings } = await stagingWith(async (staging) => {
      await staging.attest(INDEX, slsaV1({ builder: 'https://evil' }));
      await Promise.all(INDEX.children.map((child) => staging.attest(child, slsaV1())));
    });
    expect(findings).toMatchObject([
      { message: expect.stringMatching(/names the builder "https:\/\/evil"/) },
    ]);
  });

  it('is needed by an unknown platform that is no attestation of BuildKit', async () => {
    const [first = APP] = INDEX.children;
    const entry = {
      ...first,
      platform: { os: 'unknown', architecture: 'unknown' },
    };
    const plain = index({ children: [APP, entry] });
    const staging = await Staging.open(sigstore);
    staging.push(plain);
    await staging.attest(APP, slsaV1());
    const { findings } = await staging.verify([staging.manifest(wanted(plain), BUILT)]);
    expect(findings).toMatchObject([
      { message: expect.stringMatching(/unknown\/unknown: it has no provenance/) },
    ]);
  });
});

describe('the certificate flags', () => {
  it.each<[string, (staging: Staging) => Promise<unknown>]>([
    ['is unsigned', async () => {}],
    ['is signed by their signer', (staging) => staging.sign(APP)],
    ['is attested by their signer', (staging) => staging.attest(APP, SPDX)],
    ['is signed in a bundle by their signer', (staging) => staging.attest(APP, SIGN)],
  ])('promote an image that %s', async (_what, sign) => {
    const staging = await Staging.open(sigstore);
    staging.push(APP);
    await sign(staging);
    const { findings, counts } = await staging.verify([staging.manifest(wanted())], FLAGS);
    expect(findings).toEqual([]);
    expect(counts).toMatchObject({ copy: 1, blocked: 0 });
  });

  it.each<[string, string, (staging: Staging) => Promise<unknown>, RegExp]>([
    [
      'whose tag .sig is of another signer',
      'signatures',
      async (staging) => staging.sign(APP, { by: await staging.staff('x@y.z') }),
      /signatures of .* are by other signers: the tag .sig is signed by .*::x@y.z/,
    ],
    [
      'whose tag .sig is of another image',
      'signatures',
      (staging) => staging.sign(APP, { about: OTHER }),
      /cannot be trusted: the tag .sig is about/,
    ],
    [
      'with a key that nobody gave',
      'signatures',
      (staging) => staging.sign(APP, { by: newKey() }),
      /cannot be trusted: .*signed by a key/,
    ],
    [
      'with a broken attestation',
      'provenance',
      async (staging) =>
        pushContent(
          staging.registry,
          'staging/app',
          bundleReferrer(Buffer.from('{}'), APP, slsaV1().predicateType),
        ),
      /attestations of .* cannot be trusted/,
    ],
    [
      'with provenance of another image',
      'provenance',
      (staging) => staging.attest(APP, slsaV1(), { about: [OTHER] }),
      /cannot be trusted: .* is about/,
    ],
  ])('block an image %s', async (_what, rule, sign, reason) => {
    const staging = await Staging.open(sigstore);
    staging.push(APP);
    await sign(staging);
    const { findings, counts } = await staging.verify([staging.manifest(wanted())], FLAGS);
    expect(findings).toMatchObject([{ rule, level: 'error', message: expect.stringMatching(reason) }]);
    expect(counts).toMatchObject({ copy: 0, blocked: 1 });
  });

  it.each([
    ['attestation', slsaV1()],
    ['bundle', SIGN],
  ])('warn of an %s by another signer', async (_what, statement) => {
    const staging = await Staging.open(sigstore);
    staging.push(APP);
    await staging.attest(APP, statement, { by: await staging.staff('project@example.com') });
    const { findings, counts } = await staging.verify([staging.manifest(wanted())], FLAGS);
    expect(findings).toMatchObject([
      { level: 'warn', message: expect.stringMatching(/by other signers: .*project@/) },
    ]);
    expect(counts).toMatchObject({ copy: 1, blocked: 0 });
  });

  it('do not count where a policy requires another signer, and do where it only warns', async () => {
    const staging = await Staging.open(sigstore);
    staging.push(APP);
    await staging.sign(APP, { by: await staging.staff('project@example.com') });
    const signers = [rule(`sigstore::${STAGING_ISSUER}::project@example.com`)];
    const verify = (mode: 'warn' | 'require') =>
      staging.verify([staging.manifest(wanted(), { signatures: policy(mode, { signers }) })], FLAGS);
    expect((await verify('require')).counts).toMatchObject({ copy: 1, blocked: 0 });
    expect((await verify('warn')).counts).toMatchObject({ copy: 0, blocked: 1 });
  });

  it('block an image whose signatures cannot be read', async () => {
    const staging = await Staging.open(sigstore);
    staging.push(APP);
    staging.registry.addFault({ kind: 'referrers', times: Infinity, act: { kind: 'status', status: 503 } });
    const { findings, counts } = await staging.verify([staging.manifest(wanted())], FLAGS);
    expect(findings).toMatchObject([
      { rule: 'signatures', level: 'error' },
      { rule: 'provenance', level: 'error' },
    ]);
    expect(counts).toMatchObject({ blocked: 1 });
  });
});
