import { expect, it } from 'vitest';
import { movingTag } from '../../../src/checks/manifests/moving-tag.ts';
import { checkManifests } from '../../../src/checks/run-checks.ts';
import { digest } from '../../builders/manifests.ts';
import { MemoryRegistry } from '../../doubles/memory-registry.ts';
import { image } from '../../builders/images.ts';
import { plan } from '../../copy/promoting.ts';
import { findingsOf, parsed } from './parsed.ts';

const A = digest('a');

async function withTags(...tags: readonly string[]) {
  return await parsed({ x: { from: 's.io/s', to: ['p.io/p', 'q.io/q'], images: { app: { [A]: tags } } } });
}

it.each(['latest', 'main', 'master', 'Latest', 'latest-canary', 'v1-latest', 'nightly'])(
  'finds %s once, at its place',
  async (tag) => {
    const findings = findingsOf(movingTag(), await withTags('v1.0.0', tag));
    expect(findings).toEqual([
      `images/x/images.yaml:3:90 tag "${tag}" of app is a moving tag: promote a version: a promoted tag keeps its first digest`,
    ]);
  },
);

it.each(['v1.2.3', '20240101-abc', 'mainline-v1', 'v1-main.4', '1.28-stable.2'])(
  'has nothing to say about %s',
  async (tag) => {
    expect(findingsOf(movingTag(), await withTags(tag))).toEqual([]);
  },
);

it('takes the tags of the settings in the place of its own', async () => {
  const rule = movingTag(['rolling-*']);
  expect(findingsOf(rule, await withTags('latest', 'rolling-1'))).toEqual([
    expect.stringContaining('"rolling-1"'),
  ]);
});

it('as an error blocks the edges of the tag and no others', async () => {
  const content = image({ seed: 'a' });
  const registry = new MemoryRegistry();
  registry.push('s.io/s/app', content);
  const manifests = await parsed({
    x: {
      from: 's.io/s',
      to: ['p.io/p', 'q.io/q'],
      images: { app: { [content.manifest.digest]: ['v1', 'main'] } },
    },
  });
  const planned = await plan(registry, ...manifests);
  const [finding] = checkManifests([{ ...movingTag(), level: 'error' }], manifests, planned.plan);
  expect(finding?.edges).toEqual(['p.io/p/app:main', 'q.io/q/app:main']);
});
