import { describe, expect, it } from 'vitest';
import { maxImageSize } from '../../src/checks/max-image-size.ts';
import type { Digest } from '../../src/image/digest.ts';
import { parseReferences } from '../../src/image/oci-manifest.ts';
import { RegistryError } from '../../src/ports/registry-error.ts';
import { type Content, helmChart, image, index, layer } from '../builders/images.ts';
import { from, repository } from '../builders/manifests.ts';
import { MemoryRegistry } from '../doubles/memory-registry.ts';
import { check } from './checking.ts';

const MIB = 1024 * 1024;
const small = image({ seed: 'small', layers: [layer('small', 1000)] });
const large = image({ seed: 'large', layers: [layer('large', 2 * MIB), layer('more', 1000)] });
const both = index({ children: [small, large] });
const nested = index({ children: [small, both] });

function sizeOf({ manifest }: Content): number {
  return parseReferences(manifest).blobs.reduce((sum, { size }) => sum + size, 0);
}

async function findingsOf(content: Content, limit: number, registry = new MemoryRegistry()) {
  registry.push('s.io/s/app', content, 'v1');
  const wanted: Record<Digest, string[]> = { [content.manifest.digest]: ['v1'] };
  const manifest = from('s.io/s').to('p.io/p', 'q.io/q').promote({ app: wanted });
  const { findings } = await check([maxImageSize(limit)], registry, manifest);
  return { findings, asked: registry.log() };
}

describe('an image that is larger than the limit', () => {
  it('is blocked at every destination', async () => {
    const { findings } = await findingsOf(large, MIB);
    expect(findings).toEqual([
      {
        rule: 'max-image-size',
        level: 'error',
        message: `s.io/s/app@${large.manifest.digest} has 3 MiB, more than the limit of 1 MiB`,
        advice: 'reduce the size of the image, or raise -max-image-size',
        at: expect.objectContaining({ file: 'm.yaml' }),
        edges: ['p.io/p/app:v1', 'q.io/q/app:v1'],
      },
    ]);
  });

  it.each([
    ['an image', large],
    ['an index', both],
    ['an index in an index', nested],
  ])('is the size of the config and layers of its largest platform: %s', async (_what, content) => {
    expect((await findingsOf(content, sizeOf(large) - 1)).findings).toHaveLength(1);
    expect((await findingsOf(content, sizeOf(large))).findings).toEqual([]);
  });

  it('may be anything else', async () => {
    const chart = helmChart('chart');
    expect((await findingsOf(chart, sizeOf(chart) - 1)).findings).toHaveLength(1);
    expect((await findingsOf(chart, sizeOf(chart))).findings).toEqual([]);
  });
});

it('reads each manifest that was not read for the plan once, and no blob', async () => {
  const { asked } = await findingsOf(nested, MIB);
  const manifests = [small, both, large].map(({ manifest }) => `fetch s.io/s/app ${manifest.digest}`);
  expect(asked.toSorted()).toEqual(manifests.toSorted());
});

it('blocks an image that it cannot read', async () => {
  const registry = new MemoryRegistry();
  const fetchManifest: MemoryRegistry['fetchManifest'] = (where, digest, signal) =>
    digest === small.manifest.digest
      ? Promise.reject(new RegistryError('unavailable', 'GET https://s.io/: 503'))
      : MemoryRegistry.prototype.fetchManifest.call(registry, where, digest, signal);
  const { findings } = await findingsOf(both, 3 * MIB, Object.assign(registry, { fetchManifest }));
  expect(findings).toMatchObject([
    {
      level: 'error',
      message: expect.stringMatching(/^the size of s.io\/s\/app@.* could not be read: GET .* 503$/),
    },
  ]);
});

it('leaves incomplete images to their own rule', async () => {
  const registry = new MemoryRegistry();
  registry.push('s.io/s/app', both, 'v1');
  registry.lose(repository('s.io/s/app'), large.manifest.digest);
  const manifest = from('s.io/s')
    .to('p.io/p')
    .promote({ app: { [both.manifest.digest]: ['v1'] } });
  expect((await check([maxImageSize(MIB)], registry, manifest)).findings).toEqual([]);
});
