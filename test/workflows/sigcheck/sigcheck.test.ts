// Covers src/workflows/sigcheck/check-images.ts
// Covers src/workflows/sigcheck/choose-images.ts
// Covers src/workflows/sigcheck/judge-place.ts
// Covers src/workflows/sigcheck/make-sigcheck.ts
// Covers src/workflows/sigcheck/place-result.ts
// Covers src/workflows/sigcheck/read-evidence.ts
// Covers src/workflows/sigcheck/resolve-references.ts

import { describe, expect, it } from 'vitest';
import type {
  EmbeddedRegistry,
  EmbeddedRegistryOptions,
} from '../../../src/embedded-registry/embedded-registry.ts';
import { encodeBundle, parseBundle } from '../../../src/signature/bundle.ts';
import { SIGN_PREDICATE } from '../../../src/signature/media-types.ts';
import { makeSimpleSigning } from '../../../src/signature/simple-signing.ts';
import { makeStatement } from '../../../src/signature/statement.ts';
import { embeddedForTest, repositoryAt } from '../../adapters/oci/client.ts';
import { type Content, image, multiArch, push } from '../../builders/images.ts';
import { KeySigner, logOf } from '../../doubles/key-signer.ts';
import { imageAt, signIn } from '../../sign/signing-world.ts';
import { countKinds, writesOf } from '../../system/staging.ts';
import { storeBundle, storeSignatureTag } from '../../system/sigstore/store-signatures.ts';
import { checkIn } from './sigchecking.ts';

const INDEX = multiArch('app', { platforms: 3 });
const SINGLE = image({ seed: 'single' });
const ALL = { legacy: true, attest: true };

async function registryWith(images: readonly Content[], options: EmbeddedRegistryOptions = {}) {
  const registry = await embeddedForTest(options);
  for (const [index, content] of images.entries()) push(registry, 'app', content, `v${index + 1}`);
  return registry;
}

type Report = Awaited<ReturnType<typeof checkIn>>;
const decisionsOf = ({ items }: Report) => items.map(({ decision }) => decision);

function signedStatement(signer: KeySigner, content: Content): Promise<Uint8Array> {
  const subjects = [{ digest: content.manifest.digest }];
  return signer.signStatement(makeStatement(subjects, { predicateType: SIGN_PREDICATE, predicate: {} }));
}

async function storeTagBy(signer: KeySigner, registry: EmbeddedRegistry, content: Content) {
  const { digest } = content.manifest;
  const payload = makeSimpleSigning({ dockerReference: repositoryAt(registry, 'app'), digest });
  storeSignatureTag({ registry, repository: 'app', image: content }, await signer.signPayload(payload));
}

