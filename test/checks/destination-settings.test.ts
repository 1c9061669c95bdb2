import { describe, expect, it } from 'vitest';
import { blockEdges } from '../../src/checks/block-edges.ts';
import { destinationSettings } from '../../src/checks/destination-settings.ts';
import { parseRegistryName } from '../../src/image/repository.ts';
import type { RepositoryFacts, RepositoryFactsReader } from '../../src/ports/repository-facts.ts';
import { image } from '../builders/images.ts';
import { inFile } from '../builders/manifests.ts';
import { MemoryRegistry } from '../doubles/memory-registry.ts';
import { check } from './checking.ts';

const A = image({ seed: 'a' });
const MANIFEST = inFile('m.yaml')
  .from('s.io/src')
  .to('p.io/prod', 'q.io/prod')
  .promote({ app: { [A.manifest.digest]: ['v1'] }, web: { [A.manifest.digest]: ['v1'] } });

function world(...present: readonly string[]): MemoryRegistry {
  const registry = new MemoryRegistry();
  for (const name of ['s.io/src/app', 's.io/src/web', ...present]) registry.push(name, A, 'v1');
  return registry;
}

/** Tells these settings of everything below `p.io/prod`, and nothing of other destinations. */
function reader(settings: Partial<RepositoryFacts>, asked: string[] = []): RepositoryFactsReader {
  const name = parseRegistryName('p.io/prod');
  if (name === undefined) throw new Error('no registry');
  const usual = {
    name,
    format: 'docker',
    mode: 'standard',
    immutableTags: false,
    cleanupPolicies: [],
  } as const;
  return {
    factsOf: (repository) => {
      asked.push(repository);
      return Promise.resolve(repository.startsWith('p.io/') ? { ...usual, ...settings } : undefined);
    },
  };
}

describe('destination-settings', () => {
  it.each<readonly [Partial<RepositoryFacts>, string]>([
    [{ mode: 'virtual' }, 'destination p.io/prod is a virtual repository, which accepts no uploads'],
    [{ mode: 'remote' }, 'destination p.io/prod is a remote repository, a cache that accepts no uploads'],
    [{ format: 'maven' }, 'destination p.io/prod has the format maven, which accepts no images'],
  ])('blocks the edges to a destination with %j, and no others', async (settings, message) => {
    const { findings, plan } = await check([destinationSettings(reader(settings))], world(), MANIFEST);
    expect(findings).toMatchObject([{ rule: 'destination-settings', level: 'error', message }]);
    const { hosts } = blockEdges(plan, findings);
    expect(hosts['p.io']).toMatchObject({ blocked: 2, copy: 0 });
    expect(hosts['q.io']).toMatchObject({ copy: 2 });
  });

  it('warns once of cleanup policies, and blocks nothing', async () => {
    const rule = destinationSettings(reader({ cleanupPolicies: ['old', 'untagged'] }));
    const first = await check([rule], world(), MANIFEST);
    const second = await check([rule], world(), MANIFEST);
    expect(second.findings).toEqual([]);
    expect(first.findings).toMatchObject([
      {
        level: 'warn',
        message: 'destination p.io/prod deletes images by its cleanup policies: old, untagged',
        edges: [],
      },
    ]);
  });

  it.each([{}, { mode: 'unknown' as const }, { immutableTags: true }])(
    'says nothing of %j',
    async (settings) => {
      const { findings } = await check([destinationSettings(reader(settings))], world(), MANIFEST);
      expect(findings).toEqual([]);
    },
  );

  it('reads nothing where nothing is to be written', async () => {
    const asked: string[] = [];
    const held = ['p.io/prod/app', 'p.io/prod/web', 'q.io/prod/app', 'q.io/prod/web'];
    await check([destinationSettings(reader({}, asked))], world(...held), MANIFEST);
    expect(asked).toEqual([]);
  });
});
