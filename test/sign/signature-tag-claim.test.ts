// Covers src/sign/signature-tag.ts
// Covers src/sign/signature-store.ts
import { describe, expect, it } from 'vitest';
import { cosignTagOf } from '../../src/image/attachment-tags.ts';
import { isObject, parseJsonObject } from '../../src/base/json.ts';
import type { EmbeddedRegistry } from '../../src/embedded-registry/embedded-registry.ts';
import type { Digest } from '../../src/image/digest.ts';
import { DOCKER_MANIFEST } from '../../src/image/media-types.ts';
import { LAYER_ANNOTATIONS, SIMPLE_SIGNING } from '../../src/signature/media-types.ts';
import { parseSimpleSigning } from '../../src/signature/simple-signing.ts';
import type { ImageToSign } from '../../src/sign/images-to-sign.ts';
import { embeddedForTest, repositoryAt } from '../adapters/oci/client.ts';
import { image, multiArch, push } from '../builders/images.ts';
import { KeySigner, keyVerifier } from '../doubles/key-signer.ts';
import { imageAt, signIn } from './signing-world.ts';

const INDEX = multiArch('app', { platforms: 2 });
const DIGESTS = [INDEX, ...INDEX.children].map(({ manifest }) => manifest.digest);
const SINGLE = image({ seed: 'single' });
const LEGACY = { policy: { legacy: true } };

async function registryWith(content = SINGLE) {
  const registry = await embeddedForTest();
  push(registry, 'app', content);
  return registry;
}

function tagOf({ store }: EmbeddedRegistry, digest: Digest) {
  return store.manifest('app', cosignTagOf(digest, 'sig'));
}

function layersOf(registry: EmbeddedRegistry, digest: Digest) {
  const { layers } = parseJsonObject(tagOf(registry, digest)?.bytes ?? new Uint8Array()) ?? {};
  return Array.isArray(layers) ? layers.filter((layer) => isObject(layer)) : [];
}

const payloadsOf = ({ log }: KeySigner) =>
  log
    .filter((text) => text.includes('docker-reference'))
    .map((text) => parseSimpleSigning(Buffer.from(text)));

const named = (image: ImageToSign, name: string): ImageToSign => ({
  ...image,
  places: image.places.map((place) => ({ ...place, publicName: repositoryAt({ host: name }, 'app') })),
});

describe('the tag .sig', () => {
  it('is written for an index and its children, with a config that lists the layers', async () => {
    const registry = await registryWith(INDEX);
    const signer = new KeySigner();
    await signIn([imageAt(INDEX, registry)], { signer, ...LEGACY });
    const payloads = payloadsOf(signer);
    expect(payloads.map(({ digest }) => digest).toSorted()).toEqual(DIGESTS.toSorted());
    for (const digest of DIGESTS)
      expect(layersOf(registry, digest)).toMatchObject([{ mediaType: SIMPLE_SIGNING }]);
    expect((await signIn([imageAt(INDEX, registry)], { signer, ...LEGACY })).made).toBe(0);
  });

  it('is checked by a GET of its manifest alone', async () => {
    const registry = await registryWith(SINGLE);
    const signer = new KeySigner();
    await signIn([imageAt(SINGLE, registry)], { signer, ...LEGACY });
    registry.clearRequests();
    await signIn([imageAt(SINGLE, registry)], { signer, ...LEGACY });
    const [, payload] = layersOf(registry, SINGLE.manifest.digest);
    expect(payload).toBeUndefined();
    expect(registry.requests.filter(({ kind }) => kind === 'blob-get').length).toBe(1); // of the bundle
  });

  it('gets a layer behind those of others, which stay as they are', async () => {
    const registry = await registryWith(SINGLE);
    const [first, second] = [new KeySigner(), new KeySigner()];
    await signIn([imageAt(SINGLE, registry)], { signer: first, ...LEGACY });
    const [kept] = layersOf(registry, SINGLE.manifest.digest);
    const ports = { verifier: keyVerifier(first, second) };
    await signIn([imageAt(SINGLE, registry)], { signer: second, ports, ...LEGACY });
    const layers = layersOf(registry, SINGLE.manifest.digest);
    expect(layers.length).toBe(2);
    expect(layers[0]).toEqual(kept);
    for (const signer of [first, second])
      expect((await signIn([imageAt(SINGLE, registry)], { signer, ports, ...LEGACY })).made).toBe(0);
  });

  it('is signed for each public name, once for all destinations of that name', async () => {
    const registries = await Promise.all([1, 2, 3].map(() => registryWith(SINGLE)));
    const [third] = registries.slice(2).flatMap((registry) => imageAt(SINGLE, registry).places);
    const front = named(imageAt(SINGLE, ...registries.slice(0, 2)), 'registry.example.com').places;
    const signer = new KeySigner();
    const signed = {
      digest: SINGLE.manifest.digest,
      places: [...front, ...(third === undefined ? [] : [third])],
    };
    await signIn([signed], { signer, ...LEGACY });
    const names = payloadsOf(signer).map(({ dockerReference }) => dockerReference);
    expect(new Set(names)).toEqual(new Set([third?.repository, 'registry.example.com/app']));
    expect(names.length).toBe(2);
  });

  it('of another identity or another name is no signature of this one', async () => {
    const registry = await registryWith(SINGLE);
    const signer = new KeySigner();
    await signIn([named(imageAt(SINGLE, registry), 'other.example.com')], { signer, ...LEGACY });
    const again = await signIn([imageAt(SINGLE, registry)], { signer, ...LEGACY });
    expect(again.places).toMatchObject([{ outcome: 'signed', missing: ['signature-tag'] }]);
    expect(layersOf(registry, SINGLE.manifest.digest).length).toBe(2);
  });

  it('with other content is left unchanged', async () => {
    const registry = await registryWith(SINGLE);
    const tag = cosignTagOf(SINGLE.manifest.digest, 'sig');
    push(registry, 'app', image({ seed: 'foreign', format: 'docker' }), tag);
    const signing = await signIn([imageAt(SINGLE, registry)], { signer: new KeySigner(), ...LEGACY });
    expect(signing.places).toMatchObject([{ outcome: 'failed' }]);
    expect(signing.places[0]?.reason).toContain('not a manifest of signatures, so it is not changed');
    expect(tagOf(registry, SINGLE.manifest.digest)?.mediaType).toBe(DOCKER_MANIFEST);
  });

  it('keeps the signatures of two runs at once', async () => {
    const registry = await registryWith(SINGLE);
    const signers = [new KeySigner(), new KeySigner(), new KeySigner()];
    const ports = { verifier: keyVerifier(...signers) };
    const run = (signer: KeySigner) => signIn([imageAt(SINGLE, registry)], { signer, ports, ...LEGACY });
    await Promise.all(signers.map((signer) => run(signer)));
    const signatures = layersOf(registry, SINGLE.manifest.digest).map(({ annotations }) =>
      isObject(annotations) ? annotations[LAYER_ANNOTATIONS.signature] : undefined,
    );
    expect(new Set(signatures).size).toBe(3);
    for (const signer of signers) expect((await run(signer)).made).toBe(0);
  });
});
