// Covers src/sign/held-images.ts
import { describe, expect, it } from 'vitest';
import { COPIED } from '../../src/copy/outcome.ts';
import { edgeId, noEdges, type Plan, type PlanItem } from '../../src/plan/plan.ts';
import { heldImages, plannedImages } from '../../src/sign/held-images.ts';
import { imagesToSign, publicNameOf } from '../../src/sign/images-to-sign.ts';
import { digest, registryName, repository, tag } from '../builders/manifests.ts';

const A = digest('a');
const B = digest('b');
const EVERYWHERE = { canonical: [], names: [] };

function wantedIn(...names: readonly string[]) {
  const wants = [A, B].map((one) => ({
    digest: one,
    tags: [],
    tagless: undefined,
    sources: [],
    siblings: [],
  }));
  const list = { wants, conflicts: [], edges: 2 };
  return {
    repositories: names.map((name) => ({ repository: repository(name), list })),
    edges: names.length * 2,
  };
}

function planOf(...made: readonly PlanItem[]): Plan {
  return { items: made, counts: noEdges(), hosts: {}, newRepositories: [] };
}

const EDGE = { tag: tag('v1'), digest: A, sources: [], siblings: [], at: [] };

describe('the images to sign', () => {
  it('are those that destinations hold, each digest once with all of its destinations', () => {
    const wanted = wantedIn('eu.io/p/app', 'us.io/p/app');
    const images = imagesToSign(wanted, (where, what) => what === A || where.startsWith('us'), EVERYWHERE);
    expect(images.map(({ digest, places }) => [digest, places.map((place) => place.repository)])).toEqual([
      [A, ['eu.io/p/app', 'us.io/p/app']],
      [B, ['us.io/p/app']],
    ]);
  });

  it('are limited to canonical registries by whole components of their names', () => {
    const wanted = wantedIn('us.io/p/app', 'us.io/p2/app', 'eu.io/p/app');
    const canonical = [registryName('us.io/p')];
    const images = imagesToSign(wanted, () => true, { canonical, names: [] });
    expect(images.map(({ places }) => places.map((place) => place.repository))).toEqual([
      ['us.io/p/app'],
      ['us.io/p/app'],
    ]);
  });

  it('have the name of the longest registry that matches', () => {
    const names = [
      { registry: registryName('us.io/p'), name: registryName('front.io/other') },
      { registry: registryName('us.io/p/images'), name: registryName('registry.io') },
    ];
    expect(publicNameOf(repository('us.io/p/images/group/app'), names)).toBe('registry.io/group/app');
    expect(publicNameOf(repository('us.io/p/tool'), names)).toBe('front.io/other/tool');
    expect(publicNameOf(repository('us.io/p2/tool'), names)).toBe('us.io/p2/tool');
  });
});

describe('a destination holds', () => {
  const app = repository('us.io/p/app');
  const outcomes = (plan: Plan) => new Map(plan.items.map((item) => [edgeId(item), COPIED]));

  it('what it had, and what was copied; of the scope "written" only the latter', () => {
    const plan = planOf({ ...EDGE, decision: 'copy', destination: app });
    const input = { plan, outcomes: outcomes(plan), digestsOf: () => new Set([B]) };
    const all = heldImages({ ...input, scope: 'all' });
    const written = heldImages({ ...input, scope: 'written' });
    expect([all(app, A), all(app, B)]).toEqual([true, true]);
    expect([written(app, A), written(app, B)]).toEqual([true, false]);
  });

  it('no image that failed, and none that a check has blocked', () => {
    const plan = planOf(
      { ...EDGE, decision: 'copy', destination: app },
      { ...EDGE, decision: 'blocked', destination: app, digest: B, reason: 'unsigned' },
    );
    const held = heldImages({ plan, outcomes: new Map(), digestsOf: () => new Set([B]), scope: 'all' });
    expect([held(app, A), held(app, B)]).toEqual([false, false]);
    expect(plannedImages(plan)(app, A)).toBe(true);
    expect(plannedImages(plan)(app, B)).toBe(false);
  });
});
