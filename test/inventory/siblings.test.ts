// Covers src/edges/siblings.ts
// Covers src/inventory/sibling-holders.ts

import { describe, expect, it } from 'vitest';
import { expandEdges } from '../../src/edges/expand-edges.ts';
import { takeShard } from '../../src/edges/take-shard.ts';
import type { Wanted } from '../../src/edges/wanted.ts';
import { readInventory } from '../../src/inventory/read-inventory.ts';
import { makePlan } from '../../src/plan/make-plan.ts';
import { image } from '../builders/images.ts';
import { from, repository } from '../builders/manifests.ts';
import { MemoryRegistry, type MemoryRegistryOptions } from '../doubles/memory-registry.ts';
import { RecordingProgress } from '../doubles/recording-progress.ts';

const A = image({ seed: 'a' });
const a = A.manifest.digest;
const NEVER = new AbortController().signal;

const manifest = (...to: readonly string[]) =>
  from('s.io/s')
    .to(...to)
    .promote({ app: { [a]: ['v1'] } });

/** The plan as `decision destination < sources`, and how often each repository was asked. */
async function decide(registry: MemoryRegistry, wanted: Wanted) {
  const ports = { source: registry, destination: registry, progress: new RecordingProgress(), workers: 4 };
  const plan = makePlan(wanted, await readInventory(wanted, ports, NEVER));
  return plan.items.map(
    ({ decision, destination, sources }) => `${decision} ${destination} < ${sources.join(' ')}`,
  );
}

describe('a digest that the source does not have', () => {
  it.each<[string, MemoryRegistryOptions]>([
    ['a listing tells digests', { listing: 'google' }],
    ['a listing tells tags', { listing: 'tags' }],
    ['no listing is given', { listing: 'refused' }],
  ])('comes from a sibling, where %s', async (_, options) => {
    const registry = new MemoryRegistry(options);
    registry.push('a.io/p/app', A, 'v1');
    expect(await decide(registry, expandEdges([manifest('a.io/p', 'b.io/p')]))).toEqual([
      'copy b.io/p/app < a.io/p/app',
    ]);
  });

  it('comes from the same host first', async () => {
    const registry = new MemoryRegistry();
    for (const name of ['a.io/p/app', 'b.io/p/app', 'c.io/p/app']) registry.push(name, A, 'v1');
    const wanted = expandEdges([manifest('a.io/p', 'b.io/p', 'b.io/q', 'c.io/p')]);
    expect(await decide(registry, wanted)).toEqual(['copy b.io/q/app < b.io/p/app a.io/p/app c.io/p/app']);
  });

  it('asks nobody for it who was seen not to have it, and nobody at all where a sibling was seen to', async () => {
    const registry = new MemoryRegistry({ listing: 'refused' });
    registry.push('a.io/p/app', A, 'v1');
    await decide(registry, expandEdges([manifest('a.io/p', 'b.io/p', 'c.io/p')]));
    const resolved = registry.log({ verb: 'resolve' }).toSorted();
    expect(resolved.filter((line) => line.endsWith(a))).toEqual([
      `resolve b.io/p/app ${a}`, // few are asked anyway: add-tag or copy
      `resolve c.io/p/app ${a}`,
      `resolve s.io/s/app ${a}`,
    ]);
  });

  it('is looked for in other shards, one sibling after the other until one has it', async () => {
    const registry = new MemoryRegistry();
    const everywhere = expandEdges([manifest(...'abcdefgh'.split('').map((letter) => `${letter}.io/p`))]);
    for (const { repository: name } of everywhere.repositories.slice(1)) registry.push(name, A, 'v1');
    registry.deleteManifest('h.io/p/app', a);
    const count = 50; // so that nearly each has a shard of its own
    const shard = Array.from({ length: count }, (_, at) => takeShard(everywhere, { index: at, count })).find(
      ({ repositories }) => repositories.some(({ repository: name }) => name === 'h.io/p/app'),
    );
    if (shard === undefined) throw new Error('no shard');
    expect(shard.repositories).toHaveLength(1);
    expect(await decide(registry, shard)).toEqual(['copy h.io/p/app < b.io/p/app']);
    expect(registry.log({ verb: 'resolve' }).filter((line) => / [b-g]\.io/.test(line))).toEqual([
      `resolve b.io/p/app ${a}`,
    ]);
  });

  it('is taken from a sibling whose tags are other digests by now', async () => {
    for (const listing of ['google', 'tags', 'refused'] as const) {
      const registry = new MemoryRegistry({ listing });
      registry.push('a.io/p/app', A);
      registry.push('a.io/p/app', image({ seed: 'other' }), 'v1');
      expect(await decide(registry, expandEdges([manifest('a.io/p', 'b.io/p')]))).toEqual([
        'tag-move a.io/p/app < s.io/s/app',
        'copy b.io/p/app < a.io/p/app',
      ]);
    }
  });

  it('is lost where nobody has it, and where siblings are turned off', async () => {
    const registry = new MemoryRegistry();
    expect(await decide(registry, expandEdges([manifest('a.io/p', 'b.io/p')]))).toEqual([
      'lost a.io/p/app < s.io/s/app',
      'lost b.io/p/app < s.io/s/app',
    ]);
    registry.push('a.io/p/app', A, 'v1');
    const wanted = expandEdges([manifest('a.io/p', 'b.io/p')], { siblings: false });
    expect(await decide(registry, wanted)).toEqual(['lost b.io/p/app < s.io/s/app']);
  });

  it('is not called lost while a sibling does not answer', async () => {
    const registry = new MemoryRegistry();
    registry.fail({ repository: repository('a.io/p/app') });
    const wanted = expandEdges([manifest('a.io/p', 'b.io/p')]);
    const ports = { source: registry, destination: registry, progress: new RecordingProgress(), workers: 4 };
    const { items } = makePlan(wanted, await readInventory(wanted, ports, NEVER));
    expect(items[1]).toMatchObject({
      decision: 'unreadable',
      reason: 'the digest is not in s.io/s/app, and a.io/p/app may have it: GET https://test: 503',
    });
  });
});

