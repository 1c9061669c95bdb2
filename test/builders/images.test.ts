import { describe, expect, it } from 'vitest';
import { digestOf, matchesDigest } from '../../src/image/digest.ts';
import { parseReferences } from '../../src/image/oci-manifest.ts';
import { startForTest } from '../embedded-registry/wire.ts';
import {
  artifact,
  blob,
  blobsOf,
  foreignLayerImage,
  helmChart,
  image,
  index,
  manifestsOf,
  multiArch,
  nestedIndex,
  push,
  pushOverHttp,
} from './images.ts';

const CONTENTS = {
  image: image({ seed: 'image' }),
  'Docker image': image({ seed: 'docker', format: 'docker' }),
  index: multiArch('index'),
  'Docker list': multiArch('list', { format: 'docker' }),
  'empty index': index({ children: [] }),
  'nested index': nestedIndex('nested'),
  'helm chart': helmChart('chart'),
  artifact: artifact('artifact'),
  'image with a foreign layer': foreignLayerImage('foreign'),
};

describe('seeded content', () => {
  it('is the same for the same seed, and other for another', () => {
    expect(digestOf(blob('seed', 1000))).toBe(
      'sha256:4056b8e85ed8c24e8d22e069ba9aa92193e23ffa91a955dd1feb955ae172e082',
    );
    expect(image({ seed: 'a' })).toEqual(image({ seed: 'a' }));
    expect(image({ seed: 'a' }).manifest.digest).not.toBe(image({ seed: 'b' }).manifest.digest);
  });

  it.each(Object.entries(CONTENTS))('is a true %s, whose digests are right', (_name, content) => {
    for (const manifest of manifestsOf(content)) {
      expect(matchesDigest(manifest.bytes, manifest.digest)).toBe(true);
      expect(() => parseReferences(manifest)).not.toThrow();
    }
    for (const { bytes, digest } of blobsOf(content)) expect(matchesDigest(bytes, digest)).toBe(true);
  });

  it('shares the base layer of an index', () => {
    expect(blobsOf(multiArch('app', { platforms: 4 })).length).toBe(1 + 4 * 2);
  });
});

describe('pushing', () => {
  it.each(Object.entries(CONTENTS))(
    'puts a whole %s into a registry, over the wire or past it',
    async (_name, content) => {
      const [direct, wired] = [await startForTest(), await startForTest()];
      push(direct, 'prod/app', content, 'v1', 'v2');
      await pushOverHttp(wired.url, 'prod/app', content, ['v1', 'v2']);
      const held = [direct.store, wired.store].map((store) => ({
        tags: store.tags('prod/app').map((tag) => [tag, store.resolveTag('prod/app', tag)]),
        manifests: store.manifests('prod/app').map(({ digest, mediaType }) => [digest, mediaType]),
        blobs: store.blobs('prod/app'),
      }));
      expect(held[1]).toEqual(held[0]);
      expect(held[0]?.tags).toEqual([
        ['v1', content.manifest.digest],
        ['v2', content.manifest.digest],
      ]);
      expect(held[0]?.manifests.length).toBe(manifestsOf(content).length);
    },
  );

  it('fails when the registry does', async () => {
    const registry = await startForTest({
      faults: [{ method: 'PUT', act: { kind: 'status', status: 503 } }],
    });
    await expect(pushOverHttp(registry.url, 'app', CONTENTS.image, ['v1'])).rejects.toThrow('503');
    expect(registry.store.tags('app')).toEqual([]);
  });
});
