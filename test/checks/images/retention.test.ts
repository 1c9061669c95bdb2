import { describe, expect, it } from 'vitest';
import { retention } from '../../../src/checks/images/retention.ts';
import type { RepositoryFactsReader } from '../../../src/ports/repository-facts.ts';
import { image, index } from '../../builders/images.ts';
import { from, registryName } from '../../builders/manifests.ts';
import { MemoryRegistry } from '../../doubles/memory-registry.ts';
import { check } from '../checking.ts';

const DAY = 24 * 3_600_000;
const NOW = Date.parse('2026-11-20T12:00:00Z');
const A = index({ children: [image({ seed: 'a' })] });

function factsWith(deletesAfter: number | undefined): RepositoryFactsReader {
  const facts = {
    name: registryName('s.io/s'),
    format: 'docker',
    mode: 'standard',
    immutableTags: false,
    cleanupPolicies: ['old'],
    deletesAfter,
  } as const;
  return { factsOf: () => Promise.resolve(facts) };
}

async function messagesOf(
  options: Partial<Parameters<typeof retention>[0]>,
  uploadedDaysAgo?: number,
  created?: string,
) {
  const registry = new MemoryRegistry();
  const digest = registry.push('s.io/s/app', created === undefined ? A : image({ seed: 'a', created }));
  if (uploadedDaysAgo !== undefined)
    registry.setUploadTime('s.io/s/app', digest, NOW - uploadedDaysAgo * DAY);
  const manifest = from('s.io/s')
    .to('p.io/p')
    .promote({ app: { [digest]: ['v1'] } });
  const rule = retention({ now: NOW, facts: undefined, ...options });
  const { findings } = await check([{ ...rule, level: 'warn' }], registry, manifest);
  return findings.map(({ message, advice, edges }) => `${message}: ${advice} (${edges.join()})`);
}

describe('retention', () => {
  const facts = factsWith(60 * DAY);

  it('finds an image that its source deletes within two weeks, by its upload time', async () => {
    expect(await messagesOf({ facts }, 50)).toEqual([
      `s.io/s/app@${A.manifest.digest} was uploaded 50 days ago, and its source deletes after 60 days: promote it before 2026-11-30T12:00:00.000Z (p.io/p/app:v1)`,
    ]);
  });

  it('has nothing to say about one that remains longer, or that no policy deletes', async () => {
    expect(await messagesOf({ facts }, 46)).toEqual([]);
    expect(await messagesOf({ facts: factsWith(undefined) }, 500)).toEqual([]);
  });

  it('takes the times of the settings', async () => {
    expect(await messagesOf({ within: 20 * DAY, keep: 60 * DAY }, 41)).toHaveLength(1);
    expect(await messagesOf({ within: 20 * DAY, keep: 60 * DAY }, 40)).toEqual([]);
  });

  it('says that it checked nothing where no time of deletion is known', async () => {
    expect(await messagesOf({}, 500)).toEqual([
      'retention of 1 image was not checked, no deletion or upload time is known: s.io/s/app: set "keep" of the rule in .cip.yaml, or bind a service account that can read the cleanup policies ()',
    ]);
  });

  it('gives no date that is past', async () => {
    expect(await messagesOf({ keep: 60 * DAY }, 61)).toEqual([
      expect.stringMatching(/was uploaded 61 days ago, .*: promote it now /),
    ]);
  });

  it.each(['1970-01-01T00:00:00Z', '1980-01-01T00:00:01Z', 'yesterday'])(
    'takes no age from the creation time %s of a reproducible build',
    async (created) => {
      const [message = '', ...others] = await messagesOf({ keep: 60 * DAY }, undefined, created);
      expect({ message, others }).toEqual({
        message: expect.stringMatching(/^retention of 1 image was not checked/),
        others: [],
      });
    },
  );

  it('takes the creation time of the config where no upload time is known', async () => {
    const [message = ''] = await messagesOf({ keep: 60 * DAY });
    expect(message).toMatch(/was created \d+ days ago/);
  });
});