describe('a source that does not answer', () => {
  it('is replaced by a sibling that is known to have the digest, and nobody is asked for more', async () => {
    const registry = new MemoryRegistry({ listing: 'google' });
    registry.push('a.io/p/app', A, 'v1');
    registry.fail({ repository: repository('s.io/s/app') });
    const requests = async (siblings: boolean) => {
      registry.calls.length = 0;
      const decided = await decide(registry, expandEdges([manifest('a.io/p', 'b.io/p')], { siblings }));
      return { decided, asked: registry.log().toSorted() };
    };
    const without = await requests(false);
    const withSiblings = await requests(true);
    expect(without.decided).toEqual(['unreadable b.io/p/app < s.io/s/app']);
    expect(withSiblings.decided).toEqual(['copy b.io/p/app < a.io/p/app']);
    expect(withSiblings.asked).toEqual(without.asked);
  });
});

describe('new regions for everything', () => {
  it.each(['google', 'tags', 'refused'] as const)(
    'cost no question more than without siblings, where the listing is %s',
    async (listing) => {
      const images = Object.fromEntries(
        Array.from({ length: 30 }, (_, number) => {
          const content = image({ seed: `of thirty ${number}` });
          return [`app-${number}`, content];
        }),
      );
      const region = (number: number) => `region-${number}.io/p`;
      const all = Array.from({ length: 44 }, (_, number) => region(number));
      const registry = new MemoryRegistry({ listing });
      for (const [name, content] of Object.entries(images)) {
        registry.push(`s.io/s/${name}`, content);
        for (const old of all.slice(0, 22)) registry.push(`${old}/${name}`, content, 'v1');
      }
      const dmaps = Object.entries(images).map(
        ([
          name,
          {
            manifest: { digest },
          },
        ]) => [name, { [digest]: ['v1'] }],
      );
      const everything = from('s.io/s')
        .to(...all)
        .promote(Object.fromEntries(dmaps));
      const asked = async (siblings: boolean) => {
        registry.calls.length = 0;
        const decisions = await decide(registry, expandEdges([everything], { siblings }));
        expect(decisions.filter((line) => line.startsWith('copy '))).toHaveLength(22 * 30);
        return registry.log().toSorted();
      };
      const today = await asked(false);
      expect(await asked(true)).toEqual(today);
      expect(today.filter((line) => line.includes(' s.io/'))).toHaveLength(30);
    },
  );
});
