import { describe, expect, it } from 'vitest';
import { RegistryError } from '../../src/ports/registry-error.ts';
import { blobsOf, image, manifestsOf, multiArch } from '../builders/images.ts';
import { from, repository } from '../builders/manifests.ts';
import { FakeClock } from '../doubles/fake-clock.ts';
import { MemoryRegistry } from '../doubles/memory-registry.ts';
import { apply, plan, promote } from './promoting.ts';

const multi = multiArch('multi', { platforms: 2 });
const MULTI = multi.manifest.digest;
const old = (number: number) => `old-${number}.io/p`;
const fresh = (number: number) => `new-${number}.io/p`;
const OLD = Array.from({ length: 22 }, (_, number) => old(number));
const FRESH = Array.from({ length: 22 }, (_, number) => fresh(number));

const manifest = from('s.io/s')
  .to(...OLD, ...FRESH)
  .promote({ app: { [MULTI]: ['v1'] } });

/** 22 regions that have the image, for 22 that have not; the source has what it is given. */
function regions(): MemoryRegistry {
  const registry = new MemoryRegistry({ listing: 'google' });
  for (const region of OLD) registry.push(`${region}/app`, multi, 'v1');
  return registry;
}

function expectFilled(registry: MemoryRegistry): void {
  for (const region of FRESH) {
    expect(registry.isWhole(`${region}/app`, MULTI)).toBe(true);
    expect(registry.tagsOf(`${region}/app`)).toEqual({ v1: MULTI });
  }
}

describe('22 new regions', () => {
  it('are filled from the source where it has the image: no sibling is asked for anything', async () => {
    const registry = regions();
    registry.push('s.io/s/app', multi);
    await apply(await plan(registry, manifest));
    expectFilled(registry);
    expect(registry.log().filter((line) => line.includes(' old-'))).toEqual([]);
    expect(registry.count({ verb: 'open-blob' })).toBe(blobsOf(multi).length);
  });

  it('are filled from a sibling where it has not, which is read once for all of them', async () => {
    const registry = regions();
    await apply(await plan(registry, manifest));
    expectFilled(registry);
    const asked = registry.calls.filter(({ repository: name }) => name.startsWith('old-'));
    expect(new Set(asked.map(({ verb }) => verb))).toEqual(new Set(['fetch', 'open-blob']));
    expect(asked).toHaveLength(manifestsOf(multi).length + blobsOf(multi).length);
  });

  it('get what the source lacks below an index from the sibling that has it, be it the last', async () => {
    const registry = regions();
    registry.push('s.io/s/app', multi);
    const [first, second] = multi.children;
    const blob = second?.blobs.at(-1)?.digest ?? MULTI;
    registry.lose('s.io/s/app', first?.manifest.digest ?? MULTI);
    registry.lose('s.io/s/app', blob);
    for (const region of OLD.slice(0, -1)) {
      registry.lose(`${region}/app`, first?.manifest.digest ?? MULTI);
      registry.lose(`${region}/app`, blob);
    }
    const clock = new FakeClock();
    const outcomes = await apply(await plan(registry, manifest), { clock });
    expect(outcomes.filter((line) => !line.endsWith(' copied'))).toEqual([]);
    expectFilled(registry);
    expect(clock.waits).toEqual([]);
    expect(registry.openUploads).toBe(0);
  });
});

describe('a source that fails with a piece of an image', () => {
  it.each([
    ['has damaged bytes', new RegistryError('mismatch', 'GET https://test: damaged')],
    ['refuses', new RegistryError('unauthorized', 'GET https://test: 403', { status: 403 })],
    ['is away', new RegistryError('unavailable', 'GET https://test: 503', { status: 503 })],
  ])('and %s is replaced by a sibling', async (_, error) => {
    for (const verb of ['fetch', 'open-blob'] as const) {
      const registry = regions();
      registry.push('s.io/s/app', multi);
      const planned = await plan(registry, manifest);
      registry.fail({ verb, repository: repository('s.io/s/app') }, { error });
      const outcomes = await apply(planned);
      expect(outcomes.filter((line) => !line.endsWith(' copied'))).toEqual([]);
      expectFilled(registry);
    }
  });

  it('is what the report tells of where no sibling has it either', async () => {
    const registry = new MemoryRegistry();
    const app = image({ seed: 'app' });
    const lost = app.blobs[0]?.digest ?? MULTI;
    for (const name of ['s.io/s/app', 'a.io/p/app']) registry.push(name, app, 'v1');
    for (const name of ['s.io/s/app', 'a.io/p/app']) registry.lose(name, lost);
    const error = new RegistryError('refused', 'GET https://s.io: 404', { status: 404 });
    registry.fail({ verb: 'open-blob', repository: repository('s.io/s/app') }, { error });
    const wanted = from('s.io/s')
      .to('a.io/p', 'b.io/p')
      .promote({ app: { [app.manifest.digest]: ['v1'] } });
    expect(await promote(registry, wanted)).toEqual(['b.io/p/app:v1 failed: GET https://s.io: 404']);
    expect(registry.openUploads).toBe(0);
  });
});
