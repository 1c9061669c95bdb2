import { describe, expect, it } from 'vitest';
import { sourceEqualsDestination } from '../../../src/checks/manifests/source-equals-destination.ts';
import { digest, inFile } from '../../builders/manifests.ts';
import { blockedBy, findingsOf } from './parsed.ts';

const project = (name: string, source: string, ...destinations: readonly string[]) =>
  inFile(name)
    .from(source)
    .to(...destinations)
    .promote({ app: { [digest('a')]: ['v1'] } });

describe('source-equals-destination', () => {
  it.each([
    ['s.io/stage', '2:1 destination "s.io/stage" is the source of b.yaml'],
    ['s.io/stage/app', '2:1 destination "s.io/stage/app" is below "s.io/stage", the source of b.yaml'],
  ])('finds the destination %s of one project in the source of another', (destination, finding) => {
    const manifests = [
      project('a.yaml', 's.io/build', destination),
      project('b.yaml', 's.io/stage', 'p.io/p'),
    ];
    expect(findingsOf(sourceEqualsDestination, manifests)).toEqual([
      expect.stringContaining(`a.yaml:${finding}`),
    ]);
  });

  it('as an error blocks the edges to that destination', () => {
    const manifests = [
      project('a.yaml', 's.io/build', 's.io/stage', 'p.io/other'),
      project('b.yaml', 's.io/stage', 'p.io/p'),
    ];
    expect(blockedBy(sourceEqualsDestination, manifests)).toEqual(['s.io/stage/app:v1']);
  });

  it('finds each of a circle', () => {
    const manifests = [project('a.yaml', 'x.io/x', 'y.io/y'), project('b.yaml', 'y.io/y', 'x.io/x')];
    expect(findingsOf(sourceEqualsDestination, manifests)).toHaveLength(2);
  });

  it.each([
    ['a name that only begins alike', 's.io/stage2'],
    ['a destination above the source', 's.io'],
    ['another host', 'p.io/stage'],
  ])('has nothing to say about %s', (_what, destination) => {
    const manifests = [
      project('a.yaml', 'b.io/build', destination),
      project('b.yaml', 's.io/stage', 'p.io/p'),
    ];
    expect(findingsOf(sourceEqualsDestination, manifests)).toEqual([]);
  });
});
