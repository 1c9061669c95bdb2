import { expect, it } from 'vitest';
import { destinationImmutable } from '../../../src/checks/images/destination-immutable.ts';
import type { RepositoryFacts, RepositoryFactsReader } from '../../../src/ports/repository-facts.ts';
import { image } from '../../builders/images.ts';
import { from, registryName } from '../../builders/manifests.ts';
import { MemoryRegistry } from '../../doubles/memory-registry.ts';
import { check } from '../checking.ts';

const FACTS: RepositoryFacts = {
  name: registryName('p.io/prod'),
  format: 'docker',
  mode: 'standard',
  immutableTags: false,
  cleanupPolicies: [],
};

async function findingsOf(facts: Partial<RepositoryFacts> | undefined) {
  const registry = new MemoryRegistry();
  const digest = registry.push('s.io/s/app', image({ seed: 'a' }));
  const manifest = from('s.io/s')
    .to('p.io/prod')
    .promote({ app: { [digest]: ['v1', 'v2'] } });
  const reader: RepositoryFactsReader = {
    factsOf: () => Promise.resolve(facts === undefined ? undefined : { ...FACTS, ...facts }),
  };
  const rule = { ...destinationImmutable(reader), level: 'error' as const };
  return (await check([rule], registry, manifest)).findings;
}

it('finds a destination whose tags can be moved, once', async () => {
  expect(await findingsOf({})).toMatchObject([
    {
      level: 'error',
      message: 'tags of destination p.io/prod can be moved and deleted',
      edges: ['p.io/prod/app:v1', 'p.io/prod/app:v2'],
    },
  ]);
});

it.each([[{ immutableTags: true }], [{ mode: 'virtual' as const }], [undefined]])(
  'has nothing to say about %j',
  async (facts) => {
    expect(await findingsOf(facts)).toEqual([]);
  },
);
