import { describe, expect, it } from 'vitest';
import { blockEdges } from '../../src/checks/block-edges.ts';
import { provenanceAnnounced, provenanceRequired } from '../../src/checks/provenance-required.ts';
import { checkManifests } from '../../src/checks/run-checks.ts';
import type { PromoterManifest, ProvenanceMode } from '../../src/manifest/model.ts';
import { image } from '../builders/images.ts';
import { inFile } from '../builders/manifests.ts';
import { MemoryRegistry } from '../doubles/memory-registry.ts';
import { check } from './checking.ts';

const A = image({ seed: 'a' });
const B = image({ seed: 'b' });
const AT = { file: 'strict.yaml', line: 9, column: 1 };

function project(name: string, mode?: ProvenanceMode): PromoterManifest {
  const manifest = inFile(`${name}.yaml`)
    .from(`s.io/${name}`)
    .to('p.io/prod', 'q.io/prod')
    .promote({ [name]: { [A.manifest.digest]: ['v1'], [B.manifest.digest]: [] } });
  return mode === undefined ? manifest : { ...manifest, provenance: { mode, at: AT } };
}

function world(): MemoryRegistry {
  const registry = new MemoryRegistry();
  for (const name of ['strict', 'free']) for (const one of [A, B]) registry.push(`s.io/${name}/${name}`, one);
  return registry;
}

describe('provenance-required', () => {
  it('blocks the edges of the project that requires it, and no others', async () => {
    const manifests = [project('strict', 'require'), project('free')];
    const { findings, plan } = await check([provenanceRequired(manifests)], world(), ...manifests);
    expect(findings).toMatchObject([
      {
        rule: 'provenance-required',
        level: 'error',
        at: AT,
        message: expect.stringMatching(/signatures and provenance are not evaluated yet/),
      },
    ]);
    const { counts, items, hosts } = blockEdges(plan, findings);
    expect(counts).toMatchObject({ blocked: 4, copy: 4 });
    expect(hosts['q.io']).toMatchObject({ blocked: 2, copy: 2 });
    const blocked = items.filter(({ decision }) => decision === 'blocked');
    expect(blocked.every(({ destination }) => destination.endsWith('/strict'))).toBe(true);
    expect(blocked[0]).toMatchObject({
      reason: expect.stringMatching(/not evaluated yet.*\[provenance-required\]/),
    });
  });

  it.each(['off', 'warn', undefined] as const)('has nothing to say about the mode %s', async (mode) => {
    const manifest = project('strict', mode);
    const { findings } = await check([provenanceRequired([manifest])], world(), manifest);
    expect(findings).toEqual([]);
  });

  it('has nothing to say where everything is promoted', async () => {
    const manifest = project('strict', 'require');
    const registry = world();
    for (const host of ['p.io', 'q.io']) {
      registry.push(`${host}/prod/strict`, A, 'v1');
      registry.push(`${host}/prod/strict`, B);
    }
    expect((await check([provenanceRequired([manifest])], registry, manifest)).findings).toEqual([]);
  });

  it('blocks the destinations of its project alone, where projects share a list of images', async () => {
    const strict = project('strict', 'require');
    const shared: PromoterManifest = { ...project('strict'), file: 'other.yaml' };
    const elsewhere = { ...shared, destinations: project('free').destinations.slice(0, 1) };
    const only = { ...strict, destinations: strict.destinations.slice(1) };
    const { findings } = await check([provenanceRequired([only])], world(), only, elsewhere);
    const edges = findings.flatMap((finding) => finding.edges);
    expect(edges).toEqual(['q.io/prod/strict:v1', `q.io/prod/strict@${B.manifest.digest}`]);
  });

  it('warns where no plan is made', () => {
    const manifests = [project('strict', 'require'), project('free')];
    expect(checkManifests([provenanceAnnounced], manifests)).toMatchObject([
      { level: 'warn', at: AT, edges: [], message: expect.stringMatching(/will be blocked/) },
    ]);
  });
});
