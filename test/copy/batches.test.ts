import { describe, expect, it } from 'vitest';
import { collectBatches } from '../../src/copy/batches.ts';
import { image } from '../builders/images.ts';
import { from } from '../builders/manifests.ts';
import { MemoryRegistry } from '../doubles/memory-registry.ts';
import { plan } from './promoting.ts';

const IMAGES = Array.from({ length: 40 }, (_, number) => image({ seed: `batch ${number}` }));

/** Batches of a promotion of many images, as `destination × number of images`. */
async function batchesTo(
  destinations: readonly string[],
  { present = {} }: { present?: Readonly<Record<string, number>> } = {},
) {
  const registry = new MemoryRegistry({ listing: 'google' });
  for (const content of IMAGES) registry.push('s.io/s/app', content);
  for (const [name, count] of Object.entries(present)) {
    for (const content of IMAGES.slice(0, count)) registry.push(name, content);
  }
  const dmap = Object.fromEntries(IMAGES.map(({ manifest }) => [manifest.digest, []]));
  const planned = await plan(
    registry,
    from('s.io/s')
      .to(...destinations)
      .promote({ app: dmap }),
  );
  return collectBatches(planned.plan);
}

function summary(batches: Awaited<ReturnType<typeof batchesTo>>): readonly string[] {
  return batches.map(({ destination, promotions }) => `${destination} × ${promotions.length}`);
}

describe('batches', () => {
  it('have at most sixteen images', async () => {
    expect(summary(await batchesTo(['p.io/p']))).toEqual([
      'p.io/p/app × 16',
      'p.io/p/app × 16',
      'p.io/p/app × 8',
    ]);
  });

  it('of the same images come one after the other, each host once before any of them twice', async () => {
    const order = ['p.io/a', 'q.io/a', 'p.io/b', 'q.io/b'].map((name) => `${name}/app`);
    const batches = await batchesTo(['p.io/a', 'p.io/b', 'q.io/a', 'q.io/b']);
    expect(summary(batches)).toEqual(
      [16, 16, 8].flatMap((count) => order.map((name) => `${name} × ${count}`)),
    );
    for (const wave of [0, 4, 8]) {
      const digests = batches
        .slice(wave, wave + 4)
        .map(({ promotions }) => promotions.map(({ digest }) => digest));
      expect(new Set(digests.map((some) => some.join(' '))).size).toBe(1);
    }
  });

  it('of the same images stay together where a destination has some of them', async () => {
    const { manifest } = IMAGES[0] ?? image({ seed: 'none' });
    const batches = await batchesTo(['p.io/p', 'q.io/p'], { present: { 'p.io/p/app': 1 } });
    const members = (name: string) =>
      batches
        .filter(({ destination }) => destination === `${name}/p/app`)
        .map(({ promotions }) =>
          promotions.map(({ digest }) => digest).filter((digest) => digest !== manifest.digest),
        );
    const [ofP, ofQ] = [members('p.io').flat(), members('q.io').flat()];
    expect(new Set(ofP)).toEqual(new Set(ofQ));
    // whatever wave an image is in at one destination, its neighbours there are its neighbours at the other
    expect(members('q.io').filter((some) => some.length > 0)).toEqual(members('p.io'));
  });

  it('know the hosts that their images are bound for from elsewhere', async () => {
    const [first] = await batchesTo(['p.io/a', 'p.io/b', 's.io/p', 'q.io/a'], {
      present: { 'q.io/a/app': 40 },
    });
    expect(first?.promotions.map(({ hosts }) => Array.from(hosts))).toEqual(
      Array.from({ length: 16 }, () => ['p.io']),
    );
  });
});
