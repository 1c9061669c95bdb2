// Covers src/sign/claims-of.ts
// Covers src/sign/image-parts.ts
// Covers src/sign/examine-image.ts
// Covers src/sign/repair-image.ts
// Covers src/sign/bundle-claim.ts
// Covers src/sign/bundle-referrer.ts
// Covers src/sign/signatory.ts
import { describe, expect, it } from 'vitest';
import type {
  EmbeddedRegistry,
  EmbeddedRegistryOptions,
} from '../../src/embedded-registry/embedded-registry.ts';
import { type Digest, digestOf } from '../../src/image/digest.ts';
import { annotationsOf } from '../../src/image/oci-manifest.ts';
import { BUNDLE, BUNDLE_ANNOTATIONS } from '../../src/signature/media-types.ts';
import { parseStatement } from '../../src/signature/statement.ts';
import { PROMOTION_PREDICATE, SUMMARY_PREDICATE } from '../../src/sign/promotion-statements.ts';
import { embeddedForTest } from '../adapters/oci/client.ts';
import { type Content, image, multiArch, push } from '../builders/images.ts';
import { KeySigner, keyVerifier, logOf } from '../doubles/key-signer.ts';
import { POLICY, imageAt, signIn } from './signing-world.ts';

const INDEX = multiArch('app', { platforms: 5 });
const CHILDREN = INDEX.children.map(({ manifest }) => manifest.digest);
const ALL = [INDEX.manifest.digest, ...CHILDREN];
const SINGLE = image({ seed: 'single' });
const SIGNATURE = 'https://sigstore.dev/cosign/sign/v1';
const ATTESTED = { ...POLICY, attest: true };

async function registryWith(content: Content, options: EmbeddedRegistryOptions = {}) {
  const registry = await embeddedForTest(options);
  push(registry, 'app', content);
  return registry;
}

/** The predicate types of the bundles of a digest that the registry lists. */
function bundlesOf({ store }: EmbeddedRegistry, digest: Digest): readonly string[] {
  return store
    .referrers('app', digest)
    .filter(({ facts }) => facts.artifactType === BUNDLE)
    .map(({ bytes }) => annotationsOf({ bytes })[BUNDLE_ANNOTATIONS.predicateType] ?? '')
    .toSorted();
}

const kindsOf = ({ requests }: EmbeddedRegistry) => requests.map(({ kind }) => kind).toSorted();
const outcomes = ({ places }: Awaited<ReturnType<typeof signIn>>) => places.map(({ outcome }) => outcome);

describe('an index', () => {
  it('is signed with its children by one statement, attached to each of them', async () => {
    const registry = await registryWith(INDEX);
    const signer = new KeySigner();
    const signing = await signIn([imageAt(INDEX, registry)], { signer });
    expect(outcomes(signing)).toEqual(['signed']);
    expect(signing.made).toBe(1);
    const statement = parseStatement(Buffer.from(signer.log[0] ?? ''));
    expect(statement).toEqual({ predicateType: SIGNATURE, predicate: {}, subjects: ALL });
    for (const digest of ALL) expect(bundlesOf(registry, digest)).toEqual([SIGNATURE]);
  });

  it('takes one listing, one query, one manifest and one bundle once it is signed', async () => {
    const registry = await registryWith(INDEX);
    const signer = new KeySigner();
    await signIn([imageAt(INDEX, registry)], { signer });
    registry.clearRequests();
    const again = await signIn([imageAt(INDEX, registry)], { signer });
    expect(outcomes(again)).toEqual(['present']);
    expect(again.made).toBe(0);
    expect(kindsOf(registry)).toEqual(['blob-get', 'manifest-get', 'referrers', 'tags']);
  });

  it.each([
    { recursion: 'each', statements: 6, signed: ALL },
    { recursion: 'none', statements: 1, signed: [INDEX.manifest.digest] },
  ] as const)(
    'takes $statements statements with recursion $recursion',
    async ({ recursion, statements, signed }) => {
      const registry = await registryWith(INDEX);
      const signer = new KeySigner();
      await signIn([imageAt(INDEX, registry)], { signer, policy: { recursion } });
      expect(signer.log.length).toBe(statements);
      expect(ALL.filter((digest) => bundlesOf(registry, digest).length === 1)).toEqual(signed);
      expect((await signIn([imageAt(INDEX, registry)], { signer, policy: { recursion } })).made).toBe(0);
    },
  );

  it('whose own digest alone was signed is signed with its children', async () => {
    const registry = await registryWith(INDEX);
    const signer = new KeySigner();
    await signIn([imageAt(INDEX, registry)], { signer, policy: { recursion: 'none' } });
    await signIn([imageAt(INDEX, registry)], { signer });
    for (const digest of CHILDREN) expect(bundlesOf(registry, digest)).toEqual([SIGNATURE]);
  });

  it('whose child has lost its signature gets it back by a thorough run, from the index', async () => {
    const registry = await registryWith(INDEX);
    const signer = new KeySigner();
    await signIn([imageAt(INDEX, registry)], { signer });
    const [lost] = registry.store.referrers('app', CHILDREN[2] ?? INDEX.manifest.digest);
    if (lost !== undefined) registry.store.deleteManifest('app', lost.digest);
    const thorough = { signer, policy: { thorough: true } };
    expect(outcomes(await signIn([imageAt(INDEX, registry)], { signer }))).toEqual(['present']);
    expect(outcomes(await signIn([imageAt(INDEX, registry)], thorough))).toEqual(['signed']);
    expect(signer.log.length).toBe(1);
    for (const digest of ALL) expect(bundlesOf(registry, digest)).toEqual([SIGNATURE]);
  });
});