describe('a signature check', () => {
  it('finds images that have no signature, and writes nothing', async () => {
    const registry = await registryWith([INDEX, SINGLE]);
    const report = await checkIn([registry], [INDEX, SINGLE], { expected: new KeySigner() });
    expect(decisionsOf(report)).toEqual(['unsigned', 'unsigned']);
    expect(report.items[0]?.reason).toBe('no signature; no attestation of its promotion');
    expect(report.summary).toMatchObject({ edges: 2, unsigned: 2, signed: 0, made: 0 });
    expect(writesOf(registry)).toEqual([]);
  });

  it('accepts what a promotion has signed and attested', async () => {
    const registry = await registryWith([INDEX, SINGLE]);
    const signer = new KeySigner();
    await signIn([imageAt(INDEX, registry), imageAt(SINGLE, registry)], { signer, policy: ALL });
    const report = await checkIn([registry], [INDEX, SINGLE], { expected: signer });
    expect(decisionsOf(report)).toEqual(['signed', 'signed']);
  });

  it('names the signer of an image that somebody else has signed', async () => {
    const registry = await registryWith([SINGLE]);
    const [expected, other] = [new KeySigner(), new KeySigner()];
    await signIn([imageAt(SINGLE, registry)], { signer: other, policy: ALL });
    const report = await checkIn([registry], [SINGLE], { expected, known: [other] });
    const { fingerprint } = await other.identity();
    expect(decisionsOf(report)).toEqual(['other-identity']);
    expect(report.items[0]?.reason).toContain(
      `signed by the key sha256:${fingerprint}, not by the release key`,
    );
  });

  it('finds a signature by a key that is not known', async () => {
    const registry = await registryWith([SINGLE]);
    await signIn([imageAt(SINGLE, registry)], { signer: new KeySigner(), policy: ALL });
    const report = await checkIn([registry], [SINGLE], { expected: new KeySigner() });
    expect(decisionsOf(report)).toEqual(['other-identity']);
    expect(report.items[0]?.reason).toContain('no signature by the release key: no key has made it');
  });

  it('finds children of an index that have no signature', async () => {
    const registry = await registryWith([INDEX]);
    const signer = new KeySigner();
    const policy = { ...ALL, recursion: 'none' } as const;
    await signIn([imageAt(INDEX, registry)], { signer, policy });
    const report = await checkIn([registry], [INDEX], { expected: signer });
    expect(decisionsOf(report)).toEqual(['partial']);
    expect(report.items[0]?.reason).toBe('3 of 4 manifests of the index have no signature');
  });

  it('finds an image without an attestation', async () => {
    const registry = await registryWith([SINGLE]);
    const signer = new KeySigner();
    await signIn([imageAt(SINGLE, registry)], { signer, policy: { legacy: true } });
    const report = await checkIn([registry], [SINGLE], { expected: signer });
    expect(decisionsOf(report)).toEqual(['unattested']);
    expect(report.items[0]).toMatchObject({
      missing: ['attestation'],
      reason: 'no attestation of its promotion',
    });
    const withoutAttestations = { expected: signer, policy: { attest: false } };
    expect(decisionsOf(await checkIn([registry], [SINGLE], withoutAttestations))).toEqual(['signed']);
  });

  it('refuses a signature that does not verify', async () => {
    const registry = await registryWith([SINGLE]);
    const signer = new KeySigner();
    const bundle = parseBundle(await signedStatement(signer, SINGLE));
    const signature = Buffer.from(bundle.envelope.signature).fill(1, 8, 12);
    const broken = encodeBundle({ ...bundle, envelope: { ...bundle.envelope, signature } });
    storeBundle({ registry, repository: 'app', image: SINGLE }, broken, SIGN_PREDICATE);
    const report = await checkIn([registry], [SINGLE], { expected: signer, policy: { attest: false } });
    expect(decisionsOf(report)).toEqual(['refused']);
    expect(report.items[0]?.reason).toBe('no valid signature: no key has made it');
  });

  it('refuses a signature of another image', async () => {
    const registry = await registryWith([SINGLE]);
    const signer = new KeySigner();
    const bundle = await signedStatement(signer, INDEX);
    storeBundle({ registry, repository: 'app', image: SINGLE }, bundle, SIGN_PREDICATE);
    const report = await checkIn([registry], [SINGLE], { expected: signer, policy: { attest: false } });
    expect(decisionsOf(report)).toEqual(['refused']);
    expect(report.items[0]?.reason).toContain('a signature of another image');
  });

  it('accepts one form of a signature where no signer repairs', async () => {
    const registry = await registryWith([SINGLE]);
    const signer = new KeySigner();
    await storeTagBy(signer, registry, SINGLE);
    const policy = { attest: false };
    expect(decisionsOf(await checkIn([registry], [SINGLE], { expected: signer, policy }))).toEqual([
      'signed',
    ]);
    const repair = await checkIn([registry], [SINGLE], { expected: signer, signer, policy });
    expect(repair.items[0]).toMatchObject({ decision: 'repaired', missing: ['signature'] });
  });

  it('reports a registry that fails, and checks the others', async () => {
    const [good, bad] = [await registryWith([SINGLE]), await registryWith([SINGLE])];
    const signer = new KeySigner();
    await signIn([imageAt(SINGLE, good)], { signer, policy: ALL });
    bad.addFault({ kind: 'referrers', times: 99, act: { kind: 'status', status: 403 } });
    const report = await checkIn([good, bad], [SINGLE], { expected: signer });
    expect(decisionsOf(report).toSorted()).toEqual(['signed', 'unreadable']);
    await bad.close();
    const down = await checkIn([good, bad], [SINGLE], { expected: signer });
    expect(decisionsOf(down).toSorted()).toEqual(['signed', 'unreadable']);
    expect(down.causes).toMatchObject([{ kind: 'unreachable', host: bad.host, edges: 1 }]);
  });

  it('passes over images that a destination does not hold', async () => {
    const [full, empty] = [await registryWith([SINGLE]), await registryWith([])];
    const report = await checkIn([full, empty], [SINGLE], { expected: new KeySigner() });
    expect(report.summary).toMatchObject({ edges: 1, unsigned: 1 });
  });

  it('asks each destination once for each manifest, and reads a bundle once for all of them', async () => {
    const registries = [await registryWith([INDEX]), await registryWith([INDEX])];
    const signer = new KeySigner();
    const policy = { attest: false };
    await signIn([imageAt(INDEX, ...registries)], { signer, policy: { legacy: true } });
    for (const registry of registries) registry.clearRequests();
    await checkIn(registries, [INDEX], { expected: signer, policy });
    const [manifests, destinations] = [1 + INDEX.children.length, registries.length];
    expect(countKinds(...registries)).toEqual({
      'manifest-head': destinations,
      tags: destinations,
      referrers: manifests * destinations,
      'manifest-get': 1 + manifests * destinations + manifests, // the index, its tags `.sig`, its bundles
      'blob-get': manifests,
    });
  });
});

