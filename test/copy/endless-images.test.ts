import { describe, expect, it } from 'vitest';
import { OCI_LAYER_GZIP, OCI_MANIFEST } from '../../src/image/media-types.ts';
import type { Content } from '../builders/content.ts';
import { image, index } from '../builders/images.ts';
import { from } from '../builders/manifests.ts';
import { digestNamed, manifestOf, namesOf, sparseIndex } from '../builders/sparse-images.ts';
import { MemoryRegistry } from '../doubles/memory-registry.ts';
import { promote } from './promoting.ts';

/** Requests of one promotion besides those for the parts of its image: of the plan and for the image itself. */
const OTHERS = 4;
/** Parts of a manifest that are copied at a time. */
const AT_A_TIME = 32;

/** Promotes one image to some registries, and counts what was asked. */
async function promoteAlone(content: Content, destinations: readonly string[] = ['p.io/p']) {
  const registry = new MemoryRegistry();
  registry.push('s.io/s/app', content);
  const outcomes = await promote(
    registry,
    from('s.io/s')
      .to(...destinations)
      .promote({ app: { [content.manifest.digest]: ['v1'] } }),
  );
  return { outcomes, registry, asked: registry.calls.length };
}

describe('an image of which parts are nowhere', () => {
  it('is given up at its first child: an index of 20,000', async () => {
    const { outcomes, registry, asked } = await promoteAlone(sparseIndex(namesOf(20_000)));
    expect(outcomes).toEqual([
      expect.stringMatching(
        /^p\.io\/p\/app:v1 failed: manifest sha256:\w+ is not in s\.io\/s\/app; 19968 of 20000 parts of sha256:\w+ were not looked at$/,
      ),
    ]);
    expect(asked).toBeLessThanOrEqual(AT_A_TIME + OTHERS);
    expect(registry.tagsOf('p.io/p/app')).toEqual({});
  });

  it('is given up at its first child for each destination', async () => {
    const { outcomes, asked } = await promoteAlone(sparseIndex(namesOf(20_000)), [
      'p.io/p',
      'p.io/q',
      'r.io/r',
    ]);
    expect(outcomes).toHaveLength(3);
    expect(asked).toBeLessThanOrEqual(3 * (AT_A_TIME + OTHERS));
  });

  it('is given up at the first that is missing, however late that comes', async () => {
    const present = namesOf(50).map((seed) => image({ seed, layers: 0 }));
    const { outcomes, registry } = await promoteAlone(sparseIndex(namesOf(5_000), present));
    expect(outcomes).toEqual([expect.stringMatching(/ 49\d\d of 5050 parts of \S+ were not looked at$/)]);
    expect(registry.count({ verb: 'fetch' })).toBeLessThanOrEqual(50 + 2 * AT_A_TIME);
  });

  it('is given up at its first layer', async () => {
    const layers = namesOf(5_000).map((name) => ({
      mediaType: OCI_LAYER_GZIP,
      digest: digestNamed(name),
      size: 9,
    }));
    const { outcomes, asked } = await promoteAlone(manifestOf(OCI_MANIFEST, { config: layers[0], layers }));
    expect(outcomes).toEqual([expect.stringMatching(/; 4968 of 5000 parts of \S+ were not looked at$/)]);
    expect(asked).toBeLessThanOrEqual(5 * AT_A_TIME + OTHERS);
  });

  it('is given up on every level of indexes within indexes', async () => {
    const inner = namesOf(40).map((name) => sparseIndex(namesOf(100, `${name}/`)));
    const outer = namesOf(40).map((name) => sparseIndex(namesOf(60, `outer ${name}/`), inner));
    const { outcomes, asked } = await promoteAlone(sparseIndex(namesOf(20_000), outer));
    expect(outcomes).toEqual([expect.stringMatching(/; 20008 of 20040 parts of \S+ were not looked at$/)]);
    expect(asked).toBeLessThanOrEqual(AT_A_TIME + AT_A_TIME + AT_A_TIME ** 2 + OTHERS);
  });

  it('tells no number where every part was looked at', async () => {
    const { outcomes } = await promoteAlone(sparseIndex(namesOf(2)));
    expect(outcomes).toEqual([expect.stringMatching(/ is not in s\.io\/s\/app$/)]);
  });
});

describe('an image with more parts than any real one', () => {
  it('is refused before they are asked for', async () => {
    const shared = namesOf(400).map((seed) => image({ seed, layers: 0 }));
    const indexes = namesOf(300).map((name) => index({ children: shared, annotations: { name } }));
    const { outcomes } = await promoteAlone(index({ children: indexes }));
    expect(outcomes).toEqual([expect.stringMatching(/ leads to more than 100000 manifests and blobs/)]);
  });

  it('is copied where they are one and the same', async () => {
    const child = image({ seed: 'one', layers: 0 });
    const { outcomes, asked } = await promoteAlone(index({ children: Array(20_000).fill(child) }));
    expect(outcomes).toEqual(['p.io/p/app:v1 copied']);
    expect(asked).toBeLessThan(20);
  });
});
