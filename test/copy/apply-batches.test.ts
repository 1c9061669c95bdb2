import { describe, expect, it } from 'vitest';
import { collectBatches } from '../../src/copy/batches.ts';
import { image } from '../builders/images.ts';
import { digest, from } from '../builders/manifests.ts';
import { MemoryRegistry } from '../doubles/memory-registry.ts';
import { apply, plan } from './promoting.ts';

describe('the batches of a plan', () => {
  it('are of sixteen images each, every image in one of them', async () => {
    const images = Array.from({ length: 20 }, (_, number) => image({ seed: `${number}`, layers: 0 }));
    const registry = new MemoryRegistry();
    for (const content of images) registry.push('s.io/s/app', content);
    const dmap = Object.fromEntries(images.map(({ manifest }, number) => [manifest.digest, [`v${number}`]]));
    const planned = await plan(registry, from('s.io/s').to('p.io/p').promote({ app: dmap }));
    const batches = collectBatches(planned.plan);
    expect(batches.map(({ promotions }) => promotions.length)).toEqual([16, 4]);
    expect(await apply(planned)).toHaveLength(20);
    expect(registry.count({ verb: 'put' })).toBe(20);
  });

  it('have the tags of an image apart from the wish to have it without one', async () => {
    const registry = new MemoryRegistry();
    const app = image({ seed: 'app' });
    registry.push('s.io/s/app', app);
    const wanted = from('s.io/s')
      .to('p.io/p')
      .promote(
        { app: { [app.manifest.digest]: ['v1'], [digest('c')]: [] } },
        { app: { [app.manifest.digest]: [] } },
      );
    const [batch, ...others] = collectBatches((await plan(registry, wanted)).plan);
    expect(others).toEqual([]);
    expect(
      batch?.promotions.map(({ tags, tagless }) => [tags.map(({ tag }) => tag), tagless?.decision]),
    ).toEqual([[['v1'], 'copy']]);
  });
});