describe('the scope of a signature check', () => {
  it('is limited to the first digests', async () => {
    const registry = await registryWith([INDEX, SINGLE]);
    const report = await checkIn([registry], [INDEX, SINGLE], { expected: new KeySigner(), limit: 1 });
    const [first] = [INDEX, SINGLE].map(({ manifest }) => manifest.digest).toSorted();
    expect(report.items.map(({ digest }) => digest)).toEqual([first]);
  });

  it('is limited by age where the registry reports upload times', async () => {
    const registry = await registryWith([SINGLE], { listing: 'google', now: () => 1_000_000 });
    const check = (age: object) =>
      checkIn([registry], [SINGLE], { expected: new KeySigner(), age }).then(({ summary }) => summary.edges);
    expect(await check({ from: 2_000_000 })).toBe(0);
    expect(await check({ from: 1_000_000 })).toBe(1);
    expect(await check({ to: 999_999 })).toBe(0);
  });

  it('is everything where it does not, with a finding', async () => {
    const registry = await registryWith([SINGLE]);
    const report = await checkIn([registry], [SINGLE], {
      expected: new KeySigner(),
      age: { from: 2_000_000 },
    });
    expect(report.summary.edges).toBe(1);
    expect(report.findings).toMatchObject([{ rule: 'sigcheck-age', level: 'warn' }]);
  });

  it('has images that are too old for attestations', async () => {
    const registry = await registryWith([SINGLE], { listing: 'google', now: () => 1_000_000 });
    const signer = new KeySigner();
    await signIn([imageAt(SINGLE, registry)], { signer, policy: { legacy: true } });
    const check = (attestationsSince: number, repairer?: KeySigner) =>
      checkIn([registry], [SINGLE], {
        expected: signer,
        age: { attestationsSince },
        ...(repairer && { signer: repairer }),
      }).then(decisionsOf);
    expect(await check(1_000_000)).toEqual(['unattested']);
    expect(await check(1_000_001)).toEqual(['signed']);
    expect(await check(1_000_001, signer)).toEqual(['signed']);
  });

  it('is made of references, without attestations', async () => {
    const registry = await registryWith([INDEX, SINGLE]);
    const signer = new KeySigner();
    await signIn([imageAt(SINGLE, registry)], { signer, policy: { legacy: true } });
    const references = ['app:v1', `app@${SINGLE.manifest.digest}`, 'app:v2', 'app:none'];
    const report = await checkIn([], [], {
      expected: signer,
      references: references.map((reference) => `${registry.host}/${reference}`),
    });
    expect(report.items.map(({ decision, digest }) => `${decision} ${digest}`).toSorted()).toEqual([
      `signed ${SINGLE.manifest.digest}`,
      'unreadable null',
      `unsigned ${INDEX.manifest.digest}`,
    ]);
  });
});

describe('a repair', () => {
  it('signs and attests what is missing, and writes nothing the second time', async () => {
    const registries = [await registryWith([INDEX, SINGLE]), await registryWith([INDEX, SINGLE])];
    const signer = new KeySigner();
    const check = () => checkIn(registries, [INDEX, SINGLE], { expected: signer, signer });
    const first = await check();
    expect(decisionsOf(first)).toEqual(['repaired', 'repaired', 'repaired', 'repaired']);
    expect(first.summary.made).toBe(signer.log.length);
    const before = logOf(signer);
    for (const registry of registries) registry.clearRequests();
    expect(decisionsOf(await check())).toEqual(['signed', 'signed', 'signed', 'signed']);
    expect(registries.flatMap(writesOf)).toEqual([]);
    expect(logOf(signer)).toEqual(before);
  });

  it('leaves the signatures of others where they are', async () => {
    const registry = await registryWith([SINGLE]);
    const [signer, other] = [new KeySigner(), new KeySigner()];
    await signIn([imageAt(SINGLE, registry)], { signer: other, policy: ALL });
    const known = [other];
    const repair = await checkIn([registry], [SINGLE], { expected: signer, signer, known });
    expect(repair.items[0]?.reason).toContain('before: signed by the key');
    const checks = [signer, other].map((expected) => checkIn([registry], [SINGLE], { expected }));
    expect((await Promise.all(checks)).map(decisionsOf)).toEqual([['signed'], ['signed']]);
  });

  it('that fails leaves the result as it was, with the reason', async () => {
    const registry = await registryWith([SINGLE]);
    registry.addFault({ kind: 'upload-start', times: 99, act: { kind: 'status', status: 403 } });
    const signer = new KeySigner();
    const report = await checkIn([registry], [SINGLE], { expected: signer, signer });
    expect(decisionsOf(report)).toEqual(['unsigned']);
    expect(report.items[0]?.reason).toMatch(/^no signature; .*; not repaired: /);
  });
});
