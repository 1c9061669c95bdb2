import { expect, it } from 'vitest';
import type { Content } from '../../builders/content.ts';
import { image, index } from '../../builders/images.ts';
import { from } from '../../builders/manifests.ts';
import { namesOf, sparseIndex } from '../../builders/sparse-images.ts';
import { MemoryRegistry } from '../../doubles/memory-registry.ts';
import { linesOf, verifyManifests } from './verifying.ts';

async function verifyDeep(content: Content) {
  const registry = new MemoryRegistry();
  registry.push('p.io/p/app', content, 'v1');
  const manifest = from('s.io/s')
    .to('p.io/p')
    .promote({ app: { [content.manifest.digest]: ['v1'] } });
  const lines = linesOf(await verifyManifests(registry, [manifest], { deep: true }));
  return { lines, asked: registry.calls.length };
}

it('an index of 20,000 children that are nowhere is given up at the first', async () => {
  const { lines, asked } = await verifyDeep(sparseIndex(namesOf(20_000)));
  expect(lines).toEqual([
    expect.stringMatching(
      /^incomplete: .* but not manifest .*, and 29 more; 19968 other parts were not checked/,
    ),
  ]);
  expect(asked).toBeLessThanOrEqual(36);
});

it('an index of indexes is given up where something of one is missing', async () => {
  const inner = namesOf(100).map((name) => sparseIndex(namesOf(100, `${name}/`)));
  const { lines, asked } = await verifyDeep(sparseIndex([], inner));
  expect(lines).toEqual([expect.stringMatching(/; \d+ other parts were not checked/)]);
  expect(asked).toBeLessThanOrEqual(32 + 32 ** 2 + 4);
});

it('an image of more parts than any real one cannot be verified', async () => {
  const shared = namesOf(400).map((seed) => image({ seed, layers: 0 }));
  const indexes = namesOf(300).map((name) => index({ children: shared, annotations: { name } }));
  const { lines } = await verifyDeep(index({ children: indexes }));
  expect(lines).toEqual([
    expect.stringMatching(/^unreadable: .* leads to more than 100000 manifests and blobs/),
  ]);
});
