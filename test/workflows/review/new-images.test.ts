// Covers src/workflows/review/previous-image.ts
import { describe, expect, it } from 'vitest';
import { expandEdges } from '../../../src/edges/expand-edges.ts';
import { findNewImages, newDigests, scopeOf } from '../../../src/workflows/review/new-images.ts';
import type { PlanItem } from '../../../src/plan/plan.ts';
import { type Dmap, digest, from, repository, tag } from '../../builders/manifests.ts';

const NEW = digest('f');

function wanted(dmap: Dmap, ...destinations: readonly string[]) {
  const to = destinations.length === 0 ? ['eu.gcr.io/prod'] : destinations;
  return expandEdges([
    from('gcr.io/staging')
      .to(...to)
      .promote({ app: dmap }),
  ]);
}

/** The tag and the reason of the image before one with these tags. */
function previousOf(tags: readonly string[], before: readonly (readonly string[])[]) {
  const promoted = Object.fromEntries(before.map((own, index) => [digest(String(index)), own]));
  const found = findNewImages({ wanted: wanted({ [NEW]: tags }), before: wanted(promoted) });
  const previous = found.images[0]?.previous;
  return previous && `${previous.tag} by ${previous.chosenBy}`;
}

describe('the image before a new one', () => {
  it.each([
    [
      'the highest version below',
      ['v1.2.0'],
      [['v1.0.0'], ['v1.10.0'], ['v1.1.0'], ['v1.1.9']],
      'v1.1.9 by version',
    ],
    ['a version without v', ['1.2.0'], [['1.1.0'], ['v1.0.0']], '1.1.0 by version'],
    ['a release candidate', ['v1.2.0'], [['v1.1.0'], ['v1.2.0-rc.1']], 'v1.2.0-rc.1 by version'],
    ['a version of two numbers', ['v1.2'], [['v1.1'], ['v1.0.9']], 'v1.1 by version'],
    ['the longest of equal versions', ['v1.1.0'], [['v1', 'v1.0', 'v1.0.0']], 'v1.0.0 by version'],
    ['below the highest of several tags', ['latest', 'v1.2.0', 'v1.2'], [['v1.1.0']], 'v1.1.0 by version'],
    ['the last entry, for a tag that is no version', ['main'], [['v9.0.0'], ['old'], ['x']], 'x by order'],
    ['the last entry, if no version is lower', ['v1.0.0'], [['v2.0.0'], ['v3.0.0']], 'v3.0.0 by order'],
    ['a digest without a tag', ['v1.0.0'], [[]], 'undefined by order'],
    ['none in an empty repository', ['v1.0.0'], [], undefined],
  ])('is %s', (_case, tags, before, expected) => {
    expect(previousOf(tags, before)).toBe(expected);
  });

  it('is read at the destination, then at its source', () => {
    const scope = { wanted: wanted({ [NEW]: ['v2'] }), before: wanted({ [digest('0')]: ['v1'] }) };
    expect(findNewImages(scope).images[0]?.previous?.repositories).toEqual([
      'eu.gcr.io/prod/app',
      'gcr.io/staging/app',
    ]);
  });

  it('is that of another destination, if the first one is new', () => {
    const scope = {
      wanted: wanted({ [NEW]: ['v2'] }, 'a.io/prod', 'b.io/prod'),
      before: wanted({ [digest('0')]: ['v1'] }, 'b.io/prod'),
    };
    const { images } = findNewImages(scope);
    expect(images).toMatchObject([
      { destinations: ['a.io/prod/app', 'b.io/prod/app'], previous: { digest: digest('0') } },
    ]);
  });
});

describe('new images', () => {
  it('are those whose digest no earlier entry wants', () => {
    const [old, now] = [{ [digest('0')]: ['v1'] }, { [digest('0')]: ['v1', 'v1.0'], [NEW]: ['v2'] }];
    const { images, promoted } = findNewImages({ wanted: wanted(now), before: wanted(old) });
    expect(images.map((image) => image.digest)).toEqual([NEW]);
    expect(promoted.map((image) => image.digest)).toEqual([digest('0')]);
  });

  it('are those of a plan that no destination has', () => {
    const item = (digit: string, siblings: readonly string[]): PlanItem => ({
      decision: 'copy',
      destination: repository('eu.gcr.io/prod/app'),
      tag: tag('v1'),
      digest: digest(digit),
      sources: [repository('gcr.io/staging/app')],
      siblings: siblings.map(repository),
      at: [],
    });
    const isNew = newDigests([item('0', []), item('1', ['us.gcr.io/prod/app'])]);
    expect([isNew(digest('0')), isNew(digest('1')), isNew(digest('2'))]).toEqual([true, false, false]);
    const scope = scopeOf(wanted({ [digest('0')]: ['v2'], [digest('1')]: ['v1'] }), isNew);
    expect(findNewImages(scope)).toMatchObject({
      images: [{ digest: digest('0'), previous: { tag: 'v1' } }],
      promoted: [],
    });
  });
});