describe('destinations', () => {
  it('share one signature', async () => {
    const registries = await Promise.all([1, 2, 3].map(() => registryWith(INDEX)));
    const signer = new KeySigner();
    const signing = await signIn([imageAt(INDEX, ...registries)], { signer, policy: ATTESTED });
    expect(outcomes(signing)).toEqual(['signed', 'signed', 'signed']);
    expect(logOf(signer)).toEqual([PROMOTION_PREDICATE, SIGNATURE]);
    const [first] = registries.map((registry) => bundlesOf(registry, INDEX.manifest.digest));
    expect(first).toEqual([PROMOTION_PREDICATE, SIGNATURE]);
  });

  it('share those of the children', async () => {
    const registries = await Promise.all([1, 2].map(() => registryWith(INDEX)));
    const signer = new KeySigner();
    await signIn([imageAt(INDEX, ...registries)], { signer, policy: { recursion: 'each' } });
    expect(signer.log.length).toBe(ALL.length);
  });

  it('get the signature of another one, with the same manifest', async () => {
    const [first, second] = [await registryWith(INDEX), await registryWith(INDEX)];
    const signer = new KeySigner();
    await signIn([imageAt(INDEX, first)], { signer, policy: ATTESTED });
    const signing = await signIn([imageAt(INDEX, first, second)], { signer, policy: ATTESTED });
    expect(outcomes(signing).toSorted()).toEqual(['present', 'signed']);
    expect(signing.made).toBe(0);
    const digests = ({ store }: EmbeddedRegistry) =>
      store
        .referrers('app', INDEX.manifest.digest)
        .map(({ digest }) => digest)
        .toSorted();
    expect(digests(second)).toEqual(digests(first));
  });

  it('that fail leave the others signed', async () => {
    const [good, bad] = [await registryWith(SINGLE), await registryWith(SINGLE)];
    bad.addFault({
      kind: 'upload-start',
      times: Number.POSITIVE_INFINITY,
      act: { kind: 'status', status: 403 },
    });
    const signing = await signIn([imageAt(SINGLE, good, bad)], { signer: new KeySigner() });
    const outcomeAt = ({ host }: EmbeddedRegistry) =>
      signing.places.find(({ repository }) => repository.startsWith(host));
    expect(outcomeAt(good)).toMatchObject({ outcome: 'signed', reason: '' });
    expect(outcomeAt(bad)).toMatchObject({ outcome: 'failed', missing: ['signature'] });
    expect(outcomeAt(bad)?.reason).toContain('403');
  });

  it.each([
    { what: 'referrers', kind: 'manifest-put', most: 7 },
    { what: 'blobs', kind: 'upload-start', most: 0 },
  ] as const)('that refuse $what for all images get few signatures', async ({ kind, most }) => {
    const registry = await embeddedForTest();
    const contents = Array.from({ length: 30 }, (_, number) => image({ seed: `app ${number}` }));
    for (const content of contents) push(registry, 'app', content);
    registry.addFault({ kind, times: Number.POSITIVE_INFINITY, act: { kind: 'status', status: 403 } });
    const signing = await signIn(
      contents.map((content) => imageAt(content, registry)),
      { signer: new KeySigner() },
    );
    expect(signing.made).toBeLessThanOrEqual(most);
    expect(new Set(outcomes(signing))).toEqual(new Set(['failed']));
    for (const { reason } of signing.places) expect(reason).toContain('403');
  });

  it('without the referrers API get the index of the referrers tag', async () => {
    const registry = await registryWith(INDEX, { referrers: false });
    const signer = new KeySigner();
    await signIn([imageAt(INDEX, registry)], { signer, policy: ATTESTED });
    const again = await signIn([imageAt(INDEX, registry)], { signer, policy: ATTESTED });
    expect(outcomes(again)).toEqual(['present']);
    expect(signer.log.length).toBe(2);
  });
});

