import { describe, expect, it } from 'vitest';
import { destinationSet } from '../../../src/checks/manifests/destination-set.ts';
import { digest, inFile } from '../../builders/manifests.ts';
import { blockedBy, findingsOf } from './parsed.ts';

const REGIONS = ['asia-docker.pkg.dev', 'eu-docker.pkg.dev', 'us-docker.pkg.dev', 'me-docker.pkg.dev'];

/** A project with a path in these regions. */
function project(name: string, hosts: readonly string[] = REGIONS) {
  const destinations = hosts.map((host) => `${host}/prod/images/${name}`);
  return inFile(`manifests/${name}/promoter-manifest.yaml`)
    .from(`s.io/${name}`)
    .to(...destinations)
    .promote({ app: { [digest('a')]: ['v1'] } });
}

const OTHERS = ['a', 'b', 'c'].map((name) => project(name));

describe('destination-set', () => {
  it('finds the region that a project has forgotten', () => {
    expect(findingsOf(destinationSet, [...OTHERS, project('d', REGIONS.slice(1))])).toEqual([
      'manifests/d/promoter-manifest.yaml:2:1 "prod/images/d" lacks 1 host that the other projects promote to: asia-docker.pkg.dev: add "asia-docker.pkg.dev/prod/images/d"',
    ]);
  });

  it('finds the region that is misspelt', () => {
    const hosts = [...REGIONS.slice(0, 3), 'mee-docker.pkg.dev'];
    expect(findingsOf(destinationSet, [...OTHERS, project('d', hosts)])).toEqual([
      'manifests/d/promoter-manifest.yaml:5:1 "prod/images/d" lacks 1 host that the other projects promote to: me-docker.pkg.dev: did you mean "me-docker.pkg.dev/prod/images/d"?',
    ]);
  });

  it('as an error blocks the edges to the misspelt destination, and none of a missing one', () => {
    const hosts = [...REGIONS.slice(0, 3), 'mee-docker.pkg.dev'];
    expect(blockedBy(destinationSet, [...OTHERS, project('d', hosts)])).toEqual([
      'mee-docker.pkg.dev/prod/images/d/app:v1',
    ]);
    expect(blockedBy(destinationSet, [...OTHERS, project('d', REGIONS.slice(1))])).toEqual([]);
  });

  it('compares each path of a project', () => {
    const twice = inFile('d.yaml')
      .from('s.io/d')
      .to(
        ...REGIONS.map((host) => `${host}/images`),
        ...REGIONS.slice(0, 3).map((host) => `${host}/images/d`),
      )
      .promote({});
    expect(findingsOf(destinationSet, [...OTHERS, twice])).toEqual([
      expect.stringMatching(/^d\.yaml:6:1 "images\/d" lacks 1 host/),
    ]);
  });

  it.each([
    ['the same set everywhere', OTHERS],
    ['a project with more', [...OTHERS, project('d', [...REGIONS, 'quay.io'])]],
    ['a project elsewhere', [...OTHERS, project('d', ['quay.io'])]],
    ['a project with few of the regions', [...OTHERS, project('d', REGIONS.slice(0, 2))]],
    [
      'one project with several paths',
      [
        inFile('a.yaml')
          .from('s.io/a')
          .to(...['x', 'y', 'z'].flatMap((path) => REGIONS.map((host) => `${host}/${path}`)))
          .promote({}),
        project('d', REGIONS.slice(1)),
      ],
    ],
    ['too few projects', [project('a'), project('b'), project('d', REGIONS.slice(1))]],
    [
      'no set of most projects',
      [...OTHERS, ...['d', 'e', 'f'].map((name) => project(name, REGIONS.slice(1)))],
    ],
  ])('has nothing to say about %s', (_what, manifests) => {
    expect(findingsOf(destinationSet, manifests)).toEqual([]);
  });
});
