import { describe, expect, it } from 'vitest';
import { sourceTag } from '../../src/checks/source-tag.ts';
import { RegistryError } from '../../src/ports/registry-error.ts';
import { image, multiArch } from '../builders/images.ts';
import { from, repository } from '../builders/manifests.ts';
import { MemoryRegistry } from '../doubles/memory-registry.ts';
import { check } from './checking.ts';

const A = image({ seed: 'a' });
const B = image({ seed: 'b' });
const INDEX = multiArch('index', { platforms: 2 });
const [child] = INDEX.children;
const toProd = from('s.io/s').to('p.io/p', 'q.io/q');

function wanting(digest: string, ...tags: readonly string[]) {
  return toProd.promote({ app: { [digest]: tags } });
}

async function findingsOf(registry: MemoryRegistry, manifest: ReturnType<typeof wanting>) {
  const { findings } = await check([sourceTag('few')], registry, manifest);
  return findings;
}

describe('source-tag', () => {
  it('warns where the tag is another digest at the source', async () => {
    const registry = new MemoryRegistry();
    registry.push('s.io/s/app', A);
    registry.push('s.io/s/app', B, 'v1');
    const findings = await findingsOf(registry, wanting(A.manifest.digest, 'v1'));
    expect(findings).toMatchObject([
      {
        rule: 'source-tag',
        level: 'warn',
        message: `s.io/s/app:v1 is ${B.manifest.digest}, not ${A.manifest.digest}`,
        advice: expect.stringMatching(/never moved/),
        at: { file: 'm.yaml', line: 5, column: 80 },
        edges: [expect.stringContaining('p.io/p/app:'), expect.stringContaining('q.io/q/app:')],
      },
    ]);
  });

  it('says that a part was taken for its index', async () => {
    const registry = new MemoryRegistry();
    registry.push('s.io/s/app', INDEX, 'v1');
    const findings = await findingsOf(registry, wanting(child?.manifest.digest ?? '', 'v1'));
    expect(findings).toMatchObject([
      {
        level: 'warn',
        message: `s.io/s/app:v1 is the index ${INDEX.manifest.digest}, and ${child?.manifest.digest} is only one part of it`,
        advice: expect.stringMatching(/^promote the index/),
      },
    ]);
  });

  it.each([
    ['the same digest', ['v1']],
    ['no such tag', []],
    ['other tags', ['v2']],
  ])('has nothing to say where the source has %s', async (_what, tags) => {
    const registry = new MemoryRegistry();
    registry.push('s.io/s/app', A, ...tags);
    expect(await findingsOf(registry, wanting(A.manifest.digest, 'v1'))).toEqual([]);
  });

  it('has nothing to say about a digest that is copied from another destination', async () => {
    const registry = new MemoryRegistry();
    registry.push('s.io/s/app', B, 'v1');
    registry.push('q.io/q/app', A, 'v1');
    expect(await findingsOf(registry, wanting(A.manifest.digest, 'v1'))).toEqual([]);
    expect(registry.log()).toEqual([]);
  });

  it('has nothing to say about a digest that is wanted without a tag', async () => {
    const registry = new MemoryRegistry();
    registry.push('s.io/s/app', A);
    expect(await findingsOf(registry, wanting(A.manifest.digest))).toEqual([]);
    expect(registry.log()).toEqual([]);
  });

  it('asks for each tag once for all destinations, and for none that is not to be copied', async () => {
    const registry = new MemoryRegistry();
    registry.push('s.io/s/app', A, 'v1', 'v2');
    registry.push('s.io/s/app', B, 'v3');
    for (const name of ['p.io/p/app', 'q.io/q/app']) registry.push(name, B, 'v3');
    const manifest = toProd.promote({
      app: { [A.manifest.digest]: ['v1', 'v2'], [B.manifest.digest]: ['v3'] },
    });
    await findingsOf(registry, manifest);
    expect(registry.log().toSorted()).toEqual(['resolve s.io/s/app v1', 'resolve s.io/s/app v2']);
  });

  it('says that a tag could not be compared', async () => {
    const registry = new MemoryRegistry();
    registry.push('s.io/s/app', A, 'v1');
    registry.fail(
      { repository: repository('s.io/s/app'), what: 'v1' },
      { error: new RegistryError('unavailable', 'HEAD https://s.io: 503') },
    );
    expect(await findingsOf(registry, wanting(A.manifest.digest, 'v1'))).toMatchObject([
      {
        level: 'warn',
        message: 's.io/s/app:v1 could not be compared with the manifests: HEAD https://s.io: 503',
      },
    ]);
  });

  it('says that it is another digest, also where that one cannot be read', async () => {
    const registry = new MemoryRegistry();
    registry.push('s.io/s/app', A);
    registry.push('s.io/s/app', INDEX, 'v1');
    registry.fail({ verb: 'fetch', what: INDEX.manifest.digest });
    expect(await findingsOf(registry, wanting(A.manifest.digest, 'v1'))).toMatchObject([
      { message: `s.io/s/app:v1 is ${INDEX.manifest.digest}, not ${A.manifest.digest}` },
    ]);
  });
});
