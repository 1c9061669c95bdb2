// Covers src/checks/images/root-manifests.ts

import { describe, expect, it } from 'vitest';
import { singlePlatform } from '../../../src/checks/images/single-platform.ts';
import { FEW } from '../../../src/checks/images-to-copy.ts';
import {
  artifact,
  type Content,
  helmChart,
  image,
  index,
  multiArch,
  nestedIndex,
} from '../../builders/images.ts';
import { from } from '../../builders/manifests.ts';
import { MemoryRegistry } from '../../doubles/memory-registry.ts';
import { check, checkPlanned } from '../checking.ts';
import { plan } from '../../copy/promoting.ts';

const attestation = image({ seed: 'attestation', platform: { os: 'unknown', architecture: 'unknown' } });
const windows = (version: string) => ({ os: 'windows', architecture: 'amd64', 'os.version': version });
const AMD64 = image({ seed: 'amd64' });

async function findingsOf(
  content: Content,
  { name = 'app', tag = 'v1', allow = [] as readonly string[] } = {},
): Promise<string[]> {
  const registry = new MemoryRegistry();
  registry.push(`s.io/s/${name}`, content);
  const manifest = from('s.io/s')
    .to('p.io/p')
    .promote({ [name]: { [content.manifest.digest]: [tag] } });
  const { findings } = await check([singlePlatform('all', { level: 'warn', allow })], registry, manifest);
  return findings.map(({ level, message, edges }) => `${level} ${message} ${edges.join()}`);
}

describe('single-platform', () => {
  it.each([
    ['an image', AMD64, ''],
    ['an index of one platform', multiArch('one', { platforms: 1 }), ' (linux/amd64)'],
    [
      'an index of one platform and its attestation',
      index({ children: [AMD64, attestation] }),
      ' (linux/amd64)',
    ],
    ['an image of Docker', image({ seed: 'docker', format: 'docker' }), ''],
  ])('finds %s', async (_what, content, platform) => {
    const name = `s.io/s/app@${content.manifest.digest}`;
    expect(await findingsOf(content)).toEqual([`warn ${name} is for one platform${platform} p.io/p/app:v1`]);
  });

  it.each([
    ['an index of several platforms', multiArch('many'), {}],
    ['a nested index', nestedIndex('nested'), {}],
    ['a Helm chart', helmChart('chart'), {}],
    ['an artifact', artifact('artifact'), {}],
    ['an image whose name has its platform', AMD64, { name: 'app-arm64' }],
    ['an image whose tag has its platform', AMD64, { tag: 'v1-linux-arm-v7' }],
    ['an image whose tag is its platform', AMD64, { tag: 'amd64' }],
    ['an image whose path ends with its platform', AMD64, { name: 'app/linux/loong64' }],
    [
      'an index of several versions of Windows',
      index({ children: ['1', '2'].map((version) => image({ seed: version, platform: windows(version) })) }),
      {},
    ],
    ['an image for Windows', AMD64, { tag: 'windows-ltsc2022' }],
    ['an image for a version of Windows', AMD64, { tag: 'v1-windows-ltsc2022' }],
    ['an image below charts', AMD64, { name: 'charts/app' }],
    ['an image of the list', AMD64, { allow: ['s.io/s/ap*'] }],
  ])('has nothing to say about %s', async (_what, content, options) => {
    expect(await findingsOf(content, options)).toEqual([]);
  });

  it('blocks the edges of the other tags of an image that has a tag of its platform', async () => {
    const registry = new MemoryRegistry();
    const digest = registry.push('s.io/s/app', AMD64);
    const manifest = from('s.io/s')
      .to('p.io/p')
      .promote({ app: { [digest]: ['v1', 'v1-amd64'] } });
    const { findings } = await check([singlePlatform('all', { level: 'error' })], registry, manifest);
    expect(findings).toMatchObject([{ level: 'error', edges: ['p.io/p/app:v1'] }]);
  });

  it('costs no request where the run has read the manifests', async () => {
    const registry = new MemoryRegistry();
    const digest = registry.push('s.io/s/app', AMD64);
    const manifest = from('s.io/s')
      .to('p.io/p')
      .promote({ app: { [digest]: ['v1'] } });
    const { findings, registry: asked } = await check(
      [singlePlatform('few', { level: 'warn' })],
      registry,
      manifest,
    );
    expect(findings).toHaveLength(1);
    expect(asked.calls).toEqual([]);
  });

  it('reads nothing in a run that proves none of so many digests', async () => {
    const registry = new MemoryRegistry();
    const digests = Array.from({ length: FEW }, (_, seed) =>
      registry.push('s.io/s/app', image({ seed: `${seed}`, layers: 1 })),
    );
    const tags = Object.fromEntries(digests.map((digest, number) => [digest, [`v${number}`]]));
    const planned = await plan(registry, from('s.io/s').to('p.io/p').promote({ app: tags }));
    const { findings } = await checkPlanned([singlePlatform('few', { level: 'warn' })], planned);
    expect(findings).toEqual([]);
  });

  it.each([
    ['all', 1],
    ['few', 0],
  ] as const)(
    'with the scope %s has %i findings about an image that cannot be read',
    async (scope, count) => {
      const registry = new MemoryRegistry();
      const digest = registry.push('s.io/s/app', AMD64);
      const planned = await plan(
        registry,
        from('s.io/s')
          .to('p.io/p')
          .promote({ app: { [digest]: ['v1'] } }),
      );
      registry.fail({ verb: 'fetch' });
      const rules = [singlePlatform(scope, { level: 'error' })];
      const { findings } = await checkPlanned(rules, { ...planned, source: registry });
      expect(findings).toHaveLength(count);
    },
  );
});