describe('a signature', () => {
  it('of another identity does not count', async () => {
    const registry = await registryWith(SINGLE);
    const [own, other] = [new KeySigner(), new KeySigner()];
    await signIn([imageAt(SINGLE, registry)], { signer: other });
    const ports = { verifier: keyVerifier(own, other) };
    expect((await signIn([imageAt(SINGLE, registry)], { signer: own, ports })).made).toBe(1);
    expect((await signIn([imageAt(SINGLE, registry)], { signer: own, ports })).made).toBe(0);
  });

  it('of another image under this one does not count', async () => {
    const registry = await registryWith(SINGLE);
    const signer = new KeySigner();
    const other = image({ seed: 'other' });
    push(registry, 'app', other);
    await signIn([imageAt(other, registry)], { signer });
    const [stolen] = registry.store.referrers('app', other.manifest.digest);
    const text = Buffer.from(stolen?.bytes ?? []).toString();
    const lie = Buffer.from(text.replace(other.manifest.digest, SINGLE.manifest.digest));
    registry.store.putManifest('app', digestOf(lie), stolen?.mediaType ?? '', lie);
    expect(bundlesOf(registry, SINGLE.manifest.digest)).toEqual([SIGNATURE]);
    expect((await signIn([imageAt(SINGLE, registry)], { signer })).made).toBe(1);
  });

  it('that does not verify ends the signing: each run would make more entries of the log', async () => {
    const registry = await registryWith(SINGLE);
    push(registry, 'app', INDEX);
    const signer = new KeySigner();
    const ports = { verifier: keyVerifier(new KeySigner()) };
    const images = [imageAt(SINGLE, registry), imageAt(INDEX, registry)];
    const signing = await signIn(images, { signer, ports, policy: { workers: 1 } });
    expect(outcomes(signing)).toEqual(['failed', 'failed']);
    expect(signing.places[1]?.reason).toContain('a new signature does not verify: no key has made it');
    expect(signer.log.length).toBe(1);
  });
});

describe('attestations', () => {
  it('record the promotion of a digest once', async () => {
    const registry = await registryWith(SINGLE);
    const signer = new KeySigner();
    const signing = await signIn([imageAt(SINGLE, registry)], { signer, policy: ATTESTED });
    expect(signing.places).toMatchObject([{ missing: ['attestation', 'signature'] }]);
    expect((await signIn([imageAt(SINGLE, registry)], { signer, policy: ATTESTED })).made).toBe(0);
    expect(bundlesOf(registry, SINGLE.manifest.digest)).toEqual([PROMOTION_PREDICATE, SIGNATURE]);
  });

  it('of the verification are signed by their own identity, for an index and its children', async () => {
    const registry = await registryWith(INDEX);
    const [signer, summarizer] = [new KeySigner(), new KeySigner()];
    const revision = { commit: 'c0ffee' };
    const summaries = { signer: summarizer, revision, levelOf: () => 3 as const };
    const ports = { summaries, verifier: keyVerifier(signer, summarizer) };
    await signIn([imageAt(INDEX, registry)], { signer, ports });
    expect(logOf(signer)).toEqual([SIGNATURE]);
    expect(logOf(summarizer)).toEqual([SUMMARY_PREDICATE]);
    for (const digest of ALL) expect(bundlesOf(registry, digest)).toEqual([SIGNATURE, SUMMARY_PREDICATE]);
    expect((await signIn([imageAt(INDEX, registry)], { signer, ports })).made).toBe(0);
  });
});

describe('a run', () => {
  it('that is not confirmed tells what is missing', async () => {
    const registry = await registryWith(INDEX);
    const signer = new KeySigner();
    const signing = await signIn([imageAt(INDEX, registry)], { signer, policy: ATTESTED, confirm: false });
    expect(signing.places).toMatchObject([{ outcome: 'unsigned', missing: ['attestation', 'signature'] }]);
    expect(signer.log).toEqual([]);
    expect(kindsOf(registry)).not.toContain('manifest-put');
  });

  it('that is told to stop stores what is signed, and does not attempt the rest', async () => {
    const registry = await registryWith(SINGLE);
    push(registry, 'app', INDEX);
    const stop = new AbortController();
    const signer = new KeySigner();
    signer.before = () => stop.abort();
    const images = [imageAt(SINGLE, registry), imageAt(INDEX, registry)];
    const ports = { stopping: stop.signal };
    const signing = await signIn(images, { signer, ports, policy: { workers: 1 } });
    expect(outcomes(signing).toSorted()).toEqual(['not-attempted', 'signed']);
    expect(signer.log.length).toBe(1);
  });

  it('beside another one leaves a state that a third one takes for signed', async () => {
    const registry = await registryWith(INDEX, { referrers: false });
    const signer = new KeySigner();
    const legacy = { policy: { ...ATTESTED, legacy: true } };
    const run = () => signIn([imageAt(INDEX, registry)], { signer, ...legacy });
    const both = await Promise.all([run(), run()]);
    expect(both.flatMap((signing) => outcomes(signing))).toEqual(['signed', 'signed']);
    const third = await run();
    expect(outcomes(third)).toEqual(['present']);
    expect(third.made).toBe(0);
  });
});
